"""Violation events of a batch's orders to JSON, in one compiled pass."""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from risk_stream.messages.compiled import fragments
from risk_stream.messages.compiled.encode_decision import LEFT_OUT, VIOLATIONS, put_piece
from risk_stream.messages.compiled.encode_value import (
    ORDER,
    VIOLATION,
    is_encodable,
    put_observed,
    put_tail,
    put_utilisation,
)
from risk_stream.messages.compiled.fragments import put_fragment
from risk_stream.messages.compiled.jit import BUFFER, INT64S, POINTER, TEXT, Bytes, compiled, pair_of, rows_of
from risk_stream.messages.compiled.limit_pieces import EVENT_HEAD, EVENT_ID, EVENT_MODE, PIECES, THRESHOLD
from risk_stream.messages.compiled.order_row import ORDER_ROW
from risk_stream.messages.compiled.result_row import DECISION_ROW, NO_REASON
from risk_stream.messages.compiled.scan_text import QUOTE
from risk_stream.messages.compiled.write_number import put_integer
from risk_stream.messages.compiled.write_text import put_escaped
from risk_stream.messages.compiled.write_time import is_writable_time

COLON = ord(":")

Rows = npt.NDArray[np.void]
NDInt64 = npt.NDArray[np.int64]


@compiled(types.int64, POINTER, types.int64, VIOLATION, ORDER, POINTER, INT64S, types.int64)
def put_event_head(
    out: Bytes, at: int, violation: Any, order: Any, pieces: Bytes, starts: NDInt64, partition: int
) -> int:
    """From `type` up to `mode`, and the name of `portfolio_id`."""
    limit = int(violation["limit"]) * PIECES
    at = put_fragment(out, at, fragments.VIOLATION_ID)
    at = put_piece(out, at, pieces, starts[limit + EVENT_ID], starts[limit + EVENT_ID + 1])
    at = put_fragment(out, at, fragments.VIOLATION_BY_ORDER)
    at = put_integer(out, at, partition)
    out[at] = COLON
    at = put_integer(out, at + 1, order["offset"])
    at = put_fragment(out, at, fragments.VIOLATION_EVENT)
    at = put_fragment(out, at, fragments.EVENT + int(violation["event"]))
    at = put_fragment(out, at, fragments.VIOLATION_TRIGGER)
    at = put_piece(out, at, pieces, starts[limit + EVENT_HEAD], starts[limit + EVENT_HEAD + 1])
    at = put_fragment(out, at, fragments.SEVERITY + int(violation["severity"]))
    return put_piece(out, at, pieces, starts[limit + EVENT_MODE], starts[limit + EVENT_MODE + 1])


@compiled(types.int64, POINTER, types.int64, VIOLATION, ORDER, POINTER, POINTER)
def put_subject(out: Bytes, at: int, violation: Any, order: Any, text: Bytes, sectors: Bytes) -> int:
    """The values from `portfolio_id` to `sector`."""
    at = put_escaped(out, at, text, order["portfolio_id_at"], order["portfolio_id_len"])
    at = put_fragment(out, at, fragments.ORDER_ID)
    at = put_escaped(out, at, text, order["order_id_at"], order["order_id_len"])
    at = put_fragment(out, at, fragments.SYMBOL)
    at = put_escaped(out, at, text, order["symbol_at"], order["symbol_len"])
    at = put_fragment(out, at, fragments.VIOLATION_SECTOR)
    if violation["sector_len"] == 0:
        return put_fragment(out, at, fragments.NULL)
    out[at] = QUOTE
    at = put_escaped(out, at + 1, sectors, violation["sector_at"], violation["sector_len"])
    out[at] = QUOTE
    return at + 1


@compiled(types.int64, POINTER, types.int64, VIOLATION, POINTER, INT64S)
def put_measured(out: Bytes, at: int, violation: Any, pieces: Bytes, starts: NDInt64) -> int:
    """From `observed` to `reason`."""
    at = put_fragment(out, at, fragments.VIOLATION_OBSERVED)
    at = put_observed(out, at, violation)
    threshold = int(violation["limit"]) * PIECES + THRESHOLD
    at = put_piece(out, at, pieces, starts[threshold], starts[threshold + 1])
    at = put_utilisation(out, at, violation["utilisation"])
    at = put_fragment(out, at, fragments.VIOLATION_REASON)
    if violation["reason"] == NO_REASON:
        return put_fragment(out, at, fragments.NULL)
    out[at] = QUOTE
    at = put_fragment(out, at + 1, fragments.REASON + int(violation["reason"]))
    out[at] = QUOTE
    return at + 1


@compiled(
    pair_of(types.int64, types.int64),
    BUFFER,
    rows_of(ORDER_ROW, readonly=True),
    TEXT,
    rows_of(DECISION_ROW, readonly=True),
    VIOLATIONS,
    TEXT,
    TEXT,
    INT64S,
    types.int64,
    types.int64,
    types.Array(types.int64, 1, "C"),
    types.Array(types.int64, 1, "C"),
)
def write_violations(
    buffer: Bytes,
    orders: Rows,
    batch_text: Bytes,
    decisions: Rows,
    violations: Rows,
    sector_text: Bytes,
    limit_text: Bytes,
    limit_starts: NDInt64,
    partition: int,
    controls: int,
    starts: NDInt64,
    ends: NDInt64,
) -> tuple[int, int]:
    """Write the event of violation i to buffer[starts[i]:ends[i]]; the position behind the last, and how many are left
    out.

    ends[i] is LEFT_OUT for what is left to the reference encoder.
    """
    out: Any = buffer.ctypes
    text: Any = batch_text.ctypes
    sectors: Any = sector_text.ctypes
    pieces: Any = limit_text.ctypes
    at = 0
    left_out = 0
    for i in range(violations.size):
        violation = violations[i]
        order = orders[violation["record"]]
        decision = decisions[violation["record"]]
        starts[i] = at
        if not (is_encodable(violation) and is_writable_time(order["ts"])):
            ends[i] = LEFT_OUT
            left_out += 1
            continue
        at = put_event_head(out, at, violation, order, pieces, limit_starts, partition)
        at = put_subject(out, at, violation, order, text, sectors)
        at = put_measured(out, at, violation, pieces, limit_starts)
        at = put_tail(out, at, order, decision["value_offset"], partition, controls)
        ends[i] = at
    return at, left_out
