"""DUPLICATE_ORDER: earlier orders equal in symbol, side, quantity and price within the window."""

from risk_stream.rules.observation import COUNT_DIGITS, observe_integer
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.attempts import count_equal
from risk_stream.state.compiled import compiled
from risk_stream.state.int128 import widen
from risk_stream.state.layout import Rows, State


@compiled
def observe_order(state: State, plan: PlanArrays, index: int, context: Rows, seen: Rows) -> None:
    """Observed: a count without this order, which is the newest of its equals."""
    order = context[0]
    count = count_equal(state, order.slot, order.attempt, order.to, plan.limits[index].window_ms)
    high, low = widen(count - 1)
    observe_integer(seen, high, low, COUNT_DIGITS)
