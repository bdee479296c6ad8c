"""POSITION_SIZE: |position value after the order| of the order's symbol; standing: of each symbol held."""

from risk_stream.messages.compiled.result_row import NO_PRICE
from risk_stream.rules.exposure import lacks_valuation, observe_exposure
from risk_stream.rules.observation import not_evaluable
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import Rows, State


@compiled
def observe_order(state: State, plan: PlanArrays, index: int, context: Rows, seen: Rows) -> None:
    """Observed: the order's own symbol, open quantity in its direction included."""
    order = context[0]
    if lacks_valuation(state, plan, index, order.slot, seen):
        return
    if order.price == 0:
        not_evaluable(seen, NO_PRICE)
        return
    observe_exposure(state, plan, index, order.slot, order.after_hi, order.after_lo, seen)


@compiled
def observe_value(
    state: State, plan: PlanArrays, index: int, slot: int, held_hi: int, held_lo: int, seen: Rows
) -> None:
    """Observed: one symbol as it is held, without open orders."""
    observe_exposure(state, plan, index, slot, held_hi, held_lo, seen)
