"""Order requests, and those that are understood well enough to be refused by name."""

from enum import StrEnum

import msgspec


class Side(StrEnum):
    """Which way an order or a fill goes."""

    BUY = "BUY"
    SELL = "SELL"


class OrderType(StrEnum):
    """LIMIT orders carry a price; MARKET orders need none."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"


class Order(msgspec.Struct, frozen=True, gc=False):
    """A well-formed order. Quantities and prices in units of 10^-8, `ts` in epoch milliseconds.

    `price` of a MARKET order is None: its own price is ignored, but must have been valid if it was given.
    """

    order_id: str
    portfolio_id: str
    symbol: str
    side: Side
    quantity: int
    price: int | None
    order_type: OrderType
    reference_price: int | None
    sector: str | None
    strategy_id: str | None
    trader_id: str | None
    ts: int


class InvalidOrder(msgspec.Struct, frozen=True, gc=False):
    """An order with usable ids that is otherwise invalid: decided REJECTED INVALID_ORDER, and no trace in state.

    `detail` starts with the first field at fault; `symbol` is None where unusable; `ts` is the record's timestamp where
    the order's is unusable (a skewed one is).
    """

    order_id: str
    portfolio_id: str
    symbol: str | None
    detail: str
    ts: int
