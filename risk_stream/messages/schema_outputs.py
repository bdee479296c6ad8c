"""JSON Schemas of the messages that are written."""

from typing import Final

from risk_stream.messages.decision import DECISION_CODES, Decision, ListedLimit, NotEvaluable, Severity, Verdict
from risk_stream.messages.inputs import Inputs
from risk_stream.messages.limit import Action, Mode
from risk_stream.messages.limit_kind import LimitKind
from risk_stream.messages.portfolio_risk import PortfolioRisk, TradingState, Windows
from risk_stream.messages.schema_parts import (
    CONTROLS,
    ID,
    OUTPUT_TIME,
    PLAIN_DECIMAL,
    POSITION,
    SHA256,
    Schema,
    closed_object,
    enum_of,
    nullable,
    output_object,
)
from risk_stream.messages.violation import Trigger, Violation, ViolationEvent

_DECIMAL_OR_NULL = nullable(PLAIN_DECIMAL)
_RISK_INPUTS: Final[dict[str, Schema]] = {"value": POSITION, "controls": CONTROLS}
_REASON = enum_of(NotEvaluable)
_MEASURED = {
    "limit_id": ID,
    "kind": enum_of(LimitKind),
    "severity": enum_of(Severity),
    "observed": _DECIMAL_OR_NULL,
    "threshold": PLAIN_DECIMAL,
    "utilisation": _DECIMAL_OR_NULL,
}


def decision_schema() -> Schema:
    """`decisions`: `detail` only with INVALID_ORDER, the `reason` of a limit only where it was not evaluable."""
    listed = output_object(ListedLimit, _MEASURED | {"reason": _REASON}, left_out=("reason",))
    parts = {
        "decision_id": {"type": "string", "pattern": "^[0-9]+-[0-9]+$"},
        "order_id": ID,
        "portfolio_id": ID,
        "symbol": nullable(ID),
        "decision": enum_of(Verdict),
        "code": enum_of(DECISION_CODES),
        "detail": {"type": "string"},
        "violations": {"type": "array", "items": listed},
        "limits_evaluated": {"type": "integer", "minimum": 0},
        "inputs": _inputs(order=POSITION),
        "ts": OUTPUT_TIME,
    }
    return output_object(Decision, parts, kind="DECISION", left_out=("detail",))


def violation_schema() -> Schema:
    """`violations`: every field is there, null where there is none."""
    parts = _MEASURED | {
        "violation_id": {"type": "string", "pattern": "^[^ ]{1,64}:[ov]:[0-9]+:[0-9]+(:[^ ]{1,64})?$"},
        "event": enum_of(ViolationEvent),
        "trigger": enum_of(Trigger),
        "action": enum_of(Action),
        "mode": enum_of(Mode),
        "portfolio_id": ID,
        "order_id": nullable(ID),
        "symbol": nullable(ID),
        "sector": nullable(ID),
        "reason": nullable(_REASON),
        "inputs": _inputs(order=nullable(POSITION)),
        "ts": OUTPUT_TIME,
    }
    return output_object(Violation, parts, kind="VIOLATION")


def portfolio_risk_schema() -> Schema:
    """`portfolio-risk`: the value record and the controls version it follows from stand in `inputs`."""
    windows = output_object(Windows, dict.fromkeys(Windows.__struct_fields__, _DECIMAL_OR_NULL))
    parts = {
        "portfolio_id": ID,
        **dict.fromkeys(("total_value", "gross_exposure", "net_exposure"), _DECIMAL_OR_NULL),
        "peaks": windows,
        "drawdowns": windows,
        "open_orders": {"type": "integer", "minimum": 0},
        "trading_state": enum_of(TradingState),
        **_RISK_INPUTS,
        "ts": OUTPUT_TIME,
    }
    schema = output_object(PortfolioRisk, parts, kind="PORTFOLIO_RISK")
    # The type holds these two side by side, the message has them in one object, last but one.
    properties = {name: part for name, part in schema["properties"].items() if name not in (*_RISK_INPUTS, "ts")}
    properties |= {"inputs": closed_object(_RISK_INPUTS), "ts": OUTPUT_TIME}
    return closed_object(properties)


def journal_schema() -> Schema:
    """`journal`: one record a step; the ranges of offsets are half-open and contiguous from step to step."""
    offsets = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 2, "maxItems": 2}
    properties = {
        "seq": {"type": "integer", "minimum": 1},
        "values": offsets,
        "orders": offsets,
        "controls": CONTROLS,
        "outputs": SHA256,
        "chain": SHA256,
    }
    return closed_object(properties)


def _inputs(*, order: Schema) -> Schema:
    return output_object(Inputs, {"order": order, "value": nullable(POSITION), "controls": CONTROLS})
