"""RESTRICTED_SYMBOL: 1 when the order's symbol is on the limit's list."""

import numpy as np

from risk_stream.rules.observation import COUNT_DIGITS, observe_integer
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import Rows, State


@compiled
def is_listed(symbols: Rows, first: int, end: int, h1: np.uint64, h2: np.uint64) -> bool:
    """Binary search in a range sorted by h1."""
    low = first
    high = end
    while low < high:
        middle = (low + high) // 2
        if symbols[middle].h1 < h1:
            low = middle + 1
        else:
            high = middle
    while low < end and symbols[low].h1 == h1:
        if symbols[low].h2 == h2:
            return True
        low += 1
    return False


@compiled
def observe_order(state: State, plan: PlanArrays, index: int, context: Rows, seen: Rows) -> None:
    """Observed: 1 or 0."""
    limit = plan.limits[index]
    order = context[0]
    listed = is_listed(plan.symbols, limit.symbols_from, limit.symbols_to, order.symbol_h1, order.symbol_h2)
    observe_integer(seen, np.int64(0), np.uint64(1) if listed else np.uint64(0), COUNT_DIGITS)
