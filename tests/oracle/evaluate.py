"""What each kind of limit observes, by an order and by a valuation."""

from __future__ import annotations

from tests.oracle.limits import EXPOSURES, Limit
from tests.oracle.numbers import QUANTITY, half_even, money
from tests.oracle.parse import Order
from tests.oracle.portfolio import Portfolio, since

Observed = int | float | str  # a str is the reason why it cannot be evaluated


class OrderView:
    """One order against its portfolio, before it changes anything but the clock and the attempts."""

    def __init__(self, portfolio: Portfolio, order: Order, at: int) -> None:
        self.portfolio, self.order, self.at = portfolio, order, at
        self.time = portfolio.latest()
        self.mark = portfolio.mark(order.symbol)
        self.price = order.price
        if order.market:
            self.price = order.reference if order.reference is not None else self.mark
        self.notional = None if self.price is None else money(order.quantity, self.price)
        self.sector = portfolio.sector(order.symbol, order.sector)
        self.sums: dict[tuple[str, str | None], int | None] = {}

    def in_scope(self, limit: Limit) -> bool:
        """Whether the limit's scope selects the order."""
        order = self.order
        mine = {
            "portfolio_id": order.portfolio_id, "symbol": order.symbol, "sector": self.sector,
            "strategy_id": order.strategy_id, "trader_id": order.trader_id,
        }  # fmt: skip
        return all(mine[name] == wanted for name, wanted in limit.scope.items())

    def reducing(self) -> bool:
        """Whether the order is strictly reducing."""
        order = self.order
        held = self.portfolio.held.get(order.symbol, 0)
        if held == 0 or (held > 0) == order.buy:
            return False
        return order.quantity + abs(self.portfolio.open_size(order.symbol, order.buy)) <= abs(held)

    def observe(self, limit: Limit) -> Observed:
        """What the limit sees in this order."""
        order, portfolio, kind = self.order, self.portfolio, limit.kind
        if kind == "MAX_ORDER_QUANTITY":
            return order.quantity
        if kind == "MAX_ORDER_NOTIONAL":
            return "NO_PRICE" if self.notional is None else self.notional
        if kind == "PRICE_COLLAR":
            return self._collar()
        if kind == "RESTRICTED_SYMBOL":
            return int(order.symbol in limit.symbols)
        if kind == "DUPLICATE_ORDER":
            alike = portfolio.alike[order.symbol, order.buy, order.quantity, order.price]
            return since(alike, self.at, limit.window_ms) - 1
        if kind == "ORDER_RATE":
            return since(portfolio.attempts, self.at, limit.window_ms)
        if kind == "TURNOVER":
            return "NO_PRICE" if self.notional is None else portfolio.turnover(self.at, limit.window_ms) + self.notional
        if kind == "OPEN_ORDERS":
            return len(portfolio.open) + 1
        if kind == "VALUE_AGE":
            return "NO_VALUATION" if portfolio.value_time is None else self.time - portfolio.value_time
        if kind == "METRIC":
            return metric(portfolio, limit)
        if kind == "DRAWDOWN":
            return self._drawdown(limit)
        return self._exposure(limit)

    def _collar(self) -> Observed:
        order = self.order
        if order.market:
            return 0.0
        line = self.portfolio.snapshot.get(order.symbol)
        reference = order.reference if order.reference is not None else line.price if line is not None else None
        if reference is None:
            return "NO_REFERENCE_PRICE"
        assert order.price is not None
        return float(abs(order.price - reference)) / float(reference)

    def _drawdown(self, limit: Limit) -> Observed:
        if self.portfolio.value_time is None:
            return "NO_VALUATION"
        adverse = 0
        if limit.adverse:
            if self.notional is None:
                return "NO_PRICE"
            adverse = half_even(limit.adverse * self.notional, 10**QUANTITY)
        return drawdown(self.portfolio, limit, self.time, adverse)

    def _exposure(self, limit: Limit) -> Observed:
        if limit.unit is None and self.portfolio.value_time is None:
            return "NO_VALUATION"
        if self.price is None:
            return "NO_PRICE"
        if limit.kind == "SECTOR_EXPOSURE" and self.sector is None:
            return "NO_SECTOR"
        value = self._value_after(limit.kind)
        if value is None:
            return "NO_PRICE"
        return share(self.portfolio, limit, value)

    def _value_after(self, kind: str) -> int | None:
        """The exposure after the order, in money; None when a symbol that counts has no price."""
        key = (kind, self.sector if kind == "SECTOR_EXPOSURE" else None)
        if key not in self.sums:
            self.sums[key] = self._sum_after(kind)
        return self.sums[key]

    def _sum_after(self, kind: str) -> int | None:
        assert self.price is not None and self.notional is not None
        order, portfolio = self.order, self.portfolio
        before = portfolio.held.get(order.symbol, 0) + portfolio.open_size(order.symbol, order.buy)
        own = money(before, self.mark if self.mark is not None else self.price)
        own += self.notional if order.buy else -self.notional
        if kind == "POSITION_SIZE":
            return abs(own)
        total = own if kind == "NET_EXPOSURE" else abs(own)
        for symbol in portfolio.held.keys() | {symbol for symbol, _ in portfolio.open_sizes}:
            if symbol == order.symbol or (kind == "SECTOR_EXPOSURE" and portfolio.sector(symbol) != self.sector):
                continue
            value = self._other(symbol, kind)
            if value is None:
                return None
            total += value
        return abs(total)

    def _other(self, symbol: str, kind: str) -> int | None:
        portfolio = self.portfolio
        mark, held = portfolio.mark(symbol), portfolio.held.get(symbol, 0)
        if kind == "NET_EXPOSURE":
            size = held + portfolio.open_size(symbol, self.order.buy)
            return 0 if size == 0 else None if mark is None else money(size, mark)
        if mark is None:
            return None
        return max(abs(money(held + portfolio.open_size(symbol, buy), mark)) for buy in (True, False))


