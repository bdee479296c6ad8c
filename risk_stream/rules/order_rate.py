"""ORDER_RATE: order attempts of the portfolio in the window, this one included."""

from risk_stream.rules.observation import COUNT_DIGITS, observe_integer
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.compiled import compiled
from risk_stream.state.counters import COUNT_ATTEMPTS, advance, find_counter
from risk_stream.state.layout import Rows, State


@compiled
def observe_order(state: State, plan: PlanArrays, index: int, context: Rows, seen: Rows) -> None:
    """Observed: a count."""
    order = context[0]
    counter = find_counter(state, order.slot, COUNT_ATTEMPTS, plan.limits[index].window_ms)
    advance(state, counter, order.to)
    observe_integer(seen, state.counters[counter].sum_hi, state.counters[counter].sum_lo, COUNT_DIGITS)
