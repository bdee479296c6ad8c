"""SECTOR_EXPOSURE: sum of |position value after the order| over the sector of the order's symbol."""

from risk_stream.messages.compiled.result_row import NO_PRICE, NO_SECTOR
from risk_stream.rules.exposure import lacks_valuation, observe_exposure
from risk_stream.rules.observation import not_evaluable
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.compiled import compiled
from risk_stream.state.int128 import add, magnitude, subtract
from risk_stream.state.layout import Rows, State
from risk_stream.state.positions import larger_value, others_unmarked, sector_row_of


@compiled
def observe_order(state: State, plan: PlanArrays, index: int, context: Rows, seen: Rows) -> None:
    """Observed: own symbol after the order, others with the larger of open buys and sells; O(1)."""
    order = context[0]
    if lacks_valuation(state, plan, index, order.slot, seen):
        return
    if order.price == 0:
        not_evaluable(seen, NO_PRICE)
        return
    if order.sector == -1:
        not_evaluable(seen, NO_SECTOR)
        return
    # The order's symbol has a position, for that is what remembers the sector.
    sums = state.sectors[sector_row_of(state, order.position)]
    if others_unmarked(state, sums.unmarked, order.position):
        not_evaluable(seen, NO_PRICE)
        return
    high, low = larger_value(state, order.position)
    total_hi, total_lo = subtract(sums.gross_hi, sums.gross_lo, high, low)
    high, low = magnitude(order.after_hi, order.after_lo)
    total_hi, total_lo = add(total_hi, total_lo, high, low)
    observe_exposure(state, plan, index, order.slot, total_hi, total_lo, seen)


@compiled
def observe_value(
    state: State, plan: PlanArrays, index: int, slot: int, held_hi: int, held_lo: int, seen: Rows
) -> None:
    """Observed: one sector as it is held, without open orders."""
    observe_exposure(state, plan, index, slot, held_hi, held_lo, seen)
