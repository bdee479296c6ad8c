"""From the rows of the limit kinds (messages/limit_kind.py) to their files beside this one, and into one function.

A kind's file is named as the kind in lower case. It has `observe_order`, and `observe_value` when a valuation evaluates
the kind; both take what the functions of those names here do.
"""

from collections.abc import Callable
from importlib import import_module

from risk_stream.messages.limit_kind import LimitKind, Standing
from risk_stream.rules.dispatch import one_of
from risk_stream.rules.kinds import KIND_NUMBERS
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import Rows, State

Observer = Callable[..., None]


def observers(name: str, kinds: list[LimitKind]) -> dict[int, Observer]:
    """The function of that name of each kind's file, by the kind's number."""
    return {KIND_NUMBERS[kind]: getattr(import_module(f"risk_stream.rules.{kind.lower()}"), name) for kind in kinds}


_of_orders = one_of(observers("observe_order", list(LimitKind)))
_of_values = one_of(observers("observe_value", [kind for kind in LimitKind if kind.standing is not Standing.NEVER]))


@compiled
def observe_order(state: State, plan: PlanArrays, index: int, context: Rows, seen: Rows) -> None:
    """Let the limit's kind observe an order."""
    _of_orders(plan.limits[index].kind, state, plan, index, context, seen)


@compiled
def observe_value(
    state: State, plan: PlanArrays, index: int, slot: int, held_hi: int, held_lo: int, seen: Rows
) -> None:
    """Let the limit's kind observe a portfolio as it is.

    `held` is the sum of |held x mark| over the symbol or the sector, money; 0 for a kind that is evaluated once.
    """
    _of_values(plan.limits[index].kind, state, plan, index, slot, held_hi, held_lo, seen)
