"""METRIC: a metric of the last valuation, compared with an operator."""

from risk_stream.messages.compiled.result_row import NO_METRIC, NO_VALUATION
from risk_stream.rules.observation import not_evaluable, observe_double
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import Rows, State
from risk_stream.state.metrics import find_metric


@compiled
def observe_metric(state: State, plan: PlanArrays, index: int, slot: int, seen: Rows) -> None:
    """Observed: the metric's double."""
    limit = plan.limits[index]
    if state.portfolios[slot].tv < 0:
        not_evaluable(seen, NO_VALUATION)
        return
    metric = find_metric(state, slot, limit.metric_h1, limit.metric_h2)
    if metric == -1:
        not_evaluable(seen, NO_METRIC)
    else:
        observe_double(seen, state.metrics[metric].value)


@compiled
def observe_order(state: State, plan: PlanArrays, index: int, context: Rows, seen: Rows) -> None:
    """Observed: what the last valuation said."""
    observe_metric(state, plan, index, context[0].slot, seen)


@compiled
def observe_value(
    state: State, plan: PlanArrays, index: int, slot: int, held_hi: int, held_lo: int, seen: Rows
) -> None:
    """Observed: what this valuation says."""
    observe_metric(state, plan, index, slot, seen)
