"""Violation events, append-only, and their bytes. The reference for the compiled encoder."""

from enum import StrEnum

import msgspec

from risk_stream.messages.decision import NotEvaluable, Severity
from risk_stream.messages.inputs import Inputs, encode_inputs
from risk_stream.messages.instant import format_time
from risk_stream.messages.json_text import quoted, quoted_or_null
from risk_stream.messages.limit import Action, Mode
from risk_stream.messages.limit_kind import LimitKind


class ViolationEvent(StrEnum):
    """What happened to the limit's level."""

    WARNING = "WARNING"
    DETECTED = "DETECTED"
    RESOLVED = "RESOLVED"


class Trigger(StrEnum):
    """Whether an order or a valuation caused it."""

    ORDER = "ORDER"
    VALUE = "VALUE"


class Violation(msgspec.Struct, frozen=True, gc=False):
    """One event. Numbers as plain decimal text, `ts` in epoch ms. Every field is in the payload, null where None."""

    violation_id: str
    event: ViolationEvent
    trigger: Trigger
    limit_id: str
    kind: LimitKind
    severity: Severity
    action: Action
    mode: Mode
    portfolio_id: str
    order_id: str | None
    symbol: str | None
    sector: str | None
    observed: str | None
    threshold: str
    utilisation: str | None
    reason: NotEvaluable | None
    inputs: Inputs
    ts: int


def violation_id(limit_id: str, trigger: Trigger, partition: int, offset: int, subject: str | None = None) -> str:
    """The same for the same cause, so that a repeat can be recognised.

    partition and offset are those of the record that caused it; `subject` is the symbol or sector of a per-symbol or
    per-sector limit of a valuation.
    """
    letter = "o" if trigger is Trigger.ORDER else "v"
    cause = f"{limit_id}:{letter}:{partition}:{offset}"
    return cause if subject is None else f"{cause}:{subject}"


def encode_violation(violation: Violation) -> bytes:
    """The payload, fields in the order of the contract."""
    return (
        f'{{"type":"VIOLATION","violation_id":{quoted(violation.violation_id)},"event":"{violation.event}",'
        f'"trigger":"{violation.trigger}","limit_id":{quoted(violation.limit_id)},"kind":"{violation.kind}",'
        f'"severity":"{violation.severity}","action":"{violation.action}","mode":"{violation.mode}",'
        f'"portfolio_id":{quoted(violation.portfolio_id)},"order_id":{quoted_or_null(violation.order_id)},'
        f'"symbol":{quoted_or_null(violation.symbol)},"sector":{quoted_or_null(violation.sector)},'
        f'"observed":{quoted_or_null(violation.observed)},"threshold":{quoted(violation.threshold)},'
        f'"utilisation":{quoted_or_null(violation.utilisation)},"reason":{quoted_or_null(violation.reason)},'
        f'"inputs":{encode_inputs(violation.inputs)},"ts":"{format_time(violation.ts)}"}}'
    ).encode()
