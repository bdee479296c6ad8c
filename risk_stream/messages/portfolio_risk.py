"""The latest risk picture of a portfolio, and its bytes. A projection: no decision depends on it."""

from enum import StrEnum

import msgspec

from risk_stream.messages.instant import format_time
from risk_stream.messages.json_text import quoted, quoted_or_null


class TradingState(StrEnum):
    """What a portfolio may do; from the least to the most severe."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


class Windows(msgspec.Struct, frozen=True, gc=False):
    """One number for each rolling window of peaks, as plain decimal text; None where there is none."""

    P1D: str | None
    P7D: str | None
    P30D: str | None
    TOTAL: str | None


class PortfolioRisk(msgspec.Struct, frozen=True, gc=False):
    """Money and ratios as plain decimal text, None before the first valuation (a drawdown also where its peak is <= 0).

    `value` is the applied record of `portfolio-values` it follows from, "partition@offset"; `controls` the controls
    version; `ts` that record's, in epoch milliseconds.
    """

    portfolio_id: str
    total_value: str | None
    peaks: Windows
    drawdowns: Windows
    gross_exposure: str | None
    net_exposure: str | None
    open_orders: int
    trading_state: TradingState
    value: str
    controls: int
    ts: int


def encode_portfolio_risk(risk: PortfolioRisk) -> bytes:
    """The payload."""
    return (
        f'{{"type":"PORTFOLIO_RISK","portfolio_id":{quoted(risk.portfolio_id)},'
        f'"total_value":{quoted_or_null(risk.total_value)},"peaks":{_windows(risk.peaks)},'
        f'"drawdowns":{_windows(risk.drawdowns)},"gross_exposure":{quoted_or_null(risk.gross_exposure)},'
        f'"net_exposure":{quoted_or_null(risk.net_exposure)},"open_orders":{risk.open_orders},'
        f'"trading_state":"{risk.trading_state}",'
        f'"inputs":{{"value":{quoted(risk.value)},"controls":{risk.controls}}},"ts":"{format_time(risk.ts)}"}}'
    ).encode()


def _windows(windows: Windows) -> str:
    return (
        f'{{"P1D":{quoted_or_null(windows.P1D)},"P7D":{quoted_or_null(windows.P7D)},'
        f'"P30D":{quoted_or_null(windows.P30D)},"TOTAL":{quoted_or_null(windows.TOTAL)}}}'
    )
