"""The bytes of a fetched batch, as the scanners take them."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import types

from risk_stream.messages.compiled.jit import INT64S, compiled, pair_of
from risk_stream.messages.packed import NULL
from risk_stream.messages.records import Records

TEXT_BYTES_MAX = 2**31 - 1
"""Positions in a row are 32-bit; a fetch is about a MiB."""

BROKEN = -1
EDGES = types.Array(types.int64, 2, "C")
VALUE_STARTS, VALUE_ENDS, KEY_STARTS, KEY_ENDS = range(4)

NDInt64 = npt.NDArray[np.int64]


class BatchText(NamedTuple):
    """Keys and values where they were fetched; value i is data[value_starts[i]:value_ends[i]], an absent one empty."""

    data: Any
    """Bytes or a view of bytes."""
    value_starts: NDInt64
    value_ends: NDInt64
    key_starts: NDInt64
    key_ends: NDInt64
    offsets: NDInt64
    timestamps: NDInt64


@compiled(pair_of(types.int64, types.int64), INT64S, INT64S, INT64S, INT64S, types.int64, EDGES)
def lay_fields(
    value_starts: NDInt64, value_ends: NDInt64, key_starts: NDInt64, key_ends: NDInt64, size: int, edges: NDInt64
) -> tuple[int, int]:
    """From where to where all fields lie in their `size` bytes of data, and their edges counted from there.

    An absent field becomes an empty one. (BROKEN, BROKEN) for one that does not lie in the data.
    """
    low, high = size, 0
    count = value_starts.size
    for i in range(count):
        value_start, value_end, key_start, key_end = value_starts[i], value_ends[i], key_starts[i], key_ends[i]
        value_end = value_start if value_end == NULL else value_end
        key_end = key_start if key_end == NULL else key_end
        if not (0 <= value_start <= value_end <= size and 0 <= key_start <= key_end <= size):
            return BROKEN, BROKEN
        edges[VALUE_STARTS, i] = value_start
        edges[VALUE_ENDS, i] = value_end
        edges[KEY_STARTS, i] = key_start
        edges[KEY_ENDS, i] = key_end
        low = min(low, value_start, key_start)
        high = max(high, value_end, key_end)
    low = min(low, high)
    for i in range(count):
        for edge in range(4):
            edges[edge, i] -= low
    return low, high


def batch_text(records: Records) -> BatchText:
    """Raises OverflowError for more than 2 GiB of records, ValueError for fields that do not lie in their data."""
    keys, values = records.keys, records.values
    edges = np.empty((4, records.size), np.int64)
    low, high = lay_fields(values.starts, values.ends, keys.starts, keys.ends, len(values.data), edges)
    if low == BROKEN:
        raise ValueError("fields beyond their data: compiled code must not read them")
    # Never over none: no bytes have no address.
    data = addressable(memoryview(values.data)[low:high] if high > low else b" ")
    value_starts, value_ends, key_starts, key_ends = edges
    return BatchText(data, value_starts, value_ends, key_starts, key_ends, records.offsets, records.timestamps)


def addressable(text: Any) -> Any:
    """The text, if a row can point into all of it; raises OverflowError."""
    if len(text) > TEXT_BYTES_MAX:
        raise OverflowError(f"{len(text)} bytes of records in one batch; at most {TEXT_BYTES_MAX}")
    return text
