"""The risk picture of a portfolio: peaks, drawdowns, exposures and trading state as they are now."""

import math

import numpy as np

from risk_stream.decide.binding import bind, trading_state
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.compiled import compiled
from risk_stream.state.int128 import is_positive, magnitude, subtract, to_double
from risk_stream.state.layout import Int32s, Rows, State
from risk_stream.state.peaks import expire_peaks, window_peak


@compiled
def take_pictures(state: State, plan: PlanArrays, slots: Int32s, pictures: Rows) -> None:
    """Fill one RISK_ROW a slot, all but its id and `ts`."""
    for i in range(slots.shape[0]):
        slot = slots[i]
        bind(state, plan, slot)
        picture = pictures[i]
        portfolio = state.portfolios[slot]
        expire_peaks(state, slot, max(portfolio.to, portfolio.tv))
        picture.valued = np.int8(portfolio.tv >= 0)
        picture.total_hi = portfolio.total_hi
        picture.total_lo = portfolio.total_lo
        picture.open_count = portfolio.open_count
        picture.value_offset = portfolio.value_offset
        for window in range(4):
            high, low = window_peak(state, slot, window)
            picture.peak_hi[window] = high
            picture.peak_lo[window] = low
            if is_positive(high, low):
                fall_hi, fall_lo = subtract(high, low, portfolio.total_hi, portfolio.total_lo)
                fall = to_double(fall_hi, fall_lo) / to_double(high, low)
                picture.drawdown[window] = max(fall, 0.0)
            else:
                picture.drawdown[window] = math.nan
        picture.gross_hi = portfolio.held_gross_hi
        picture.gross_lo = portfolio.held_gross_lo
        high, low = magnitude(portfolio.held_net_hi, portfolio.held_net_lo)
        picture.net_hi = high
        picture.net_lo = low
        picture.trading_state = np.int8(trading_state(state, plan, slot))
