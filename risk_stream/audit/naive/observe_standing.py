"""What the standing limits observe of a portfolio after a valuation: without orders, open ones included."""

from collections.abc import Callable

from risk_stream.audit.naive.exposure import held_value
from risk_stream.audit.naive.judge import NotEvaluableError
from risk_stream.audit.naive.limits import Limit
from risk_stream.audit.naive.numbers import quotient
from risk_stream.audit.naive.observe_order import drawdown_of, metric_of
from risk_stream.audit.naive.portfolio import Portfolio
from risk_stream.audit.naive.values import Valuation

Subject = str | None
"""The symbol or the sector a standing evaluation is about; None for the whole portfolio."""

Observer = Callable[[], int | float]


def standing(portfolio: Portfolio, valuation: Valuation, now: int, limit: Limit) -> dict[Subject, Observer]:
    """How to observe each thing the limit is about, as the portfolio now is."""

    def exposed(value: int) -> Observer:
        return lambda: exposure(limit, valuation, value)

    if limit.kind == "DRAWDOWN":
        return {None: lambda: drawdown_of(portfolio, limit, now, valuation.total_value)}
    if limit.kind == "METRIC":
        return {None: lambda: metric_of(limit, valuation)}
    values = {symbol: held_value(portfolio, symbol) for symbol in portfolio.holdings.held}
    if limit.kind == "GROSS_EXPOSURE":
        return {None: exposed(sum(abs(value) for value in values.values()))}
    if limit.kind == "NET_EXPOSURE":
        return {None: exposed(abs(sum(values.values())))}
    if limit.kind == "SECTOR_EXPOSURE":
        by_subject = sum_by_sector(portfolio, values)
    else:
        by_subject = {symbol: abs(value) for symbol, value in values.items()}
    return {subject: exposed(value) for subject, value in by_subject.items() if takes_subject(limit, subject)}


def takes_subject(limit: Limit, subject: str) -> bool:
    """Whether a per-symbol or per-sector limit is about this symbol or sector."""
    named = limit.scope.get("symbol" if limit.kind == "POSITION_SIZE" else "sector")
    return named is None or named == subject


def sum_by_sector(portfolio: Portfolio, values: dict[str, int]) -> dict[str, int]:
    """Sum of |value| over each sector held; symbols without a known sector are left out."""
    sums: dict[str, int] = {}
    for symbol, value in values.items():
        sector = portfolio.holdings.sector(symbol)
        if sector is not None:
            sums[sector] = sums.get(sector, 0) + abs(value)
    return sums


def exposure(limit: Limit, valuation: Valuation, value: int) -> int | float:
    """The value itself, or divided by the total value."""
    if limit.amount:
        return value
    if valuation.total_value <= 0:
        raise NotEvaluableError("TOTAL_VALUE_NOT_POSITIVE")
    return quotient(value, valuation.total_value)
