"""TURNOVER: approved notional of the portfolio in the window, plus this order."""

from risk_stream.messages.compiled.result_row import NO_PRICE
from risk_stream.rules.observation import MONEY_DIGITS, not_evaluable, observe_integer
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.compiled import compiled
from risk_stream.state.counters import SUM_NOTIONAL, advance, find_counter
from risk_stream.state.int128 import add
from risk_stream.state.layout import Rows, State


@compiled
def observe_order(state: State, plan: PlanArrays, index: int, context: Rows, seen: Rows) -> None:
    """Observed: money."""
    order = context[0]
    if order.price == 0:
        not_evaluable(seen, NO_PRICE)
        return
    counter = find_counter(state, order.slot, SUM_NOTIONAL, plan.limits[index].window_ms)
    advance(state, counter, order.to)
    rolling = state.counters[counter]
    high, low = add(rolling.sum_hi, rolling.sum_lo, order.notional_hi, order.notional_lo)
    observe_integer(seen, high, low, MONEY_DIGITS)
