"""Writing text into the output buffer; every function returns the position behind what it wrote.

Nothing checks the buffer's end: its owner makes it as large as the longest possible output (see encode_batch.py).
"""

import numpy as np
from numba import types

from risk_stream.messages.compiled.hash128 import eight_bytes
from risk_stream.messages.compiled.jit import POINTER, Bytes, compiled
from risk_stream.messages.compiled.scan_text import QUOTE, plain_end

BACKSLASH = ord("\\")
ESCAPED_BYTES_MAX_FACTOR = 2
"""An id needs no escapes but those of the quote and the backslash, each of which becomes two bytes."""


@compiled(POINTER, POINTER, inline=True)
def where(out: Bytes) -> Bytes:
    """An array's `ctypes` as what these functions take, where their callers leave types to the compiler."""
    return out


@compiled(types.void, POINTER, types.int64, types.uint64, inline=True)
def put_eight(out: Bytes, at: int, word: np.uint64) -> None:
    """Store a little-endian word; written out so that it becomes one store."""
    out[at] = np.uint8(word)
    out[at + 1] = np.uint8(word >> np.uint64(8))
    out[at + 2] = np.uint8(word >> np.uint64(16))
    out[at + 3] = np.uint8(word >> np.uint64(24))
    out[at + 4] = np.uint8(word >> np.uint64(32))
    out[at + 5] = np.uint8(word >> np.uint64(40))
    out[at + 6] = np.uint8(word >> np.uint64(48))
    out[at + 7] = np.uint8(word >> np.uint64(56))


@compiled(types.int64, POINTER, types.int64, POINTER, types.int64, types.int64)
def put_bytes(out: Bytes, at: int, source: Bytes, start: int, length: int) -> int:
    """Copy source[start:start + length], eight bytes at a time."""
    if length >= 8:
        for i in range(0, length - 7, 8):
            put_eight(out, at + i, eight_bytes(source, start + i))
        put_eight(out, at + length - 8, eight_bytes(source, start + length - 8))
        return at + length
    for i in range(length):
        out[at + i] = source[start + i]
    return at + length


@compiled(types.int64, POINTER, types.int64, POINTER, types.int64, types.int64)
def put_escaped(out: Bytes, at: int, source: Bytes, start: int, length: int) -> int:
    """Copy an id as the inside of a JSON string."""
    if plain_end(source, start, start + length) == start + length:
        return put_bytes(out, at, source, start, length)
    for i in range(start, start + length):
        c = source[i]
        if c in (QUOTE, BACKSLASH):
            out[at] = BACKSLASH
            at += 1
        out[at] = c
        at += 1
    return at
