"""Held quantities, marks and sectors of one portfolio."""

from risk_stream.audit.naive.orders import Order
from risk_stream.audit.naive.values import Execution, Position


class Holdings:
    """Quantities and prices in 10^-8."""

    def __init__(self) -> None:
        self.held: dict[str, int] = {}  # symbols with a quantity other than 0
        self.snapshot: dict[str, Position] = {}
        self.snapshot_ts: int | None = None
        self.fill_prices: dict[str, int] = {}  # of fills later than the snapshot
        self.approved_prices: dict[str, int] = {}
        self.order_sectors: dict[str, str] = {}

    def take_snapshot(self, positions: dict[str, Position], ts: int) -> None:
        """A snapshot replaces all quantities and marks."""
        self.held = {symbol: position.quantity for symbol, position in positions.items() if position.quantity}
        self.snapshot = positions
        self.snapshot_ts = ts
        self.fill_prices = {}

    def take_fill(self, fill: Execution) -> None:
        """A fill moves the position and sets the mark, unless the snapshot has it already."""
        if self.snapshot_ts is not None and fill.ts <= self.snapshot_ts:
            return
        change = fill.last_quantity if fill.side == "BUY" else -fill.last_quantity
        quantity = self.held.pop(fill.symbol, 0) + change
        if quantity:
            self.held[fill.symbol] = quantity
        self.fill_prices[fill.symbol] = fill.last_price

    def mark(self, symbol: str) -> int | None:
        """The price a symbol is valued at: the snapshot's, else the last fill's, else the last approved order's."""
        if symbol in self.snapshot:
            return self.snapshot[symbol].price
        if symbol in self.fill_prices:
            return self.fill_prices[symbol]
        return self.approved_prices.get(symbol)

    def snapshot_price(self, symbol: str) -> int | None:
        """The symbol's price in the last snapshot."""
        return self.snapshot[symbol].price if symbol in self.snapshot else None

    def sector(self, symbol: str, order: Order | None = None) -> str | None:
        """The snapshot's sector, else that on the order, else that of the last order of the symbol that named one."""
        if symbol in self.snapshot and self.snapshot[symbol].sector is not None:
            return self.snapshot[symbol].sector
        if order is not None and order.symbol == symbol and order.sector is not None:
            return order.sector
        return self.order_sectors.get(symbol)
