"""MAX_ORDER_NOTIONAL: quantity x price, rounded half-even to money."""

from risk_stream.messages.compiled.result_row import NO_PRICE
from risk_stream.rules.observation import MONEY_DIGITS, not_evaluable, observe_integer
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import Rows, State


@compiled
def observe_order(state: State, plan: PlanArrays, index: int, context: Rows, seen: Rows) -> None:
    """Observed: the order's notional, money."""
    order = context[0]
    if order.price == 0:
        not_evaluable(seen, NO_PRICE)
    else:
        observe_integer(seen, order.notional_hi, order.notional_lo, MONEY_DIGITS)
