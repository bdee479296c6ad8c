"""What each limit kind observes of an order; NotEvaluableError names the missing input."""

from collections.abc import Callable
from dataclasses import dataclass

from risk_stream.audit.naive.exposure import gross_after, net_after, own_value_after, sector_after
from risk_stream.audit.naive.judge import NotEvaluableError
from risk_stream.audit.naive.limits import Limit
from risk_stream.audit.naive.numbers import quotient
from risk_stream.audit.naive.orders import Order
from risk_stream.audit.naive.portfolio import Portfolio
from risk_stream.audit.naive.values import Valuation


@dataclass(frozen=True, slots=True)
class Case:
    """One order before one portfolio; `order_time` is To, `now` is T, `price` the order price (None: there is none)."""

    portfolio: Portfolio
    order: Order
    price: int | None
    sector: str | None
    order_time: int
    now: int

    def known_price(self) -> int:
        """The order price, which the limit needs."""
        if self.price is None:
            raise NotEvaluableError("NO_PRICE")
        return self.price

    def notional(self) -> int:
        """quantity x order price as money."""
        return self.order.notional_at(self.known_price())

    def known_valuation(self) -> Valuation:
        """The last valuation, which the limit needs."""
        if self.portfolio.valuation is None:
            raise NotEvaluableError("NO_VALUATION")
        return self.portfolio.valuation


def order_price(portfolio: Portfolio, order: Order) -> int | None:
    """`price`; for MARKET the `reference_price`, else the mark, else none."""
    if not order.market:
        return order.price
    return order.reference_price if order.reference_price is not None else portfolio.holdings.mark(order.symbol)


def max_order_quantity(limit: Limit, case: Case) -> int:
    """The order's quantity."""
    return case.order.quantity


def max_order_notional(limit: Limit, case: Case) -> int:
    """The order's notional."""
    return case.notional()


def price_collar(limit: Limit, case: Case) -> float:
    """|price - ref| / ref; 0 for a MARKET order."""
    price = case.order.price
    if price is None:
        return 0.0
    reference = case.order.reference_price
    if reference is None:
        reference = case.portfolio.holdings.snapshot_price(case.order.symbol)
    if reference is None:
        raise NotEvaluableError("NO_REFERENCE_PRICE")
    return quotient(abs(price - reference), reference)


def restricted_symbol(limit: Limit, case: Case) -> int:
    """1 for a listed symbol."""
    return 1 if case.order.symbol in limit.symbols else 0


def duplicate_order(limit: Limit, case: Case) -> int:
    """Earlier equal orders in the window."""
    return case.portfolio.history.equal_attempts_in(case.order, case.order_time, limit.window_ms)


def order_rate(limit: Limit, case: Case) -> int:
    """Attempts in the window, this one included."""
    return case.portfolio.history.attempts_in(case.order_time, limit.window_ms) + 1


def turnover(limit: Limit, case: Case) -> int:
    """Approved notional in the window and this order's."""
    return case.portfolio.history.approved_notional_in(case.order_time, limit.window_ms) + case.notional()


def open_orders(limit: Limit, case: Case) -> int:
    """Open orders and this one."""
    return len(case.portfolio.open_orders) + 1


def position_size(limit: Limit, case: Case) -> int | float:
    """|Value after| of the order's symbol."""
    require_valuation_for_ratio(limit, case)
    return exposure(limit, case, abs(own_value_after(case.portfolio, case.order, case.known_price())))


def sector_exposure(limit: Limit, case: Case) -> int | float:
    """Sum of |value after| over the sector of the order's symbol."""
    require_valuation_for_ratio(limit, case)
    price = case.known_price()
    if case.sector is None:
        raise NotEvaluableError("NO_SECTOR")
    return exposure(limit, case, sector_after(case.portfolio, case.order, price, case.sector))


def gross_exposure(limit: Limit, case: Case) -> int | float:
    """Sum of |value after| over all symbols."""
    require_valuation_for_ratio(limit, case)
    return exposure(limit, case, gross_after(case.portfolio, case.order, case.known_price()))


def net_exposure(limit: Limit, case: Case) -> int | float:
    """|Sum of value after| over all symbols."""
    require_valuation_for_ratio(limit, case)
    return exposure(limit, case, net_after(case.portfolio, case.order, case.known_price()))


def require_valuation_for_ratio(limit: Limit, case: Case) -> None:
    """An exposure in money needs no valuation, one as a ratio does."""
    if not limit.amount:
        case.known_valuation()


def exposure(limit: Limit, case: Case, value: int | None) -> int | float:
    """The value itself, or divided by the total value."""
    if value is None:
        raise NotEvaluableError("NO_PRICE")
    if limit.amount:
        return value
    total_value = case.known_valuation().total_value
    if total_value <= 0:
        raise NotEvaluableError("TOTAL_VALUE_NOT_POSITIVE")
    return quotient(value, total_value)


def drawdown(limit: Limit, case: Case) -> float:
    """(peak - (total value - adverse_move x notional)) / peak, not below 0."""
    total_value = case.known_valuation().total_value
    loss = limit.loss_of(case.notional()) if limit.adverse_move else 0
    return drawdown_of(case.portfolio, limit, case.now, total_value - loss)


def drawdown_of(portfolio: Portfolio, limit: Limit, now: int, value: int) -> float:
    """(peak - value) / peak, not below 0."""
    peak = portfolio.peaks.peak(limit.peak_window, now)
    if peak <= 0:
        raise NotEvaluableError("PEAK_NOT_POSITIVE")
    return quotient(max(peak - value, 0), peak)


def value_age(limit: Limit, case: Case) -> int:
    """Milliseconds from the last valuation to T."""
    return case.now - case.known_valuation().ts


def metric(limit: Limit, case: Case) -> float:
    """A metric of the last valuation."""
    return metric_of(limit, case.known_valuation())


def metric_of(limit: Limit, valuation: Valuation) -> float:
    """The limit's metric in a valuation."""
    if limit.metric not in valuation.metrics:
        raise NotEvaluableError("NO_METRIC")
    return valuation.metrics[limit.metric]


OBSERVERS: dict[str, Callable[[Limit, Case], int | float]] = {
    "MAX_ORDER_QUANTITY": max_order_quantity,
    "MAX_ORDER_NOTIONAL": max_order_notional,
    "PRICE_COLLAR": price_collar,
    "RESTRICTED_SYMBOL": restricted_symbol,
    "DUPLICATE_ORDER": duplicate_order,
    "ORDER_RATE": order_rate,
    "TURNOVER": turnover,
    "OPEN_ORDERS": open_orders,
    "POSITION_SIZE": position_size,
    "SECTOR_EXPOSURE": sector_exposure,
    "GROSS_EXPOSURE": gross_exposure,
    "NET_EXPOSURE": net_exposure,
    "DRAWDOWN": drawdown,
    "VALUE_AGE": value_age,
    "METRIC": metric,
}
