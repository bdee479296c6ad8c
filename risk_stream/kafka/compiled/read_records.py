"""The records of fetched batches of format v2 as columns, in one compiled pass.

https://kafka.apache.org/documentation/#recordbatch
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from risk_stream.messages.compiled.jit import INT64S, POINTER, TEXT, Bytes, compiled, pair_of
from risk_stream.messages.packed import NULL

BROKEN = -1
"""A position that is none: what should stand there does not."""
LONG_BITS = 64
INT_BITS = 35
"""Five bytes of 7 bits. What of them goes beyond 32 is dropped, as Java does it: brokers let it pass."""

NDInt64 = npt.NDArray[np.int64]
OUT = types.Array(types.int64, 1, "C")

# What `read_records` is told of each batch.
BASE_OFFSET, NEXT_OFFSET, BASE_TIMESTAMP, APPENDED_MS, START, END, COUNT, FIELDS = range(8)


@compiled(pair_of(types.uint64, types.int64), POINTER, types.int64, types.int64, types.uint64, inline=True)
def read_bits(text: Bytes, at: int, end: int, bits: Any) -> tuple[Any, int]:
    """A varint of at most so many bits, and the position behind it; BROKEN when it does not end before `end`."""
    rest = np.uint64(0)
    shift = np.uint64(0)
    while at < end and shift < bits:
        byte = text[at]
        at += 1
        rest |= np.uint64(byte & np.uint8(0x7F)) << shift
        if byte < np.uint8(0x80):
            return rest, at
        shift += np.uint64(7)
    return np.uint64(0), BROKEN


@compiled(pair_of(types.int64, types.int64), POINTER, types.int64, types.int64, inline=True)
def read_int(text: Bytes, at: int, end: int) -> tuple[int, int]:
    """A zigzag varint of 32 bits, and the position behind it; BROKEN for none."""
    bits, at = read_bits(text, at, end, np.uint64(INT_BITS))
    rest = bits & np.uint64(0xFFFFFFFF)
    number: int = np.int64(rest >> np.uint64(1)) ^ -np.int64(rest & np.uint64(1))  # type: ignore[assignment]
    return number, at


@compiled(pair_of(types.int64, types.int64), POINTER, types.int64, types.int64, inline=True)
def read_long(text: Bytes, at: int, end: int) -> tuple[int, int]:
    """A zigzag varint of 64 bits, and the position behind it; BROKEN for none."""
    rest, at = read_bits(text, at, end, np.uint64(LONG_BITS))
    number: int = np.int64(rest >> np.uint64(1)) ^ -np.int64(rest & np.uint64(1))  # type: ignore[assignment]
    return number, at


@compiled(pair_of(types.int64, types.int64), POINTER, types.int64, types.int64, inline=True)
def read_field(text: Bytes, at: int, end: int) -> tuple[int, int]:
    """Where a field begins and ends that stands behind its length; (position, NULL) for null, (BROKEN, 0) for none.

    Any length below 0 is null: brokers take it so, and let it pass.
    """
    size, at = read_int(text, at, end)
    if at == BROKEN or size > end - at:
        return BROKEN, 0
    return at, NULL if size < 0 else at + size


@compiled(types.boolean, POINTER, types.int64, types.int64)
def are_headers(text: Bytes, at: int, end: int) -> bool:
    """Whether nothing but whole headers stands from here to `end`: their number, then names and values."""
    left, at = read_int(text, at, end)
    if at == BROKEN or left < 0:
        return False
    while left > 0:
        start, at = read_field(text, at, end)
        if start == BROKEN or at == NULL:
            return False
        start, behind = read_field(text, at, end)
        if start == BROKEN:
            return False
        at = start if behind == NULL else behind
        left -= 1
    return at == end


@compiled(types.int64, TEXT, INT64S, types.int64, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT)
def read_records(
    data: Bytes,
    batches: NDInt64,
    position: int,
    offsets: NDInt64,
    timestamps: NDInt64,
    key_starts: NDInt64,
    key_ends: NDInt64,
    value_starts: NDInt64,
    value_ends: NDInt64,
    header_starts: NDInt64,
    header_ends: NDInt64,
) -> int:
    """Fill the columns, which have room for all records; how many there are from `position` on.

    -1 - n when batch n is not as the format says. A field is null where its end is NULL. Headers are the whole block,
    their number in front. Brokers do not look at the offsets within a batch that is not compressed: a record that lies
    outside its batch, or not behind those before it, is passed over, so that offsets rise whatever a producer wrote,
    and what is read does not depend on where reading began. About 0.05 us a record.
    """
    text: Any = data.ctypes
    i = 0
    least = position
    for number in range(batches.size // FIELDS):
        first = number * FIELDS
        least = max(least, batches[first + BASE_OFFSET])
        at, end, appended = batches[first + START], batches[first + END], batches[first + APPENDED_MS]
        for _ in range(batches[first + COUNT]):
            size, at = read_int(text, at, end)
            if at == BROKEN or size < 1 or size > end - at:
                return -1 - number
            behind = at + size
            later, at = read_long(text, at + 1, behind)  # behind the attributes, which are unused
            if at == BROKEN:
                return -1 - number
            further, at = read_int(text, at, behind)
            if at == BROKEN:
                return -1 - number
            offset = batches[first + BASE_OFFSET] + further
            offsets[i] = offset
            timestamps[i] = appended if appended >= 0 else batches[first + BASE_TIMESTAMP] + later
            start, at = read_field(text, at, behind)
            if start == BROKEN:
                return -1 - number
            key_starts[i], key_ends[i] = start, at
            start, at = read_field(text, start if at == NULL else at, behind)
            if start == BROKEN:
                return -1 - number
            value_starts[i], value_ends[i] = start, at
            at = start if at == NULL else at
            if not are_headers(text, at, behind):
                return -1 - number
            header_starts[i], header_ends[i] = at, behind
            at = behind
            if least <= offset < batches[first + NEXT_OFFSET]:
                least = offset + 1
                i += 1
        if at != end:
            return -1 - number
        least = max(least, batches[first + NEXT_OFFSET])
    return i
