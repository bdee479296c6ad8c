"""The limit kinds in evaluation order: the one place that knows them all.

Adding a kind: a file beside this one, a row in each list below that it belongs to, its number in kinds.py and its name
in messages/limit.py.
"""

from risk_stream.rules import (
    drawdown,
    duplicate_order,
    gross_exposure,
    kinds,
    max_order_notional,
    max_order_quantity,
    metric,
    net_exposure,
    open_orders,
    order_rate,
    position_size,
    price_collar,
    restricted_symbol,
    sector_exposure,
    turnover,
    value_age,
)
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import Rows, State

ONCE, PER_SYMBOL, PER_SECTOR, NEVER = range(4)
"""How a valuation evaluates a kind: once, for each symbol or sector held, or not at all."""


@compiled
def observe_order(state: State, plan: PlanArrays, index: int, context: Rows, seen: Rows) -> None:
    """Let the limit's kind observe an order."""
    kind = plan.limits[index].kind
    if kind == kinds.MAX_ORDER_QUANTITY:
        max_order_quantity.observe_order(context, seen)
    elif kind == kinds.MAX_ORDER_NOTIONAL:
        max_order_notional.observe_order(context, seen)
    elif kind == kinds.PRICE_COLLAR:
        price_collar.observe_order(context, seen)
    elif kind == kinds.RESTRICTED_SYMBOL:
        restricted_symbol.observe_order(plan, index, context, seen)
    elif kind == kinds.DUPLICATE_ORDER:
        duplicate_order.observe_order(state, plan, index, context, seen)
    elif kind == kinds.ORDER_RATE:
        order_rate.observe_order(state, plan, index, context, seen)
    elif kind == kinds.TURNOVER:
        turnover.observe_order(state, plan, index, context, seen)
    elif kind == kinds.OPEN_ORDERS:
        open_orders.observe_order(state, context, seen)
    elif kind == kinds.POSITION_SIZE:
        position_size.observe_order(state, plan, index, context, seen)
    elif kind == kinds.SECTOR_EXPOSURE:
        sector_exposure.observe_order(state, plan, index, context, seen)
    elif kind == kinds.GROSS_EXPOSURE:
        gross_exposure.observe_order(state, plan, index, context, seen)
    elif kind == kinds.NET_EXPOSURE:
        net_exposure.observe_order(state, plan, index, context, seen)
    elif kind == kinds.DRAWDOWN:
        drawdown.observe_order(state, plan, index, context, seen)
    elif kind == kinds.VALUE_AGE:
        value_age.observe_order(state, context, seen)
    else:
        metric.observe_metric(state, plan, index, context[0].slot, seen)


@compiled
def is_lifted_by_reducing(kind: int) -> bool:
    """Whether a strictly reducing order is exempt from the kind."""
    return kinds.POSITION_SIZE <= kind <= kinds.DRAWDOWN


@compiled
def standing(kind: int) -> int:
    """How a valuation evaluates a kind."""
    if kind == kinds.POSITION_SIZE:
        return PER_SYMBOL
    if kind == kinds.SECTOR_EXPOSURE:
        return PER_SECTOR
    if kind in (kinds.GROSS_EXPOSURE, kinds.NET_EXPOSURE, kinds.DRAWDOWN, kinds.METRIC):
        return ONCE
    return NEVER


@compiled
def observe_value(state: State, plan: PlanArrays, index: int, slot: int, subject: int, seen: Rows) -> None:
    """Let the limit's kind observe a portfolio as it is; `subject` is a position (PER_SYMBOL) or a sector's string."""
    kind = plan.limits[index].kind
    if kind == kinds.POSITION_SIZE:
        position_size.observe_value(state, plan, index, slot, subject, seen)
    elif kind == kinds.SECTOR_EXPOSURE:
        sector_exposure.observe_value(state, plan, index, slot, subject, seen)
    elif kind == kinds.GROSS_EXPOSURE:
        gross_exposure.observe_value(state, plan, index, slot, seen)
    elif kind == kinds.NET_EXPOSURE:
        net_exposure.observe_value(state, plan, index, slot, seen)
    elif kind == kinds.DRAWDOWN:
        drawdown.observe_value(state, plan, index, slot, seen)
    else:
        metric.observe_metric(state, plan, index, slot, seen)
