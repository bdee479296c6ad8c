"""GROSS_EXPOSURE: sum of |position value after the order| over all symbols."""

from risk_stream.messages.compiled.result_row import NO_PRICE
from risk_stream.rules.exposure import lacks_valuation, observe_exposure
from risk_stream.rules.observation import not_evaluable
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.compiled import compiled
from risk_stream.state.int128 import add, magnitude, subtract
from risk_stream.state.layout import Rows, State
from risk_stream.state.positions import larger_value, others_unmarked


@compiled
def observe_order(state: State, plan: PlanArrays, index: int, context: Rows, seen: Rows) -> None:
    """Observed: own symbol after the order, others with the larger of open buys and sells; O(1)."""
    order = context[0]
    if lacks_valuation(state, plan, index, order.slot, seen):
        return
    if order.price == 0 or others_unmarked(state, state.portfolios[order.slot].unmarked, order.position):
        not_evaluable(seen, NO_PRICE)
        return
    portfolio = state.portfolios[order.slot]
    total_hi, total_lo = portfolio.gross_hi, portfolio.gross_lo
    if order.position != -1:
        high, low = larger_value(state, order.position)
        total_hi, total_lo = subtract(total_hi, total_lo, high, low)
    high, low = magnitude(order.after_hi, order.after_lo)
    total_hi, total_lo = add(total_hi, total_lo, high, low)
    observe_exposure(state, plan, index, order.slot, total_hi, total_lo, seen)


@compiled
def observe_value(
    state: State, plan: PlanArrays, index: int, slot: int, held_hi: int, held_lo: int, seen: Rows
) -> None:
    """Observed: what is held, without open orders; O(1)."""
    portfolio = state.portfolios[slot]
    observe_exposure(state, plan, index, slot, portfolio.held_gross_hi, portfolio.held_gross_lo, seen)
