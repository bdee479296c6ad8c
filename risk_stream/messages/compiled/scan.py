"""A batch of records of one partition to rows: the compiled loop around `scan_order`."""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from risk_stream.messages.compiled.hash128 import hash128_of, murmur2_of
from risk_stream.messages.compiled.jit import INT64S, POINTER, TEXT, Bytes, compiled, rows_of
from risk_stream.messages.compiled.order_row import NEEDS_EXACT, ORDER_ROW, WELL_FORMED
from risk_stream.messages.compiled.scan_order import ROW, scan_order
from risk_stream.messages.compiled.write_time import is_writable_time
from risk_stream.messages.instant import SKEW_MS_MAX

NDInt64 = npt.NDArray[np.int64]


@compiled(types.boolean, POINTER, types.int64, types.int64, types.int64)
def equal_bytes(text: Bytes, a: int, b: int, length: int) -> bool:
    """Whether text[a:a + length] and text[b:b + length] hold the same bytes."""
    for i in range(length):
        if text[a + i] != text[b + i]:
            return False
    return True


@compiled(types.boolean, types.int64, types.int64)
def is_timely(ts: int, timestamp: int) -> bool:
    """Whether a message's own time is one that can be written, and not too far ahead of its record's."""
    return bool(ts <= timestamp + SKEW_MS_MAX and is_writable_time(ts))


@compiled(types.boolean, POINTER, types.int64, types.int64, types.int64, types.int64, types.int64, types.int64)
def is_at_home(
    text: Bytes, at: int, length: int, key_start: int, key_end: int, partition: int, partitions: int
) -> bool:
    """Whether the portfolio id at text[at:at + length] is the record's key, and belongs to this partition."""
    if key_end - key_start != length or not equal_bytes(text, at, key_start, length):
        return False
    return bool(murmur2_of(text, at, at + length) % partitions == partition)


@compiled(types.void, ROW, POINTER)
def hash_ids(row: Any, text: Bytes) -> None:
    """Fill in the hashes of the order's and the portfolio's id."""
    at = int(row["portfolio_id_at"])
    row["portfolio_h1"], row["portfolio_h2"] = hash128_of(text, at, at + int(row["portfolio_id_len"]))
    at = int(row["order_id_at"])
    row["order_h1"], row["order_h2"] = hash128_of(text, at, at + int(row["order_id_len"]))


@compiled(types.void, TEXT, INT64S, rows_of(ORDER_ROW))
def hash_rows(batch_text: Bytes, chosen: NDInt64, rows: npt.NDArray[np.void]) -> None:
    """`hash_ids` for the rows whose indices are `chosen`."""
    text: Any = batch_text.ctypes
    for i in chosen:
        hash_ids(rows[i], text)


@compiled(
    types.int64, TEXT, INT64S, INT64S, INT64S, INT64S, INT64S, INT64S, types.int64, types.int64, rows_of(ORDER_ROW)
)
def scan_orders(
    batch_text: Bytes,
    value_start: NDInt64,
    value_end: NDInt64,
    key_start: NDInt64,
    key_end: NDInt64,
    offsets: NDInt64,
    timestamps: NDInt64,
    partition: int,
    partitions: int,
    rows: npt.NDArray[np.void],
) -> int:
    """Fill the zeroed `rows`, one a record; returns how many have status NEEDS_EXACT (their other fields mean nothing).

    An absent value or key is an empty range: neither can be a well-formed order. About 0.2 us an order of 200 bytes.
    """
    text: Any = batch_text.ctypes
    doubtful = 0
    for i in range(rows.size):
        row = rows[i]
        row["offset"] = offsets[i]
        row["timestamp"] = timestamps[i]
        row["status"] = NEEDS_EXACT
        doubtful += 1
        if not scan_order(row, text, value_start[i], value_end[i]):
            continue
        if not is_timely(row["ts"], row["timestamp"]):
            continue
        at, length = int(row["portfolio_id_at"]), int(row["portfolio_id_len"])
        if not is_at_home(text, at, length, key_start[i], key_end[i], partition, partitions):
            continue
        hash_ids(row, text)
        row["status"] = WELL_FORMED
        doubtful -= 1
    return doubtful
