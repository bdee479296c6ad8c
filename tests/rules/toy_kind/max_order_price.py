"""MAX_ORDER_PRICE: the order's price."""

from risk_stream.messages.compiled.result_row import NO_PRICE
from risk_stream.rules.observation import QUANTITY_DIGITS, not_evaluable, observe_integer
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.compiled import compiled
from risk_stream.state.int128 import widen
from risk_stream.state.layout import Rows, State


@compiled
def observe_order(state: State, plan: PlanArrays, index: int, context: Rows, seen: Rows) -> None:
    """Observed: the order price, in units of 10^-8 as quantities are."""
    if context[0].price == 0:
        not_evaluable(seen, NO_PRICE)
        return
    high, low = widen(context[0].price)
    observe_integer(seen, high, low, QUANTITY_DIGITS)
