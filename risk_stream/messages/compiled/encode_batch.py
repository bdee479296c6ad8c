"""All decisions, or all violation events, of a batch of orders as JSON payloads in one buffer.

Compiled code writes nearly all of them. An INVALID order's decision, a ratio or metric of 2^63 or more and a time that
RFC 3339 cannot write are left to the reference encoder, and their payloads put behind the others in the buffer.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from risk_stream.messages.compiled import fragments
from risk_stream.messages.compiled.encode_decision import LEFT_OUT, write_decisions
from risk_stream.messages.compiled.encode_violation import write_violations
from risk_stream.messages.compiled.order_batch import OrderBatch
from risk_stream.messages.compiled.row_message import Results, decision_of, violation_of
from risk_stream.messages.compiled.write_double import DOUBLE_BYTES_MAX
from risk_stream.messages.compiled.write_number import SCALED_BYTES_MAX, UNSIGNED_BYTES_MAX
from risk_stream.messages.compiled.write_text import ESCAPED_BYTES_MAX_FACTOR
from risk_stream.messages.compiled.write_time import TIME_BYTES
from risk_stream.messages.decision import encode_decision
from risk_stream.messages.violation import encode_violation

INTEGERS_MAX = 8
"""Partition and offset three times (id, order, value), the controls version, and the number of limits evaluated."""
FIXED_BYTES_MAX = fragments.BYTES_MAX + INTEGERS_MAX * (UNSIGNED_BYTES_MAX + 1) + TIME_BYTES
MEASURED_BYTES_MAX = fragments.BYTES_MAX + SCALED_BYTES_MAX + DOUBLE_BYTES_MAX
"""What an observed value and a utilisation add, with the constant texts around them."""

NDInt64 = npt.NDArray[np.int64]


class Payloads(NamedTuple):
    """Payload i is data[starts[i]:ends[i]]; they do not lie in the order of their numbers."""

    data: bytes
    starts: NDInt64
    ends: NDInt64

    def as_list(self) -> list[bytes]:
        """The payloads, each a copy; b"" where there is none (the decision of a FAULT row)."""
        data = self.data
        return [data[start:end] for start, end in zip(self.starts.tolist(), self.ends.tolist(), strict=True)]


def encode_decisions(batch: OrderBatch, results: Results) -> Payloads:
    """The decision of every row; none for a FAULT."""
    count = batch.rows.size
    buffer = np.empty(decisions_bytes_max(batch, results), np.uint8)
    starts = np.empty(count, np.int64)
    ends = np.empty(count, np.int64)
    end = write_decisions(
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
    return with_left_out(buffer[:end], starts, ends, lambda i: encode_decision(decision_of(batch, results, i)))


def encode_violations(batch: OrderBatch, results: Results) -> Payloads:
    """The event of every violation row."""
    count = results.violations.size
    buffer = np.empty(violations_bytes_max(batch, results), np.uint8)
    starts = np.empty(count, np.int64)
    ends = np.empty(count, np.int64)
    end = write_violations(
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
    return with_left_out(buffer[:end], starts, ends, lambda i: encode_violation(violation_of(batch, results, i)))


def decisions_bytes_max(batch: OrderBatch, results: Results) -> int:
    """The most that compiled code writes for the decisions; nothing checks it while it writes."""
    fixed = batch.rows.size * FIXED_BYTES_MAX + results.violations.size * MEASURED_BYTES_MAX
    ids = int(id_bytes(batch).sum())
    return 1 + fixed + ESCAPED_BYTES_MAX_FACTOR * ids + pieces_bytes(results)


def violations_bytes_max(batch: OrderBatch, results: Results) -> int:
    """The most that compiled code writes for the violation events."""
    fixed = results.violations.size * (FIXED_BYTES_MAX + MEASURED_BYTES_MAX)
    texts = int(id_bytes(batch)[results.violations["record"]].sum()) + int(results.violations["sector_len"].sum())
    return 1 + fixed + ESCAPED_BYTES_MAX_FACTOR * texts + pieces_bytes(results)


def pieces_bytes(results: Results) -> int:
    """Bytes of all pieces of the limits that the violations name."""
    return int(results.pieces.sizes[results.violations["limit"]].sum())


def id_bytes(batch: OrderBatch) -> NDInt64:
    """Bytes of the ids of each row that go into its outputs."""
    rows = batch.rows
    total: NDInt64 = rows["order_id_len"].astype(np.int64) + rows["portfolio_id_len"] + rows["symbol_len"]
    return total


def with_left_out(
    written: npt.NDArray[np.uint8], starts: NDInt64, ends: NDInt64, encode: Callable[[int], bytes]
) -> Payloads:
    """The payloads written, and behind them those left out, encoded by `encode`."""
    left_out = np.flatnonzero(ends == LEFT_OUT).tolist()
    extra = [encode(i) for i in left_out]
    at = written.size
    for i, payload in zip(left_out, extra, strict=True):
        starts[i] = at
        at += len(payload)
        ends[i] = at
    return Payloads(b"".join((written.tobytes(), *extra)), starts, ends)
