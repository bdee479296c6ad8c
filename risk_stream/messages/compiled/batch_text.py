"""The bytes of a fetched batch, as the scanners take them."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from risk_stream.messages.packed import NULL, Span
from risk_stream.messages.records import Records

TEXT_BYTES_MAX = 2**31 - 1
"""Positions in a row are 32-bit; a fetch is about a MiB."""

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


def batch_text(records: Records) -> BatchText:
    """Raises OverflowError for more than 2 GiB of records, ValueError for fields that do not lie in their data."""
    offsets, timestamps, keys, values = records.trimmed()
    data = addressable(values.data)
    return BatchText(data, values.starts, _ends(values), keys.starts, _ends(keys), offsets, timestamps)


def _ends(span: Span) -> NDInt64:
    ends = np.where(span.ends == NULL, span.starts, span.ends)
    if ends.size and not (span.starts.min() >= 0 and (span.starts <= ends).all() and ends.max() <= len(span.data)):
        raise ValueError("fields beyond their data: compiled code must not read them")
    return ends


def addressable(text: Any) -> Any:
    """The text, if a row can point into all of it; raises OverflowError."""
    if len(text) > TEXT_BYTES_MAX:
        raise OverflowError(f"{len(text)} bytes of records in one batch; at most {TEXT_BYTES_MAX}")
    return text
