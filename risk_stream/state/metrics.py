"""The metrics of the last valuation, by the hash of their name (a limit names one by its hash, too)."""

import numpy as np

from risk_stream.state.arena import release, take
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import METRICS, State


@compiled
def find_metric(state: State, slot: int, h1: np.uint64, h2: np.uint64) -> int:
    """The metric of that name; -1 when the last valuation had none."""
    metric = state.portfolios[slot].metrics
    while metric != -1:
        if state.metrics[metric].h1 == h1 and state.metrics[metric].h2 == h2:
            return metric
        metric = state.metrics[metric].next
    return np.int32(-1)


@compiled
def add_metric(state: State, slot: int, h1: np.uint64, h2: np.uint64, value: float) -> None:
    """Remember a metric."""
    metric = take(state, METRICS, state.metrics)
    new = state.metrics[metric]
    new.h1 = h1
    new.h2 = h2
    new.value = value
    new.next = state.portfolios[slot].metrics
    state.portfolios[slot].metrics = np.int32(metric)


@compiled
def release_metrics(state: State, slot: int) -> None:
    """Forget all metrics of a portfolio."""
    metric = state.portfolios[slot].metrics
    while metric != -1:
        following = state.metrics[metric].next
        release(state, METRICS, state.metrics, metric)
        metric = following
    state.portfolios[slot].metrics = np.int32(-1)
