"""The risk pictures of a step as records for `portfolio-risk`, in one buffer.

A drawdown of 2^63 or more and a time that RFC 3339 cannot write are left to the reference encoder.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from risk_stream.messages.compiled.encode_batch import with_left_out
from risk_stream.messages.compiled.row_message import text_of
from risk_stream.messages.compiled.write_risk import RISK_BYTES_MAX, write_risks
from risk_stream.messages.compiled.write_text import ESCAPED_BYTES_MAX_FACTOR
from risk_stream.messages.inputs import position_text
from risk_stream.messages.money import MONEY_DIGITS, format_double, format_scaled
from risk_stream.messages.packed import Packed, Span, no_headers
from risk_stream.messages.portfolio_risk import PortfolioRisk, TradingState, Windows, encode_portfolio_risk

TRADING_STATES = (TradingState.ACTIVE, TradingState.REDUCING, TradingState.HALTED)


def encode_risks(risks: npt.NDArray[np.void], ids: npt.NDArray[np.uint8], partition: int, controls: int) -> Packed:
    """One record a RISK_ROW, its key the portfolio's id; `ids` is the text that holds the ids, kept and not copied."""
    count = risks.size
    room = count * RISK_BYTES_MAX + ESCAPED_BYTES_MAX_FACTOR * int(risks["portfolio_id_len"].sum())
    buffer = np.empty(1 + room, np.uint8)
    starts = np.empty(count, np.int64)
    ends = np.empty(count, np.int64)
    end, left_out = write_risks(buffer, risks, ids, partition, controls, starts, ends)

    def encode(i: int) -> bytes:
        return encode_portfolio_risk(risk_of(risks[i], ids, partition, controls))

    values = with_left_out(buffer[:end].copy(), starts, ends, left_out, encode)
    ids_at = risks["portfolio_id_at"].copy()
    return Packed(Span(ids, ids_at, ids_at + risks["portfolio_id_len"]), values, no_headers(count))


def risk_of(row: Any, ids: npt.NDArray[np.uint8], partition: int, controls: int) -> PortfolioRisk:
    """The picture of a RISK_ROW."""
    falls = [float(fall) for fall in row["drawdown"]]
    return PortfolioRisk(
        portfolio_id=text_of(ids, row["portfolio_id_at"], row["portfolio_id_len"]),
        total_value=_sum(row, row["total_hi"], row["total_lo"]),
        peaks=Windows(*(_sum(row, high, low) for high, low in zip(row["peak_hi"], row["peak_lo"], strict=True))),
        drawdowns=Windows(*(format_double(fall) if row["valued"] and not math.isnan(fall) else None for fall in falls)),
        gross_exposure=_sum(row, row["gross_hi"], row["gross_lo"]),
        net_exposure=_sum(row, row["net_hi"], row["net_lo"]),
        open_orders=int(row["open_count"]),
        trading_state=TRADING_STATES[int(row["trading_state"])],
        value=position_text(partition, int(row["value_offset"])),
        controls=controls,
        ts=int(row["ts"]),
    )


def wide(high: Any, low: Any) -> int:
    """A 128-bit pair as an int."""
    return (int(high) << 64) + int(low)


def _sum(row: Any, high: Any, low: Any) -> str | None:
    return format_scaled(wide(high, low), MONEY_DIGITS) if row["valued"] else None
