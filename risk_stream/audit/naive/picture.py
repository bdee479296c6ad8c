"""The risk picture of one portfolio, for people and for comparison with what the engine publishes."""

from risk_stream.audit.naive.exposure import held_value
from risk_stream.audit.naive.limits import PEAK_BUCKETS
from risk_stream.audit.naive.numbers import MONEY, QUANTITY, format_double, format_scaled, quotient
from risk_stream.audit.naive.portfolio import Portfolio

Picture = dict[str, object]


def picture(portfolio: Portfolio, trading_state: str) -> Picture:
    """Decimals as strings; null where there is nothing (no valuation, a peak <= 0)."""
    valued = portfolio.valuation is not None
    values = [held_value(portfolio, symbol) for symbol in portfolio.holdings.held]
    total_value = None if portfolio.valuation is None else portfolio.valuation.total_value
    peaks = peaks_of(portfolio)
    return {
        "portfolio_id": portfolio.portfolio_id,
        "total_value": money(total_value),
        "peaks": {window: money(peak) for window, peak in peaks.items()},
        "drawdowns": {window: drawdown(peak, total_value) for window, peak in peaks.items()},
        "positions": {
            symbol: format_scaled(quantity, QUANTITY) for symbol, quantity in sorted(portfolio.holdings.held.items())
        },
        "gross_exposure": money(sum(abs(value) for value in values)) if valued else None,
        "net_exposure": money(abs(sum(values))) if valued else None,
        "open_orders": len(portfolio.open_orders),
        "trading_state": trading_state,
    }


def peaks_of(portfolio: Portfolio) -> dict[str, int | None]:
    """The peak of each window at T."""
    now = portfolio.now
    if portfolio.valuation is None or now is None:
        return dict.fromkeys(PEAK_BUCKETS)
    return {window: portfolio.peaks.peak(window, now) for window in PEAK_BUCKETS}


def money(amount: int | None) -> str | None:
    """An amount, if there is one."""
    return None if amount is None else format_scaled(amount, MONEY)


def drawdown(peak: int | None, total_value: int | None) -> str | None:
    """(peak - value) / peak."""
    if peak is None or total_value is None or peak <= 0:
        return None
    return format_double(quotient(peak - total_value, peak))
