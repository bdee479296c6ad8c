"""Reading what happened to a portfolio: valuations and executions."""

import math
from dataclasses import dataclass

from risk_stream.audit.naive.fields import (
    FieldError,
    Json,
    is_name,
    money,
    optional_id,
    quantity,
    record_moment,
    required_choice,
    required_id,
    signed_quantity,
)
from risk_stream.audit.naive.numbers import JsonNumber, scaled

STATUSES = ("PARTIALLY_FILLED", "FILLED", "CANCELLED", "EXPIRED", "REJECTED")
FILLS = STATUSES[:2]
INT64 = 2**63


@dataclass(frozen=True, slots=True)
class Position:
    """One symbol of a snapshot; quantity signed, both numbers in 10^-8."""

    quantity: int
    price: int
    sector: str | None


@dataclass(frozen=True, slots=True)
class Valuation:
    """Money in 10^-4; `positions` is None when the valuation brings no snapshot."""

    total_value: int
    cash_flow: int
    positions: dict[str, Position] | None
    metrics: dict[str, float]
    sequence: int | None
    ts: int


@dataclass(frozen=True, slots=True)
class Execution:
    """`last_quantity` and `last_price` in 10^-8, there for fills only."""

    order_id: str
    execution_id: str
    status: str
    symbol: str
    side: str
    last_quantity: int
    last_price: int
    ts: int

    @property
    def is_fill(self) -> bool:
        """Whether something was bought or sold."""
        return self.status in FILLS


def read_valuation(record: Json, timestamp: int) -> Valuation:
    """The valuation in a record; FieldError names what is wrong."""
    return Valuation(
        total_value=money(record, "total_value"),
        cash_flow=0 if record.get("cash_flow") is None else money(record, "cash_flow"),
        positions=read_positions(record.get("positions")),
        metrics=read_metrics(record.get("metrics")),
        sequence=read_sequence(record.get("sequence")),
        ts=record_moment(record, timestamp),
    )


def read_positions(raw: object) -> dict[str, Position] | None:
    """A full snapshot by symbol; a symbol listed twice makes it invalid."""
    if raw is None:
        return None
    if not isinstance(raw, list):
        raise FieldError("positions")
    snapshot: dict[str, Position] = {}
    for item in raw:
        try:
            symbol, position = read_position(item)
        except FieldError as error:
            raise FieldError("positions") from error
        if symbol in snapshot:
            raise FieldError("positions")
        snapshot[symbol] = position
    return snapshot


def read_position(item: object) -> tuple[str, Position]:
    """One symbol of a snapshot."""
    if not isinstance(item, dict):
        raise FieldError("positions")
    symbol = required_id(item, "symbol")
    return symbol, Position(signed_quantity(item, "quantity"), quantity(item, "price"), optional_id(item, "sector"))


def read_metrics(raw: object) -> dict[str, float]:
    """Metrics by name; a null metric is an absent one, a string is no number, one beyond the doubles is invalid."""
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise FieldError("metrics")
    metrics: dict[str, float] = {}
    for name, number in raw.items():
        if not is_name(name):
            raise FieldError("metrics")
        if number is None:
            continue
        if not isinstance(number, JsonNumber) or not math.isfinite(float(number)):
            raise FieldError("metrics")
        metrics[name] = float(number)
    return metrics


def read_sequence(raw: object) -> int | None:
    """An integer that fits 64 bits."""
    if raw is None:
        return None
    try:
        sequence = scaled(raw, 0)
    except ValueError as error:
        raise FieldError("sequence") from error
    if not isinstance(raw, JsonNumber) or abs(sequence) >= INT64:
        raise FieldError("sequence")
    return sequence


def read_execution(record: Json, timestamp: int) -> Execution:
    """The execution in a record; FieldError names what is wrong."""
    status = required_choice(record, "status", STATUSES)
    is_fill = status in FILLS
    return Execution(
        order_id=required_id(record, "order_id"),
        execution_id=required_id(record, "execution_id"),
        status=status,
        symbol=required_id(record, "symbol"),
        side=required_choice(record, "side", ("BUY", "SELL")),
        last_quantity=quantity(record, "last_quantity") if is_fill else 0,
        last_price=quantity(record, "last_price") if is_fill else 0,
        ts=record_moment(record, timestamp),
    )
