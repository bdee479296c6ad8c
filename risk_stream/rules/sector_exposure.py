"""SECTOR_EXPOSURE: sum of |position value after the order| over the sector of the order's symbol."""

from risk_stream.messages.compiled.result_row import NO_PRICE, NO_SECTOR
from risk_stream.rules.exposure import lacks_valuation, observe_exposure
from risk_stream.rules.observation import not_evaluable
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.compiled import compiled
from risk_stream.state.int128 import add, magnitude
from risk_stream.state.layout import Rows, State
from risk_stream.state.positions import is_idle, larger_value, mark_of, sector_of


@compiled
def observe_order(state: State, plan: PlanArrays, index: int, context: Rows, seen: Rows) -> None:
    """Observed: own symbol after the order, others with the larger of open buys and sells; O(symbols)."""
    order = context[0]
    if lacks_valuation(state, plan, index, order.slot, seen):
        return
    if order.price == 0:
        not_evaluable(seen, NO_PRICE)
        return
    total_hi, total_lo = magnitude(order.after_hi, order.after_lo)
    position = state.portfolios[order.slot].positions
    while position != -1 and order.sector != -1:
        if position != order.position and sector_of(state, position) == order.sector:
            if mark_of(state, position) == 0 and not is_idle(state, position):
                not_evaluable(seen, NO_PRICE)
                return
            high, low = larger_value(state, position)
            total_hi, total_lo = add(total_hi, total_lo, high, low)
        position = state.positions[position].next
    if order.sector == -1:
        not_evaluable(seen, NO_SECTOR)
        return
    observe_exposure(state, plan, index, order.slot, total_hi, total_lo, seen)


@compiled
def observe_value(
    state: State, plan: PlanArrays, index: int, slot: int, held_hi: int, held_lo: int, seen: Rows
) -> None:
    """Observed: one sector as it is held, without open orders."""
    observe_exposure(state, plan, index, slot, held_hi, held_lo, seen)
