"""Controls to the bytes that `decode_control` reads back, for tools that publish them.

They carry no `ts`: the record's timestamp counts, which is the broker's, so no wrong clock can have one refused.
"""

import json
from decimal import Decimal

from risk_stream.messages.control import Control, Halt, Override, Rebase, Reduce, RemoveLimit, Resume, SetLimit
from risk_stream.messages.instant import format_time
from risk_stream.messages.limit import DRAWDOWN_WINDOWS_MS, Limit, Scope
from risk_stream.messages.limit_kind import LimitKind
from risk_stream.messages.money import QUANTITY_DIGITS, format_decimal, format_scaled

_COMMANDS = {Halt: "HALT", Reduce: "REDUCE", Resume: "RESUME"}


def encode_control(control: Control) -> bytes:
    """The record value of a control; decoding it gives the same control back, of the record's time."""
    fields = _body(control) | {"actor": control.actor, "reason": control.reason}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def _body(control: Control) -> dict[str, object]:
    match control:
        case SetLimit(limit=limit):
            return {"type": "SET_LIMIT", **limit_fields(limit)}
        case RemoveLimit(limit_id=limit_id):
            return {"type": "REMOVE_LIMIT", "limit_id": limit_id}
        case Override():
            return {
                "type": "OVERRIDE",
                "order_id": control.order_id,
                "portfolio_id": control.portfolio_id,
                "expires_at": format_time(control.expires_at),
                "requested_by": control.requested_by,
                "approved_by": control.approved_by,
            }
        case Rebase(portfolio_id=portfolio_id):
            return {"type": "REBASE", "portfolio_id": portfolio_id}
        case Halt(portfolio_id=target) | Reduce(portfolio_id=target) | Resume(portfolio_id=target):
            whose: dict[str, object] = {"scope": "ALL"} if target is None else {"portfolio_id": target}
            return {"type": _COMMANDS[type(control)], **whose}


def limit_fields(limit: Limit) -> dict[str, object]:
    """A limit as the fields of SET_LIMIT, with those that its kind uses and no others. Decimals are strings."""
    fields: dict[str, object] = {
        "limit_id": limit.limit_id,
        "kind": limit.kind.value,
        "scope": _scope_fields(limit.scope),
        "threshold": limit.threshold_text,
        "warn_ratio": format_decimal(Decimal(repr(limit.warn_ratio))),
        "action": limit.action.value,
        "mode": limit.mode.value,
    }
    if limit.effective_from is not None:
        fields["effective_from"] = format_time(limit.effective_from)
    if limit.window_ms is not None:
        fields["window"] = _window_text(limit.kind, limit.window_ms)
    if limit.kind.exposure:
        fields["unit"] = limit.unit.value
    if limit.kind is LimitKind.DRAWDOWN:
        fields["adverse_move"] = format_scaled(limit.adverse_move, QUANTITY_DIGITS)
    if limit.kind is LimitKind.METRIC:
        fields |= {"metric": limit.metric, "operator": limit.operator}
    if limit.kind is LimitKind.RESTRICTED_SYMBOL:
        fields["symbols"] = sorted(limit.symbols)
    return fields


def _scope_fields(scope: Scope) -> dict[str, str]:
    return {name: value for name in Scope.__struct_fields__ if (value := getattr(scope, name)) is not None}


def _window_text(kind: LimitKind, window_ms: int) -> str:
    if kind is LimitKind.DRAWDOWN:
        return next(text for text, ms in DRAWDOWN_WINDOWS_MS.items() if ms == window_ms)
    return f"PT{format_scaled(window_ms, 3)}S"
