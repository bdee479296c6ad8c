"""The bytes of a fetched batch laid end to end, as the scanners take them."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from risk_stream.messages.records import Records

TEXT_BYTES_MAX = 2**31 - 1
"""Positions in a row are 32-bit; a fetch is about a MiB."""

NDInt64 = npt.NDArray[np.int64]


class BatchText(NamedTuple):
    """All values, then all keys; value i is data[value_starts[i]:value_ends[i]], an absent one an empty range."""

    data: bytes
    value_starts: NDInt64
    value_ends: NDInt64
    key_starts: NDInt64
    key_ends: NDInt64
    offsets: NDInt64
    timestamps: NDInt64


def batch_text(records: Records) -> BatchText:
    """Raises OverflowError for more than 2 GiB of records."""
    count = len(records.values)
    parts = [part or b"" for part in (*records.values, *records.keys)]
    data = addressable(b"".join(parts))
    lengths = np.fromiter(map(len, parts), np.int64, 2 * count)
    ends = lengths.cumsum()
    starts = ends - lengths
    offsets, timestamps = np.array(records.offsets, np.int64), np.array(records.timestamps, np.int64)
    return BatchText(data, starts[:count], ends[:count], starts[count:], ends[count:], offsets, timestamps)


def addressable(text: bytes) -> bytes:
    """The text, if a row can point into all of it; raises OverflowError."""
    if len(text) > TEXT_BYTES_MAX:
        raise OverflowError(f"{len(text)} bytes of records in one batch; at most {TEXT_BYTES_MAX}")
    return text
