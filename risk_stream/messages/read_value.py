"""The fields of valuations and executions, in the order in which the first one at fault is named."""

from math import isfinite
from typing import Final

from risk_stream.messages.execution import Execution, ExecutionStatus
from risk_stream.messages.fields import (
    FieldError,
    id_or_none,
    integer_or_none,
    money_or_none,
    required_enum,
    required_id,
    required_positive,
    required_quantity,
)
from risk_stream.messages.ids import ID_LENGTH_MAX, is_name
from risk_stream.messages.instant import event_time
from risk_stream.messages.json_object import JsonObject, Number
from risk_stream.messages.read_order import SIDES
from risk_stream.messages.valuation import Position, Valuation

_STATUSES: Final = {status.value: status for status in ExecutionStatus}


def read_valuation(fields: JsonObject, portfolio_id: str, timestamp: int) -> Valuation:
    """A valuation; `timestamp` is the record's, in epoch milliseconds. Raises FieldError."""
    total_value = money_or_none(fields, "total_value")
    if total_value is None:
        raise FieldError("total_value", "is missing")
    return Valuation(
        portfolio_id=portfolio_id,
        total_value=total_value,
        cash_flow=money_or_none(fields, "cash_flow") or 0,
        positions=_positions(fields),
        metrics=_metrics(fields),
        sequence=integer_or_none(fields, "sequence"),
        ts=event_time(fields, timestamp),
    )


def read_execution(fields: JsonObject, portfolio_id: str, timestamp: int) -> Execution:
    """An execution; what is no fill has no quantity and no price, whatever was sent. Raises FieldError."""
    order_id = required_id(fields, "order_id")
    execution_id = required_id(fields, "execution_id")
    status = required_enum(fields, "status", _STATUSES)
    return Execution(
        portfolio_id=portfolio_id,
        order_id=order_id,
        execution_id=execution_id,
        status=status,
        symbol=required_id(fields, "symbol"),
        side=required_enum(fields, "side", SIDES),
        last_quantity=required_positive(fields, "last_quantity") if status.is_fill else None,
        last_price=required_positive(fields, "last_price") if status.is_fill else None,
        ts=event_time(fields, timestamp),
    )


def _positions(fields: JsonObject) -> tuple[Position, ...] | None:
    listed = fields.get("positions")
    if listed is None:
        return None
    if not isinstance(listed, list):
        raise FieldError("positions", "must be a list")
    positions = tuple(_position(entry, f"positions[{i}]") for i, entry in enumerate(listed))
    seen: set[str] = set()
    for i, position in enumerate(positions):
        if position.symbol in seen:
            raise FieldError(f"positions[{i}].symbol", "is listed twice")
        seen.add(position.symbol)
    return positions


def _position(entry: object, path: str) -> Position:
    if not isinstance(entry, dict):
        raise FieldError(path, "must be an object")
    return Position(
        symbol=required_id(entry, "symbol", f"{path}."),
        quantity=required_quantity(entry, "quantity", f"{path}."),
        price=required_positive(entry, "price", f"{path}."),
        sector=id_or_none(entry, "sector", f"{path}."),
    )


def _metrics(fields: JsonObject) -> dict[str, float]:
    listed = fields.get("metrics")
    if listed is None:
        return {}
    if not isinstance(listed, dict):
        raise FieldError("metrics", "must be an object")
    for name in listed:
        if not is_name(name):
            raise FieldError("metrics", f"names must be 1 to {ID_LENGTH_MAX} printable characters")
    return {name: _metric(name, value) for name, value in listed.items() if value is not None}


def _metric(name: str, value: object) -> float:
    # The one place where a double is made of a message: float() of the text is correctly rounded.
    metric = float(value.text) if isinstance(value, Number) else None
    if metric is None or not isfinite(metric):
        raise FieldError(f"metrics.{name}", "must be a finite JSON number")
    return metric
