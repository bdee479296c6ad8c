"""Rows back to the messages they stand for: for the few outputs that compiled code leaves to the reference encoder."""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from risk_stream.messages.compiled.limit_pieces import LimitPieces
from risk_stream.messages.compiled.order_batch import OrderBatch
from risk_stream.messages.compiled.result_row import (
    CODES,
    EVENTS,
    NO_REASON,
    OBSERVED_NULL,
    OBSERVED_SCALED,
    REASONS,
    SEVERITIES,
)
from risk_stream.messages.decision import Decision, ListedLimit, NotEvaluable, Verdict
from risk_stream.messages.inputs import Inputs, position_text
from risk_stream.messages.money import format_double, format_scaled
from risk_stream.messages.order import InvalidOrder
from risk_stream.messages.violation import Trigger, Violation, violation_id


class Results(NamedTuple):
    """What a batch of orders came to: DECISION_ROWs, one an order, and VIOLATION_ROWs, each order's side by side."""

    decisions: npt.NDArray[np.void]
    violations: npt.NDArray[np.void]
    sector_text: npt.NDArray[np.uint8]
    pieces: LimitPieces
    partition: int
    controls: int
    """The controls version that they were decided at."""


def decision_of(batch: OrderBatch, results: Results, i: int) -> Decision:
    """The decision of row i, which is no FAULT."""
    order: Any = batch.rows[i]
    row: Any = results.decisions[i]
    fault = batch.faults.get(i)
    listed = results.violations[row["violation_from"] : row["violation_to"]]
    return Decision(
        decision_id=f"{results.partition}-{order['offset']}",
        order_id=order_text(batch, order, "order_id"),
        portfolio_id=order_text(batch, order, "portfolio_id"),
        symbol=order_text(batch, order, "symbol") or None,
        decision=Verdict.APPROVED if row["approved"] else Verdict.REJECTED,
        code=CODES[row["code"]],
        detail=fault.detail if isinstance(fault, InvalidOrder) else None,
        violations=tuple(listed_of(results, violation) for violation in listed if violation["listed"]),
        limits_evaluated=int(row["limits_evaluated"]),
        inputs=inputs_of(results, order, row),
        ts=int(order["ts"]),
    )


def violation_of(batch: OrderBatch, results: Results, i: int) -> Violation:
    """The event of violation row i."""
    row: Any = results.violations[i]
    order: Any = batch.rows[row["record"]]
    limit = results.pieces.limits[row["limit"]]
    offset = int(order["offset"])
    return Violation(
        violation_id=violation_id(limit.limit_id, Trigger.ORDER, results.partition, offset),
        event=EVENTS[row["event"]],
        trigger=Trigger.ORDER,
        limit_id=limit.limit_id,
        kind=limit.kind,
        severity=SEVERITIES[row["severity"]],
        action=limit.action,
        mode=limit.mode,
        portfolio_id=order_text(batch, order, "portfolio_id"),
        order_id=order_text(batch, order, "order_id"),
        symbol=order_text(batch, order, "symbol"),
        sector=text_of(results.sector_text, row["sector_at"], row["sector_len"]) or None,
        observed=observed_text(row),
        threshold=limit.threshold_text,
        utilisation=utilisation_text(row),
        reason=reason_of(row),
        inputs=inputs_of(results, order, results.decisions[row["record"]]),
        ts=int(order["ts"]),
    )


def listed_of(results: Results, row: Any) -> ListedLimit:
    """An entry of a decision's violations."""
    limit = results.pieces.limits[row["limit"]]
    return ListedLimit(
        limit_id=limit.limit_id,
        kind=limit.kind,
        severity=SEVERITIES[row["severity"]],
        observed=observed_text(row),
        threshold=limit.threshold_text,
        utilisation=utilisation_text(row),
        reason=reason_of(row),
    )


def observed_text(row: Any) -> str | None:
    """The observed value of a VIOLATION_ROW."""
    if row["observed_form"] == OBSERVED_NULL:
        return None
    if row["observed_form"] == OBSERVED_SCALED:
        return format_scaled((int(row["observed_hi"]) << 64) + int(row["observed_lo"]), int(row["digits"]))
    return format_double(float(row["observed"]))


def utilisation_text(row: Any) -> str | None:
    """The utilisation of a VIOLATION_ROW."""
    return None if math.isnan(row["utilisation"]) else format_double(float(row["utilisation"]))


def reason_of(row: Any) -> NotEvaluable | None:
    """Why it could not be evaluated."""
    return None if row["reason"] == NO_REASON else REASONS[row["reason"]]


def inputs_of(results: Results, order: Any, decision: Any) -> Inputs:
    """The inputs of a decision, and of its violations."""
    value = int(decision["value_offset"])
    return Inputs(
        order=position_text(results.partition, int(order["offset"])),
        value=None if value < 0 else position_text(results.partition, value),
        controls=results.controls,
    )


def order_text(batch: OrderBatch, order: Any, name: str) -> str:
    """A text field of an ORDER_ROW, "" when absent."""
    return text_of(batch.text, order[f"{name}_at"], order[f"{name}_len"])


def text_of(text: npt.NDArray[np.uint8], at: int, length: int) -> str:
    """A byte range as text."""
    return text[at : at + length].tobytes().decode()
