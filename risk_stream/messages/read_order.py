"""The fields of an order, in the order in which the first one at fault is named."""

from typing import Final

from risk_stream.messages.fields import (
    FieldError,
    enum_or_none,
    id_or_none,
    positive_or_none,
    required_enum,
    required_id,
    required_positive,
)
from risk_stream.messages.ids import is_id
from risk_stream.messages.instant import event_time
from risk_stream.messages.json_object import JsonObject
from risk_stream.messages.order import InvalidOrder, Order, OrderType, Side

SIDES: Final = {side.value: side for side in Side}
_ORDER_TYPES: Final = {order_type.value: order_type for order_type in OrderType}


def read_order(fields: JsonObject, order_id: str, portfolio_id: str, timestamp: int) -> Order | InvalidOrder:
    """The order with these ids, or the reason why it is none; `timestamp` is the record's, in epoch milliseconds."""
    try:
        return _order(fields, order_id, portfolio_id, timestamp)
    except FieldError as error:
        symbol = fields.get("symbol")
        return InvalidOrder(
            order_id=order_id,
            portfolio_id=portfolio_id,
            symbol=symbol if is_id(symbol) else None,
            detail=str(error),
            ts=_usable_time(fields, timestamp),
        )


def _order(fields: JsonObject, order_id: str, portfolio_id: str, timestamp: int) -> Order:
    symbol = required_id(fields, "symbol")
    side = required_enum(fields, "side", SIDES)
    quantity = required_positive(fields, "quantity")
    price = positive_or_none(fields, "price")
    order_type = enum_or_none(fields, "order_type", _ORDER_TYPES) or OrderType.LIMIT
    if price is None and order_type is OrderType.LIMIT:
        raise FieldError("price", "is missing")
    return Order(
        order_id=order_id,
        portfolio_id=portfolio_id,
        symbol=symbol,
        side=side,
        quantity=quantity,
        price=price if order_type is OrderType.LIMIT else None,
        order_type=order_type,
        reference_price=positive_or_none(fields, "reference_price"),
        sector=id_or_none(fields, "sector"),
        strategy_id=id_or_none(fields, "strategy_id"),
        trader_id=id_or_none(fields, "trader_id"),
        ts=event_time(fields, timestamp),
    )


def _usable_time(fields: JsonObject, timestamp: int) -> int:
    try:
        return event_time(fields, timestamp)
    except FieldError:
        return timestamp
