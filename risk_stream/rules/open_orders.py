"""OPEN_ORDERS: approved orders not yet closed, plus this one."""

from risk_stream.rules.observation import COUNT_DIGITS, observe_integer
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.compiled import compiled
from risk_stream.state.int128 import widen
from risk_stream.state.layout import Rows, State


@compiled
def observe_order(state: State, plan: PlanArrays, index: int, context: Rows, seen: Rows) -> None:
    """Observed: a count."""
    high, low = widen(state.portfolios[context[0].slot].open_count + 1)
    observe_integer(seen, high, low, COUNT_DIGITS)
