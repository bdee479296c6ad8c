"""Numbers and strings as bytes of a saved row: zigzag varints, so that small numbers stay small on disk.

A writer is given where the buffer lies and returns the position behind what it wrote: kept in memory, the position was
read again after every byte. A reader keeps its place in `at[0]`. Little-endian where fixed.
"""

import numpy as np

from risk_stream.messages.compiled.write_text import put_bytes, put_eight
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import Bytes, Int64s, State
from risk_stream.state.text import intern

U0 = np.uint64(0)
U1 = np.uint64(1)
U7 = np.uint64(7)
U127 = np.uint64(127)
U128 = np.uint64(128)
U63 = np.uint64(63)

INT_BYTES_MAX = 10
WIDE_BYTES_MAX = 1 + INT_BYTES_MAX + 8


@compiled
def put_int(out: Bytes, at: int, value: int) -> int:
    """A signed 64-bit number in 1 to 10 bytes."""
    rest = np.uint64(np.int64(value) << 1) ^ np.uint64(np.int64(value) >> 63)
    while rest > U127:
        out[at] = np.uint8((rest & U127) | U128)
        at += 1
        rest >>= U7
    out[at] = np.uint8(rest)
    return at + 1


@compiled
def put_fixed(out: Bytes, at: int, value: np.uint64) -> int:
    """An unsigned 64-bit number in 8 bytes."""
    put_eight(out, at, np.uint64(value))
    return at + 8


@compiled
def put_wide(out: Bytes, at: int, high: int, low: np.uint64) -> int:
    """A 128-bit number: 0 and an int64, or 1 and both halves."""
    if high == np.int64(low) >> 63:
        out[at] = np.uint8(0)
        return put_int(out, at + 1, np.int64(low))
    out[at] = np.uint8(1)
    return put_fixed(out, put_int(out, at + 1, high), low)


@compiled
def put_string(state: State, out: Bytes, at: int, string: int) -> int:
    """A string of the pool by its bytes; -1 as the empty string."""
    if string == -1:
        return put_int(out, at, 0)
    known = state.strings[string]
    return put_bytes(out, put_int(out, at, known.len), state.text.ctypes, known.at, known.len)


@compiled
def get_int(row: Bytes, at: Int64s) -> int:
    """What `put_int` wrote."""
    value = U0
    shift = U0
    while True:
        byte = np.uint64(row[at[0]])
        at[0] += 1
        value |= (byte & U127) << shift
        if byte < U128:
            break
        shift += U7
    return np.int64(value >> U1) ^ -np.int64(value & U1)


@compiled
def get_fixed(row: Bytes, at: Int64s) -> np.uint64:
    """What `put_fixed` wrote."""
    value = U0
    for i in range(8):
        value |= np.uint64(row[at[0] + i]) << np.uint64(8 * i)
    at[0] += 8
    return value


@compiled
def get_wide(row: Bytes, at: Int64s) -> tuple[int, np.uint64]:
    """What `put_wide` wrote."""
    form = row[at[0]]
    at[0] += 1
    high = get_int(row, at)
    if form == 0:
        return high >> 63, np.uint64(high)
    return high, get_fixed(row, at)


@compiled
def get_string(state: State, row: Bytes, at: Int64s) -> int:
    """What `put_string` wrote, interned."""
    length = get_int(row, at)
    start = at[0]
    at[0] += length
    return intern(state, row, start, length)
