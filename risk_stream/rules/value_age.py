"""VALUE_AGE: seconds from the last valuation to T."""

from risk_stream.messages.compiled.result_row import NO_VALUATION
from risk_stream.rules.observation import AGE_DIGITS, not_evaluable, observe_integer
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.compiled import compiled
from risk_stream.state.int128 import widen
from risk_stream.state.layout import Rows, State


@compiled
def observe_order(state: State, plan: PlanArrays, index: int, context: Rows, seen: Rows) -> None:
    """Observed: an age in milliseconds, written as seconds."""
    order = context[0]
    valued_ts = state.portfolios[order.slot].tv
    if valued_ts < 0:
        not_evaluable(seen, NO_VALUATION)
        return
    high, low = widen(order.now - valued_ts)
    observe_integer(seen, high, low, AGE_DIGITS)