def metric(portfolio: Portfolio, limit: Limit) -> Observed:
    """A metric of the last valuation."""
    if portfolio.value_time is None:
        return "NO_VALUATION"
    return portfolio.metrics.get(limit.metric, "NO_METRIC")


def drawdown(portfolio: Portfolio, limit: Limit, time: int, adverse: int) -> Observed:
    """The fall from the window's peak to the total value less an adverse move, as a share of the peak."""
    peak = portfolio.peaks.peak(limit.window, time)
    if peak <= 0:
        return "PEAK_NOT_POSITIVE"
    return float(max(peak - (portfolio.total - adverse), 0)) / float(peak)


def share(portfolio: Portfolio, limit: Limit, value: int) -> Observed:
    """An exposure in the limit's unit."""
    if limit.unit is not None:
        return value
    if portfolio.total <= 0:
        return "TOTAL_VALUE_NOT_POSITIVE"
    return float(value) / float(portfolio.total)


def standing(portfolio: Portfolio, limit: Limit, time: int) -> dict[str | None, Observed]:
    """What a standing limit sees after a valuation: by symbol, by sector, or under None for the whole portfolio."""
    if limit.kind == "METRIC":
        return {None: metric(portfolio, limit)}
    if limit.kind == "DRAWDOWN":
        return {None: drawdown(portfolio, limit, time, 0)}
    assert limit.kind in EXPOSURES
    return {item: share(portfolio, limit, value) for item, value in _held(portfolio, limit).items()}


def _held(portfolio: Portfolio, limit: Limit) -> dict[str | None, int]:
    values: dict[str, int] = {}
    for symbol, quantity in portfolio.held.items():
        mark = portfolio.mark(symbol)
        assert mark is not None, "whatever moves a position sets its mark"
        values[symbol] = money(quantity, mark)
    if limit.kind == "GROSS_EXPOSURE":
        return {None: sum(abs(value) for value in values.values())}
    if limit.kind == "NET_EXPOSURE":
        return {None: abs(sum(values.values()))}
    if limit.kind == "POSITION_SIZE":
        return {symbol: abs(value) for symbol, value in values.items() if limit.scope.get("symbol", symbol) == symbol}
    sectors: dict[str | None, int] = {}
    for symbol, value in values.items():
        sector = portfolio.sector(symbol)
        if sector is not None and limit.scope.get("sector", sector) == sector:
            sectors[sector] = sectors.get(sector, 0) + abs(value)
    return sectors
