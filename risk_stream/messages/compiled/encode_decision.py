"""Decisions of a batch to JSON, in one compiled pass."""

from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from numba import types

from risk_stream.messages.compiled import fragments
from risk_stream.messages.compiled.encode_value import (
    DASH,
    ORDER,
    VIOLATION,
    is_encodable,
    put_observed,
    put_position,
    put_tail,
    put_utilisation,
)
from risk_stream.messages.compiled.fragments import put_fragment
from risk_stream.messages.compiled.jit import BUFFER, INT64S, POINTER, TEXT, Bytes, compiled, pair_of, rows_of
from risk_stream.messages.compiled.limit_pieces import LISTED_HEAD, PIECES, THRESHOLD
from risk_stream.messages.compiled.order_row import FAULT, ORDER_ROW, WELL_FORMED
from risk_stream.messages.compiled.result_row import DECISION_ROW, NO_REASON, VIOLATION_ROW
from risk_stream.messages.compiled.write_number import put_integer
from risk_stream.messages.compiled.write_text import put_bytes, put_escaped
from risk_stream.messages.compiled.write_time import is_writable_time

CLOSE = ord("}")
COMMA = ord(",")

LEFT_OUT = -1
"""End of an output that is left to the reference encoder."""

DECISION = numba.from_dtype(DECISION_ROW)
VIOLATIONS = rows_of(VIOLATION_ROW, readonly=True)

Rows = npt.NDArray[np.void]
NDInt64 = npt.NDArray[np.int64]


@compiled(types.boolean, ORDER, DECISION, VIOLATIONS)
def is_decision_encodable(order: Any, decision: Any, violations: Rows) -> bool:
    """Whether compiled code can write the decision exactly; an INVALID order's has a detail, which it has not."""
    if order["status"] != WELL_FORMED or not is_writable_time(order["ts"]):
        return False
    for i in range(decision["violation_from"], decision["violation_to"]):
        if violations[i]["listed"] == 1 and not is_encodable(violations[i]):
            return False
    return True


@compiled(types.int64, POINTER, types.int64, POINTER, types.int64, types.int64)
def put_piece(out: Bytes, at: int, pieces: Bytes, start: int, behind: int) -> int:
    """Copy one piece of a limit."""
    return put_bytes(out, at, pieces, start, behind - start)


@compiled(types.int64, POINTER, types.int64, VIOLATION, POINTER, INT64S)
def put_listed(out: Bytes, at: int, violation: Any, pieces: Bytes, starts: NDInt64) -> int:
    """One entry of `violations`."""
    head = int(violation["limit"]) * PIECES + LISTED_HEAD
    at = put_piece(out, at, pieces, starts[head], starts[head + 1])
    at = put_fragment(out, at, fragments.SEVERITY + int(violation["severity"]))
    at = put_fragment(out, at, fragments.LISTED_OBSERVED)
    at = put_observed(out, at, violation)
    threshold = int(violation["limit"]) * PIECES + THRESHOLD
    at = put_piece(out, at, pieces, starts[threshold], starts[threshold + 1])
    at = put_utilisation(out, at, violation["utilisation"])
    if violation["reason"] != NO_REASON:
        at = put_fragment(out, at, fragments.LISTED_REASON)
        at = put_fragment(out, at, fragments.REASON + int(violation["reason"]))
        at = put_fragment(out, at, fragments.QUOTE)
    out[at] = CLOSE
    return at + 1


@compiled(types.int64, POINTER, types.int64, DECISION, VIOLATIONS, POINTER, INT64S)
def put_all_listed(out: Bytes, at: int, decision: Any, violations: Rows, pieces: Bytes, limit_starts: NDInt64) -> int:
    """The entries of `violations`, which come in the order of the rows."""
    first = at
    for i in range(decision["violation_from"], decision["violation_to"]):
        if violations[i]["listed"] == 1:
            if at > first:
                out[at] = COMMA
                at += 1
            at = put_listed(out, at, violations[i], pieces, limit_starts)
    return at


@compiled(types.int64, POINTER, types.int64, ORDER, DECISION, POINTER, types.int64)
def put_head(out: Bytes, at: int, order: Any, decision: Any, text: Bytes, partition: int) -> int:
    """Everything before the entries of `violations`."""
    at = put_fragment(out, at, fragments.DECISION_ID)
    at = put_position(out, at, partition, DASH, order["offset"])
    at = put_fragment(out, at, fragments.ORDER_ID)
    at = put_escaped(out, at, text, order["order_id_at"], order["order_id_len"])
    at = put_fragment(out, at, fragments.PORTFOLIO_ID)
    at = put_escaped(out, at, text, order["portfolio_id_at"], order["portfolio_id_len"])
    at = put_fragment(out, at, fragments.SYMBOL)
    at = put_escaped(out, at, text, order["symbol_at"], order["symbol_len"])
    if decision["approved"] == 1:
        at = put_fragment(out, at, fragments.DECISION_APPROVED)
    else:
        at = put_fragment(out, at, fragments.DECISION_REJECTED)
    at = put_fragment(out, at, fragments.CODE + int(decision["code"]))
    return put_fragment(out, at, fragments.DECISION_VIOLATIONS)


@compiled(
    pair_of(types.int64, types.int64),
    BUFFER,
    rows_of(ORDER_ROW, readonly=True),
    TEXT,
    rows_of(DECISION_ROW, readonly=True),
    VIOLATIONS,
    TEXT,
    INT64S,
    types.int64,
    types.int64,
    types.Array(types.int64, 1, "C"),
    types.Array(types.int64, 1, "C"),
)
def write_decisions(
    buffer: Bytes,
    orders: Rows,
    batch_text: Bytes,
    decisions: Rows,
    violations: Rows,
    limit_text: Bytes,
    limit_starts: NDInt64,
    partition: int,
    controls: int,
    starts: NDInt64,
    ends: NDInt64,
) -> tuple[int, int]:
    """Write the payload of row i to buffer[starts[i]:ends[i]]; the position behind the last, and how many are left
    out.

    A FAULT row has an empty range: it gets a dead letter, no decision. ends[i] is LEFT_OUT for what is left to the
    reference encoder. About 0.2 us a decision.
    """
    out: Any = buffer.ctypes
    text: Any = batch_text.ctypes
    pieces: Any = limit_text.ctypes
    at = 0
    left_out = 0
    for i in range(orders.size):
        order = orders[i]
        decision = decisions[i]
        starts[i] = at
        ends[i] = at
        if order["status"] == FAULT:
            continue
        if not is_decision_encodable(order, decision, violations):
            ends[i] = LEFT_OUT
            left_out += 1
            continue
        at = put_head(out, at, order, decision, text, partition)
        if decision["violation_from"] < decision["violation_to"]:
            at = put_all_listed(out, at, decision, violations, pieces, limit_starts)
        at = put_fragment(out, at, fragments.DECISION_LIMITS)
        at = put_integer(out, at, decision["limits_evaluated"])
        at = put_tail(out, at, order, decision["value_offset"], partition, controls)
        ends[i] = at
    return at, left_out
