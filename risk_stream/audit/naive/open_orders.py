"""Approved orders that are not yet filled or closed."""

from collections.abc import Iterable
from dataclasses import dataclass

from risk_stream.audit.naive.history import DAY_MS
from risk_stream.audit.naive.orders import Order


@dataclass(slots=True)
class OpenOrder:
    """`remaining` in 10^-8; `approved_at` is To at approval."""

    order_id: str
    symbol: str
    side: str
    remaining: int
    approved_at: int


class OpenOrders:
    """Open orders in the order of approval, with the running sum of each symbol and side."""

    def __init__(self) -> None:
        self.by_id: dict[str, OpenOrder] = {}
        self.sums: dict[tuple[str, str], int] = {}

    def __len__(self) -> int:
        return len(self.by_id)

    def quantity(self, symbol: str, side: str) -> int:
        """Open quantity of a symbol in one direction, never negative."""
        return self.sums.get((symbol, side), 0)

    def symbols(self) -> Iterable[str]:
        """Symbols with open quantity."""
        return {symbol for symbol, _ in self.sums}

    def approve(self, order: Order, now: int) -> None:
        """An approved order is open at once; an earlier open one of the same id is replaced."""
        self.close(order.order_id)
        self.by_id[order.order_id] = OpenOrder(order.order_id, order.symbol, order.side, order.quantity, now)
        self.move(order.symbol, order.side, order.quantity)

    def fill(self, order_id: str, quantity: int) -> int | None:
        """Fill an order; returns what of the quantity was not open, None when the order is not open."""
        order = self.by_id.get(order_id)
        if order is None:
            return None
        filled = min(quantity, order.remaining)
        order.remaining -= filled
        self.move(order.symbol, order.side, -filled)
        if order.remaining == 0:
            self.close(order_id)
        return quantity - filled

    def close(self, order_id: str) -> None:
        """Close whatever is left of an order; nothing when it is not open."""
        order = self.by_id.pop(order_id, None)
        if order is not None:
            self.move(order.symbol, order.side, -order.remaining)

    def expire(self, now: int) -> None:
        """Close what was approved 24 hours of To ago or earlier; approvals stand in the order of To."""
        while self.by_id:
            oldest = next(iter(self.by_id.values()))
            if now - oldest.approved_at < DAY_MS:
                return
            self.close(oldest.order_id)

    def move(self, symbol: str, side: str, change: int) -> None:
        """Change the sum of a symbol and side."""
        total = self.quantity(symbol, side) + change
        if total:
            self.sums[symbol, side] = total
        else:
            self.sums.pop((symbol, side), None)
