"""What each input record says: an order, a valuation or an execution, or why it says nothing usable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from tests.oracle.numbers import MONEY, QUANTITY, Number, scaled
from tests.oracle.wire import Unreadable, is_id, partition_of, read_object, record_time_ms, without_nulls

SIZE_END = 10 ** (10 + QUANTITY)
MONEY_END = 10 ** (14 + MONEY)
SIDES = ("BUY", "SELL")
FILLS = ("PARTIALLY_FILLED", "FILLED")
STATUSES = (*FILLS, "CANCELLED", "EXPIRED", "REJECTED")
Fields = dict[str, object]


@dataclass(slots=True)
class Dead:
    """A record that ends as a dead letter. `named` reasons are fixed by the contract, others are for people."""

    reason: str
    named: bool = False


@dataclass(slots=True)
class BadOrder:
    """An order with usable ids and at least one invalid field."""

    order_id: str
    portfolio_id: str
    symbol: str | None
    bad: list[str]
    ts: int


@dataclass(slots=True)
class Order:
    """A well-formed order; `price` of a MARKET order is None."""

    order_id: str
    portfolio_id: str
    symbol: str
    buy: bool
    quantity: int
    price: int | None
    market: bool
    reference: int | None
    sector: str | None
    strategy_id: str | None
    trader_id: str | None
    ts: int


@dataclass(slots=True)
class Holding:
    """One line of a snapshot."""

    quantity: int
    price: int
    sector: str | None


@dataclass(slots=True)
class Valuation:
    """A valuation; `positions` None means "as they were"."""

    portfolio_id: str
    total: int
    flow: int
    positions: dict[str, Holding] | None
    metrics: dict[str, float]
    sequence: int | None
    ts: int


@dataclass(slots=True)
class Execution:
    """What happened to an order; quantity and price are None unless it is a fill."""

    portfolio_id: str
    order_id: str
    execution_id: str
    status: str
    symbol: str
    buy: bool
    quantity: int | None
    price: int | None
    ts: int


def size(value: object) -> int | None:
    """A quantity or price above 0 in 10^-8."""
    found = scaled(value, QUANTITY)
    return found if found is not None and 0 < found < SIZE_END else None


def amount(value: object) -> int | None:
    """Money in 10^-4."""
    found = scaled(value, MONEY)
    return found if found is not None and abs(found) < MONEY_END else None


def misplaced(portfolio_id: str, key: bytes | None, partition: int, partitions: int) -> Dead | None:
    """Whether the record's key or partition is not its portfolio's."""
    if key != portfolio_id.encode():
        return Dead("KEY_MISMATCH", named=True)
    if partition_of(key, partitions) != partition:
        return Dead("WRONG_PARTITION", named=True)
    return None


def parse_order(
    value: bytes | None, key: bytes | None, timestamp: int, partition: int, partitions: int
) -> Order | BadOrder | Dead:
    """What a record of `orders` says."""
    try:
        fields = read_object(value)
    except Unreadable:
        return Dead("MALFORMED_JSON")
    order_id, portfolio_id = fields.get("order_id"), fields.get("portfolio_id")
    if not is_id(order_id) or not is_id(portfolio_id):
        return Dead("UNUSABLE_ID")
    assert isinstance(order_id, str) and isinstance(portfolio_id, str)
    return misplaced(portfolio_id, key, partition, partitions) or _order(fields, order_id, portfolio_id, timestamp)


def _order(fields: Fields, order_id: str, portfolio_id: str, timestamp: int) -> Order | BadOrder:
    bad = []
    symbol = fields.get("symbol")
    if not is_id(symbol):
        bad.append("symbol")
    side = fields.get("side")
    if side not in SIDES:
        bad.append("side")
    quantity = size(fields.get("quantity"))
    if quantity is None:
        bad.append("quantity")
    kind = fields.get("order_type", "LIMIT")
    if kind not in ("LIMIT", "MARKET"):
        bad.append("order_type")
    price = size(fields.get("price"))
    if price is None and ("price" in fields or kind != "MARKET"):
        bad.append("price")
    reference = size(fields.get("reference_price"))
    if reference is None and "reference_price" in fields:
        bad.append("reference_price")
    bad += [name for name in ("sector", "strategy_id", "trader_id") if name in fields and not is_id(fields[name])]
    ts, valid = record_time_ms(fields, timestamp)
    if not valid:
        bad.append("ts")
    if bad:
        usable = symbol if isinstance(symbol, str) and "symbol" not in bad else None
        return BadOrder(order_id, portfolio_id, usable, bad, ts)
    assert isinstance(symbol, str) and quantity is not None
    market = kind == "MARKET"
    return Order(
        order_id, portfolio_id, symbol, side == "BUY", quantity, None if market else price, market, reference,
        fields.get("sector"), fields.get("strategy_id"), fields.get("trader_id"), ts,  # type: ignore[arg-type]
    )  # fmt: skip


def parse_value(
    value: bytes | None, key: bytes | None, timestamp: int, partition: int, partitions: int
) -> Valuation | Execution | Dead:
    """What a record of `portfolio-values` says."""
    try:
        fields = read_object(value)
    except Unreadable:
        return Dead("MALFORMED_JSON")
    portfolio_id = fields.get("portfolio_id")
    if not is_id(portfolio_id):
        return Dead("UNUSABLE_ID")
    assert isinstance(portfolio_id, str)
    wrong = misplaced(portfolio_id, key, partition, partitions)
    if wrong is not None:
        return wrong
    ts, valid = record_time_ms(fields, timestamp)
    kind = fields.get("type", "VALUATION")
    if kind not in ("VALUATION", "EXECUTION"):
        return Dead("UNKNOWN_TYPE")
    if not valid:
        return Dead("INVALID_TS")
    if kind == "EXECUTION":
        return _execution(fields, portfolio_id, ts) or Dead("INVALID_EXECUTION")
    return _valuation(fields, portfolio_id, ts) or Dead("INVALID_VALUATION")


def _valuation(fields: Fields, portfolio_id: str, ts: int) -> Valuation | None:
    total = amount(fields.get("total_value"))
    flow = amount(fields.get("cash_flow", Number("0")))
    positions = _positions(fields["positions"]) if "positions" in fields else None
    metrics = _metrics(fields.get("metrics", {}))
    sequence = fields.get("sequence")
    if total is None or flow is None or metrics is None or (positions is None and "positions" in fields):
        return None
    number = None
    if sequence is not None:
        number = scaled(sequence, 0) if isinstance(sequence, Number) else None
        if number is None or abs(number) >= 2**63:
            return None
    return Valuation(portfolio_id, total, flow, positions, metrics, number, ts)


def _positions(lines: object) -> dict[str, Holding] | None:
    if not isinstance(lines, list):
        return None
    found: dict[str, Holding] = {}
    for line in lines:
        if not isinstance(line, dict):
            return None
        fields = without_nulls(line)
        symbol, sector = fields.get("symbol"), fields.get("sector")
        quantity, price = scaled(fields.get("quantity"), QUANTITY), size(fields.get("price"))
        if not is_id(symbol) or symbol in found or quantity is None or abs(quantity) >= SIZE_END or price is None:
            return None
        if sector is not None and not is_id(sector):
            return None
        found[symbol] = Holding(quantity, price, sector)  # type: ignore[index,arg-type]
    return found


def _metrics(found: object) -> dict[str, float] | None:
    if not isinstance(found, dict):
        return None
    metrics = {}
    for name, text in without_nulls(found).items():
        if not isinstance(text, Number) or float(text) in (float("inf"), float("-inf")):
            return None
        metrics[name] = float(text)
    return metrics


def _execution(fields: Fields, portfolio_id: str, ts: int) -> Execution | None:
    order_id, execution_id, symbol = fields.get("order_id"), fields.get("execution_id"), fields.get("symbol")
    status, side = fields.get("status"), fields.get("side")
    if not (is_id(order_id) and is_id(execution_id) and is_id(symbol)) or status not in STATUSES or side not in SIDES:
        return None
    quantity, price = size(fields.get("last_quantity")), size(fields.get("last_price"))
    for name, read in (("last_quantity", quantity), ("last_price", price)):
        if read is None and (status in FILLS or name in fields):
            return None
    order, own, name = cast(str, order_id), cast(str, execution_id), cast(str, symbol)
    return Execution(portfolio_id, order, own, str(status), name, side == "BUY", quantity, price, ts)
