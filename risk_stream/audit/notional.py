"""What an order is worth, from its record."""

import numpy as np

from risk_stream.messages.decode import Route, decode_order
from risk_stream.messages.money import multiply_to_money
from risk_stream.messages.order import Order
from risk_stream.messages.records import Records


def notional_of(orders: Records, offset: int, route: Route) -> int:
    """Quantity x price of the order at an offset, money in 10^-4; 0 where it has no price of its own or is no order."""
    i = int(np.searchsorted(orders.offsets, offset))
    if i == orders.size or orders.offsets[i] != offset:
        return 0
    order = decode_order(orders.values.field(i), orders.keys.field(i), int(orders.timestamps[i]), route)
    if not isinstance(order, Order):
        return 0
    price = order.price if order.price is not None else order.reference_price
    return multiply_to_money(order.quantity, price) if price is not None else 0
