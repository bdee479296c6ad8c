"""Numbers and strings as bytes of a saved row: zigzag varints, so that small numbers stay small on disk.

A reader keeps its place in `at[0]`, a writer too; both are arrays of one int64. Little-endian where fixed.
"""

import numpy as np

from risk_stream.state.compiled import compiled
from risk_stream.state.layout import Bytes, Int64s, State
from risk_stream.state.text import intern

U0 = np.uint64(0)
U1 = np.uint64(1)
U7 = np.uint64(7)
U127 = np.uint64(127)
U128 = np.uint64(128)
U255 = np.uint64(255)
U63 = np.uint64(63)

INT_BYTES_MAX = 10
WIDE_BYTES_MAX = 1 + INT_BYTES_MAX + 8


@compiled
def put_int(row: Bytes, at: Int64s, value: int) -> None:
    """A signed 64-bit number in 1 to 10 bytes."""
    rest = np.uint64(np.int64(value) << 1) ^ np.uint64(np.int64(value) >> 63)
    while rest > U127:
        row[at[0]] = np.uint8((rest & U127) | U128)
        at[0] += 1
        rest >>= U7
    row[at[0]] = np.uint8(rest)
    at[0] += 1


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
def put_fixed(row: Bytes, at: Int64s, value: np.uint64) -> None:
    """An unsigned 64-bit number in 8 bytes."""
    for i in range(8):
        row[at[0] + i] = np.uint8((value >> np.uint64(8 * i)) & U255)
    at[0] += 8


@compiled
def get_fixed(row: Bytes, at: Int64s) -> np.uint64:
    """What `put_fixed` wrote."""
    value = U0
    for i in range(8):
        value |= np.uint64(row[at[0] + i]) << np.uint64(8 * i)
    at[0] += 8
    return value


@compiled
def put_wide(row: Bytes, at: Int64s, high: int, low: np.uint64) -> None:
    """A 128-bit number: 0 and an int64, or 1 and both halves."""
    if high == np.int64(low) >> 63:
        row[at[0]] = np.uint8(0)
        at[0] += 1
        put_int(row, at, np.int64(low))
    else:
        row[at[0]] = np.uint8(1)
        at[0] += 1
        put_int(row, at, high)
        put_fixed(row, at, low)


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
def put_string(state: State, row: Bytes, at: Int64s, string: int) -> None:
    """A string of the pool by its bytes; -1 as the empty string."""
    if string == -1:
        put_int(row, at, 0)
        return
    known = state.strings[string]
    put_int(row, at, known.len)
    for i in range(known.len):
        row[at[0] + i] = state.text[known.at + i]
    at[0] += known.len


@compiled
def get_string(state: State, row: Bytes, at: Int64s) -> int:
    """What `put_string` wrote, interned."""
    length = get_int(row, at)
    start = at[0]
    at[0] += length
    return intern(state, row, start, length)
