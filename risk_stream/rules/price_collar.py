"""PRICE_COLLAR: how far a LIMIT price is from the reference, |price - ref| / ref."""

import numpy as np

from risk_stream.messages.compiled.result_row import NO_REFERENCE_PRICE
from risk_stream.rules.observation import not_evaluable, observe_double
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import Rows, State


@compiled
def observe_order(state: State, plan: PlanArrays, index: int, context: Rows, seen: Rows) -> None:
    """Observed: a ratio; 0 for a MARKET order. Prices are below 2^63, so their difference is exact."""
    order = context[0]
    if order.market == 1:
        observe_double(seen, 0.0)
    elif order.reference == 0:
        not_evaluable(seen, NO_REFERENCE_PRICE)
    else:
        observe_double(seen, np.float64(abs(order.limit_price - order.reference)) / np.float64(order.reference))
