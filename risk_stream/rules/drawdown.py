"""DRAWDOWN: (peak - (total value - adverse_move x notional)) / peak over a rolling window, not below 0."""

import numpy as np

from risk_stream.messages.compiled.result_row import NO_PRICE, NO_VALUATION, PEAK_NOT_POSITIVE
from risk_stream.rules.observation import not_evaluable, observe_double
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.compiled import compiled
from risk_stream.state.int128 import FRACTION_TO_MONEY, add, is_positive, multiply_divide, subtract, to_double
from risk_stream.state.layout import Rows, State
from risk_stream.state.peaks import window_peak


@compiled
def observe_fall(state: State, slot: int, window: int, loss_hi: int, loss_lo: int, seen: Rows) -> None:
    """Observed: the fall from the window's peak to the last total value less a further loss (money)."""
    portfolio = state.portfolios[slot]
    peak_hi, peak_lo = window_peak(state, slot, window)
    if not is_positive(peak_hi, peak_lo):
        not_evaluable(seen, PEAK_NOT_POSITIVE)
        return
    fall_hi, fall_lo = subtract(peak_hi, peak_lo, portfolio.total_hi, portfolio.total_lo)
    fall_hi, fall_lo = add(fall_hi, fall_lo, loss_hi, loss_lo)
    if is_positive(fall_hi, fall_lo):
        observe_double(seen, to_double(fall_hi, fall_lo) / to_double(peak_hi, peak_lo))
    else:
        observe_double(seen, 0.0)


@compiled
def observe_order(state: State, plan: PlanArrays, index: int, context: Rows, seen: Rows) -> None:
    """Observed: the drawdown if the market then moved against the order by `adverse_move`."""
    limit = plan.limits[index]
    order = context[0]
    loss_hi = np.int64(0)
    loss_lo = np.uint64(0)
    if state.portfolios[order.slot].tv < 0:
        not_evaluable(seen, NO_VALUATION)
        return
    if limit.adverse_move != 0:
        if order.price == 0:
            not_evaluable(seen, NO_PRICE)
            return
        loss_hi, loss_lo = multiply_divide(order.notional_hi, order.notional_lo, limit.adverse_move, FRACTION_TO_MONEY)
    observe_fall(state, order.slot, limit.peak_window, loss_hi, loss_lo, seen)


@compiled
def observe_value(
    state: State, plan: PlanArrays, index: int, slot: int, held_hi: int, held_lo: int, seen: Rows
) -> None:
    """Observed: the drawdown as it is."""
    observe_fall(state, slot, plan.limits[index].peak_window, np.int64(0), np.uint64(0), seen)
