"""Writing Kafka's varints: zigzag, then 7 bits a byte, the lowest first."""

import numpy as np
from numba import types

from risk_stream.messages.compiled.jit import POINTER, Bytes, compiled

VARINT_BYTES_MAX = 5  # of an int32


@compiled(types.int64, POINTER, types.int64, types.int64)
def put_varint(out: Bytes, at: int, number: int) -> int:
    """Write an int32; the position behind it."""
    rest = np.uint64((number << 1) ^ (number >> 63))
    while rest > np.uint64(0x7F):
        out[at] = np.uint8(rest & np.uint64(0x7F)) | np.uint8(0x80)
        at += 1
        rest >>= np.uint64(7)
    out[at] = np.uint8(rest)
    return at + 1


@compiled(types.int64, types.int64)
def varint_size(number: int) -> int:
    """Bytes that `put_varint` writes."""
    rest = np.uint64((number << 1) ^ (number >> 63))
    size = 1
    while rest > np.uint64(0x7F):
        size += 1
        rest >>= np.uint64(7)
    return size
