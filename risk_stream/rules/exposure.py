"""What the exposure kinds share: an amount of money, or its share of the last total value."""

from risk_stream.messages.compiled.result_row import NO_VALUATION, TOTAL_VALUE_NOT_POSITIVE
from risk_stream.rules.observation import MONEY_DIGITS, not_evaluable, observe_double, observe_integer
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.compiled import compiled
from risk_stream.state.int128 import is_positive, magnitude, to_double
from risk_stream.state.layout import Rows, State


@compiled
def lacks_valuation(state: State, plan: PlanArrays, index: int, slot: int, seen: Rows) -> bool:
    """Whether the limit divides by a total value that never came; it is not evaluable then."""
    if plan.limits[index].amount == 0 and state.portfolios[slot].tv < 0:
        not_evaluable(seen, NO_VALUATION)
        return True
    return False


@compiled
def observe_exposure(state: State, plan: PlanArrays, index: int, slot: int, high: int, low: int, seen: Rows) -> None:
    """Observed: |value| as money (unit amount) or divided by the last total value (unit ratio)."""
    value_hi, value_lo = magnitude(high, low)
    if plan.limits[index].amount == 1:
        observe_integer(seen, value_hi, value_lo, MONEY_DIGITS)
        return
    portfolio = state.portfolios[slot]
    if not is_positive(portfolio.total_hi, portfolio.total_lo):
        not_evaluable(seen, TOTAL_VALUE_NOT_POSITIVE)
        return
    observe_double(seen, to_double(value_hi, value_lo) / to_double(portfolio.total_hi, portfolio.total_lo))
