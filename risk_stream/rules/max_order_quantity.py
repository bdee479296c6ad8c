"""MAX_ORDER_QUANTITY: the order's quantity."""

from risk_stream.rules.observation import QUANTITY_DIGITS, observe_integer
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.compiled import compiled
from risk_stream.state.int128 import widen
from risk_stream.state.layout import Rows, State


@compiled
def observe_order(state: State, plan: PlanArrays, index: int, context: Rows, seen: Rows) -> None:
    """Observed: quantity."""
    high, low = widen(context[0].quantity)
    observe_integer(seen, high, low, QUANTITY_DIGITS)
