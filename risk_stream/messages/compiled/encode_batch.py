"""All decisions, or all violation events, of a batch of orders as JSON payloads in one buffer.

Compiled code writes nearly all of them. An INVALID order's decision, a ratio or metric of 2^63 or more and a time that
RFC 3339 cannot write are left to the reference encoder, and their payloads put behind the others in the buffer.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from risk_stream.messages.compiled import fragments
from risk_stream.messages.compiled.encode_decision import LEFT_OUT, write_decisions
from risk_stream.messages.compiled.encode_violation import write_violations
from risk_stream.messages.compiled.order_batch import OrderBatch
from risk_stream.messages.compiled.row_message import Results, decision_of, order_text, violation_of
from risk_stream.messages.compiled.sum_sizes import sum_sizes
from risk_stream.messages.compiled.write_double import DOUBLE_BYTES_MAX
from risk_stream.messages.compiled.write_headers import HEADERS_BYTES_MAX, write_headers
from risk_stream.messages.compiled.write_number import SCALED_BYTES_MAX, UNSIGNED_BYTES_MAX
from risk_stream.messages.compiled.write_text import ESCAPED_BYTES_MAX_FACTOR
from risk_stream.messages.compiled.write_time import TIME_BYTES
from risk_stream.messages.decision import encode_decision
from risk_stream.messages.headers import event_headers
from risk_stream.messages.inputs import source_text
from risk_stream.messages.packed import Span, encode_headers
from risk_stream.messages.violation import Trigger, encode_violation, violation_id

INTEGERS_MAX = 8
"""Partition and offset three times (id, order, value), the controls version, and the number of limits evaluated."""
FIXED_BYTES_MAX = fragments.BYTES_MAX + INTEGERS_MAX * (UNSIGNED_BYTES_MAX + 1) + TIME_BYTES
MEASURED_BYTES_MAX = fragments.BYTES_MAX + SCALED_BYTES_MAX + DOUBLE_BYTES_MAX
"""What an observed value and a utilisation add, with the constant texts around them."""

NDInt64 = npt.NDArray[np.int64]


def encode_decisions(batch: OrderBatch, results: Results) -> Span:
    """The decision of every row; empty for a FAULT."""
    count = batch.rows.size
    buffer = np.empty(decisions_bytes_max(batch, results), np.uint8)
    starts = np.empty(count, np.int64)
    ends = np.empty(count, np.int64)
    end, left_out = write_decisions(
        buffer,
        batch.rows,
        batch.text,
        results.decisions,
        results.violations,
        results.pieces.text,
        results.pieces.starts,
        results.partition,
        results.controls,
        starts,
        ends,
    )
    written = buffer[:end]
    return with_left_out(written, starts, ends, left_out, lambda i: encode_decision(decision_of(batch, results, i)))


def encode_violations(batch: OrderBatch, results: Results) -> Span:
    """The event of every violation row."""
    count = results.violations.size
    buffer = np.empty(violations_bytes_max(batch, results), np.uint8)
    starts = np.empty(count, np.int64)
    ends = np.empty(count, np.int64)
    end, left_out = write_violations(
        buffer,
        batch.rows,
        batch.text,
        results.decisions,
        results.violations,
        results.sector_text,
        results.pieces.text,
        results.pieces.starts,
        results.partition,
        results.controls,
        starts,
        ends,
    )
    written = buffer[:end]
    return with_left_out(written, starts, ends, left_out, lambda i: encode_violation(violation_of(batch, results, i)))


def encode_violation_headers(batch: OrderBatch, results: Results, topic: str) -> Span:
    """The headers of every violation row; `topic` is the orders'."""
    count = results.violations.size
    name = np.frombuffer(topic.encode(), np.uint8)
    buffer = np.empty(headers_bytes_max(batch, results, name.size), np.uint8)
    starts = np.empty(count, np.int64)
    ends = np.empty(count, np.int64)
    end, left_out = write_headers(
        buffer,
        batch.rows,
        batch.text,
        results.violations,
        results.pieces.text,
        results.pieces.starts,
        name,
        results.partition,
        starts,
        ends,
    )
    return with_left_out(buffer[:end], starts, ends, left_out, lambda i: headers_of(batch, results, i, topic))


def headers_of(batch: OrderBatch, results: Results, i: int, topic: str) -> bytes:
    """The headers of violation row i, by the reference."""
    row: Any = results.violations[i]
    order: Any = batch.rows[row["record"]]
    offset, partition = int(order["offset"]), results.partition
    cause = violation_id(results.pieces.limits[row["limit"]].limit_id, Trigger.ORDER, partition, offset)
    source = source_text(topic, partition, offset)
    return encode_headers(event_headers(cause, order_text(batch, order, "portfolio_id"), int(order["ts"]), source))


class TextSizes(NamedTuple):
    """Bytes of text that a batch's outputs copy, all rows together."""

    ids: int
    """Of the ids of every order."""
    violating_ids: int
    """Of the ids of the orders of every violation."""
    portfolios: int
    """Of the portfolio ids among those."""
    sectors: int
    pieces: int
    """Of all pieces of the limits that the violations name."""


def text_sizes(batch: OrderBatch, results: Results) -> TextSizes:
    """In one compiled pass."""
    return TextSizes(*sum_sizes(batch.rows, results.violations, results.pieces.sizes))


def decisions_bytes_max(batch: OrderBatch, results: Results) -> int:
    """The most that compiled code writes for the decisions; nothing checks it while it writes."""
    sizes = text_sizes(batch, results)
    fixed = batch.rows.size * FIXED_BYTES_MAX + results.violations.size * MEASURED_BYTES_MAX
    return 1 + fixed + ESCAPED_BYTES_MAX_FACTOR * sizes.ids + sizes.pieces


def violations_bytes_max(batch: OrderBatch, results: Results) -> int:
    """The most that compiled code writes for the violation events."""
    sizes = text_sizes(batch, results)
    fixed = results.violations.size * (FIXED_BYTES_MAX + MEASURED_BYTES_MAX)
    return 1 + fixed + ESCAPED_BYTES_MAX_FACTOR * (sizes.violating_ids + sizes.sectors) + sizes.pieces


def headers_bytes_max(batch: OrderBatch, results: Results, topic_bytes: int) -> int:
    """The most that compiled code writes for their headers."""
    sizes = text_sizes(batch, results)
    return 1 + results.violations.size * (HEADERS_BYTES_MAX + 2 * topic_bytes) + sizes.portfolios + sizes.pieces


def with_left_out(
    written: npt.NDArray[np.uint8], starts: NDInt64, ends: NDInt64, count: int, encode: Callable[[int], bytes]
) -> Span:
    """The payloads written, and behind them those left out, `count` of them, encoded by `encode`."""
    if not count:
        return Span(written, starts, ends)
    left_out = np.flatnonzero(ends == LEFT_OUT).tolist()
    extra = [encode(i) for i in left_out]
    at = written.size
    for i, payload in zip(left_out, extra, strict=True):
        starts[i] = at
        at += len(payload)
        ends[i] = at
    return Span(b"".join((written.tobytes(), *extra)), starts, ends)
