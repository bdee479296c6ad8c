"""NET_EXPOSURE: |sum of signed position value after the order|."""

from risk_stream.messages.compiled.result_row import NO_PRICE
from risk_stream.rules.exposure import lacks_valuation, observe_exposure
from risk_stream.rules.observation import not_evaluable
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.compiled import compiled
from risk_stream.state.int128 import add, subtract
from risk_stream.state.layout import Rows, State
from risk_stream.state.positions import others_unmarked_on


@compiled
def observe_order(state: State, plan: PlanArrays, index: int, context: Rows, seen: Rows) -> None:
    """Observed: own symbol after the order, others with what is open in its direction; O(1)."""
    order = context[0]
    if lacks_valuation(state, plan, index, order.slot, seen):
        return
    if order.price == 0 or others_unmarked_on(state, order.slot, order.side, order.position):
        not_evaluable(seen, NO_PRICE)
        return
    portfolio = state.portfolios[order.slot]
    total_hi, total_lo = portfolio.side_hi[order.side], portfolio.side_lo[order.side]
    if order.position != -1:
        own = state.holdings[state.positions[order.position].holding]
        total_hi, total_lo = subtract(total_hi, total_lo, own.value_hi[order.side], own.value_lo[order.side])
    total_hi, total_lo = add(total_hi, total_lo, order.after_hi, order.after_lo)
    observe_exposure(state, plan, index, order.slot, total_hi, total_lo, seen)


@compiled
def observe_value(
    state: State, plan: PlanArrays, index: int, slot: int, held_hi: int, held_lo: int, seen: Rows
) -> None:
    """Observed: what is held, without open orders; O(1)."""
    portfolio = state.portfolios[slot]
    observe_exposure(state, plan, index, slot, portfolio.held_net_hi, portfolio.held_net_lo, seen)
