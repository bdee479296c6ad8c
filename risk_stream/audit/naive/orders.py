"""Reading order requests."""

from dataclasses import dataclass

from risk_stream.audit.naive.fields import (
    FieldError,
    Json,
    is_id,
    optional_choice,
    optional_id,
    optional_quantity,
    quantity,
    record_moment,
    required_choice,
    required_id,
)
from risk_stream.audit.naive.numbers import money_product


@dataclass(frozen=True, slots=True)
class Order:
    """A well-formed order; numbers in 10^-8, `ts` in epoch ms; `price` is None for MARKET."""

    order_id: str
    portfolio_id: str
    symbol: str
    side: str
    quantity: int
    price: int | None
    market: bool
    reference_price: int | None
    sector: str | None
    strategy_id: str | None
    trader_id: str | None
    ts: int

    @property
    def signed_quantity(self) -> int:
        """Positive for BUY, negative for SELL."""
        return self.quantity if self.side == "BUY" else -self.quantity

    def notional_at(self, price: int) -> int:
        """quantity x price as money."""
        return money_product(self.quantity, price)


def read_order(record: Json, timestamp: int) -> Order:
    """The order in a record whose ids are known to be usable; FieldError names what is wrong."""
    symbol = required_id(record, "symbol")
    side = required_choice(record, "side", ("BUY", "SELL"))
    size = quantity(record, "quantity")
    market = optional_choice(record, "order_type", ("LIMIT", "MARKET")) == "MARKET"
    price = optional_quantity(record, "price")
    if price is None and not market:
        raise FieldError("price")
    return Order(
        order_id=required_id(record, "order_id"),
        portfolio_id=required_id(record, "portfolio_id"),
        symbol=symbol,
        side=side,
        quantity=size,
        price=None if market else price,
        market=market,
        reference_price=optional_quantity(record, "reference_price"),
        sector=optional_id(record, "sector"),
        strategy_id=optional_id(record, "strategy_id"),
        trader_id=optional_id(record, "trader_id"),
        ts=record_moment(record, timestamp),
    )


def symbol_if_usable(record: Json) -> str | None:
    """What an INVALID_ORDER decision says of the symbol."""
    symbol = record.get("symbol")
    return symbol if isinstance(symbol, str) and is_id(symbol) else None


def ts_if_usable(record: Json, timestamp: int) -> int:
    """What an INVALID_ORDER decision says of the time: the record's timestamp where the order's own is unusable."""
    try:
        return record_moment(record, timestamp)
    except FieldError:
        return timestamp
