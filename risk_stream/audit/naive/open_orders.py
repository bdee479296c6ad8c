"""Approved orders that are not yet filled or closed."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

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
    """Open orders by a rising number, with the numbers of each id and the running sum of each symbol and side.

    An id that is no longer among the last 10,000 may be approved again while its first order is open: then both are,
    and what is said of the id means the oldest.
    """

    def __init__(self) -> None:
        self.numbers = count()
        self.open: dict[int, OpenOrder] = {}
        self.numbers_of: dict[str, list[int]] = {}
        self.sums: dict[tuple[str, str], int] = {}

    def __len__(self) -> int:
        return len(self.open)

    def quantity(self, symbol: str, side: str) -> int:
        """Open quantity of a symbol in one direction, never negative."""
        return self.sums.get((symbol, side), 0)

    def symbols(self) -> Iterable[str]:
        """Symbols with open quantity."""
        return {symbol for symbol, _ in self.sums}

    def find(self, order_id: str) -> int | None:
        """The number of the oldest open order of this id."""
        return min(self.numbers_of.get(order_id, []), default=None)

    def approve(self, order: Order, now: int) -> None:
        """An approved order is open at once."""
        number = next(self.numbers)
        self.open[number] = OpenOrder(order.order_id, order.symbol, order.side, order.quantity, now)
        self.numbers_of.setdefault(order.order_id, []).append(number)
        self.move(order.symbol, order.side, order.quantity)

    def fill(self, number: int, quantity: int) -> int:
        """Fill an open order; returns what of the quantity was not open."""
        order = self.open[number]
        filled = min(quantity, order.remaining)
        order.remaining -= filled
        self.move(order.symbol, order.side, -filled)
        if order.remaining == 0:
            self.close(number)
        return quantity - filled

    def close(self, number: int | None) -> None:
        """Close whatever is left of an order; nothing when it is not open."""
        if number is None or number not in self.open:
            return
        order = self.open.pop(number)
        self.numbers_of[order.order_id].remove(number)
        self.move(order.symbol, order.side, -order.remaining)

    def expire(self, now: int) -> None:
        """Close what was approved 24 hours of To ago or earlier; approvals stand in the order of To."""
        while self.open:
            number, oldest = next(iter(self.open.items()))
            if now - oldest.approved_at < DAY_MS:
                return
            self.close(number)

    def move(self, symbol: str, side: str, change: int) -> None:
        """Change the sum of a symbol and side."""
        total = self.quantity(symbol, side) + change
        if total:
            self.sums[symbol, side] = total
        else:
            self.sums.pop((symbol, side), None)
