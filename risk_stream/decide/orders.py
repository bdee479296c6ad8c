"""The one loop that decides a batch of orders, in the order of the log.

`decide_order` is all there is to a decision, step by step as in SEMANTICS.md 4; what it calls only observes, compares
or remembers.
"""

import numpy as np

from risk_stream.decide.ahead import ask_ahead
from risk_stream.decide.binding import bind, equal_window_ms, find_row, trading_state
from risk_stream.decide.context import (
    is_strictly_reducing,
    learn_names,
    learn_people,
    learn_prices,
    learn_symbol,
    learn_values,
)
from risk_stream.decide.report import name_sector, report, severity_of
from risk_stream.decide.results import ORDERS, VIOLATIONS, Results
from risk_stream.messages.compiled.order_row import INVALID, WELL_FORMED
from risk_stream.messages.compiled.result_row import (
    CODE_DUPLICATE_ORDER_ID,
    CODE_HALTED,
    CODE_INVALID_ORDER,
    CODE_NOT_EVALUABLE,
    CODE_OF_KIND,
    CODE_OK,
    CODE_OVERRIDDEN,
    CODE_REDUCING,
    DETECTED,
    NO_REASON,
    WARNING,
)
from risk_stream.rules import catalogue, kinds
from risk_stream.rules import plan as pl
from risk_stream.rules.judge import VIOLATED, WITHIN, is_quiet, judge
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.attempts import expire_attempts, find_attempt, remember_attempt
from risk_stream.state.chunks import touch
from risk_stream.state.compiled import compiled
from risk_stream.state.counters import COUNT_ATTEMPTS, SUM_NOTIONAL, count_in
from risk_stream.state.layout import Bytes, Int32s, Int64s, Rows, State
from risk_stream.state.levels import CONSUMED, find_level, start_level
from risk_stream.state.opens import expire_opens, open_order
from risk_stream.state.peaks import expire_peaks

NO_DECISION = -1
"""DECISION_ROW.code of a record that ends as a dead letter."""


@compiled
def takes(plan: PlanArrays, index: int, context: Rows) -> bool:
    """Whether the limit counts now and its scope takes the order (portfolio scopes are settled by the lists)."""
    limit = plan.limits[index]
    order = context[0]
    if limit.mode == kinds.MODE_PAUSED or limit.effective_from > order.now:
        return False
    if limit.has_symbol == 1 and not (limit.symbol_h1 == order.symbol_h1 and limit.symbol_h2 == order.symbol_h2):
        return False
    if limit.has_sector == 1 and not (
        order.sector != -1 and limit.sector_h1 == order.sector_h1 and limit.sector_h2 == order.sector_h2
    ):
        return False
    if limit.has_strategy == 1 and not (
        order.has_strategy == 1 and limit.strategy_h1 == order.strategy_h1 and limit.strategy_h2 == order.strategy_h2
    ):
        return False
    if limit.has_trader == 1 and not (
        order.has_trader == 1 and limit.trader_h1 == order.trader_h1 and limit.trader_h2 == order.trader_h2
    ):
        return False
    return not (order.reducing == 1 and limit.lifted == 1)


@compiled
def observe(state: State, plan: PlanArrays, index: int, context: Rows, seen: Rows, results: Results) -> None:
    """Let a limit's kind observe the order, unless another limit has observed the same of it."""
    number = plan.limits[index].observation
    if number != -1 and results.observed_by[number] == results.count[ORDERS]:
        seen[0] = results.observed[number]
        return
    catalogue.observe_order(state, plan, index, context, seen)
    if number != -1:
        results.observed[number] = seen[0]
        results.observed_by[number] = results.count[ORDERS]


@compiled
def evaluate(
    state: State,
    plan: PlanArrays,
    index: int,
    record: int,
    context: Rows,
    seen: Rows,
    results: Results,
) -> None:
    """Evaluate one limit, report it when violated or warned, and fold it into the order's decision row."""
    if not takes(plan, index, context):
        return
    limit = plan.limits[index]
    decision = results.decisions[record]
    active = limit.mode == kinds.MODE_ACTIVE
    observe(state, plan, index, context, seen, results)
    if active:
        decision.limits_evaluated += np.int32(1)
    if is_quiet(plan.limits, index, seen):
        return
    verdict, utilisation = judge(plan.limits, index, seen)
    if verdict == WITHIN:
        return
    violated = verdict == VIOLATED
    event = DETECTED if violated else WARNING
    severity = severity_of(limit.action, violated)
    at = report(results, record, index, event, severity, active, seen, utilisation)
    name_sector(state, results, at, context[0].sector)
    if not (violated and active):
        return
    evaluable = seen[0].reason == NO_REASON
    if limit.action != kinds.WARN and decision.code == CODE_OK:
        decision.code = np.int16(CODE_OF_KIND + limit.kind if evaluable else CODE_NOT_EVALUABLE)
    if limit.action == kinds.HALT and evaluable:
        state.portfolios[context[0].slot].halt_version = plan.header[pl.VERSION]


@compiled
def evaluate_all(state: State, plan: PlanArrays, record: int, context: Rows, seen: Rows, results: Results) -> None:
    """Every limit that may take the order, in `limit_id` order: the general ones, its portfolio's and its symbol's."""
    results.count[ORDERS] += 1
    general, general_end = 0, plan.general.shape[0]
    own, own_end, group, group_end = 0, 0, 0, 0
    entry = state.portfolios[context[0].slot].entry
    if entry != -1:
        own, own_end = np.int64(plan.entries[entry].first), np.int64(plan.entries[entry].end)
    if plan.groups.shape[0] > 0:
        row = find_row(plan.groups, context[0].symbol_h1, context[0].symbol_h2)
        if row != -1:
            group, group_end = np.int64(plan.groups[row].first), np.int64(plan.groups[row].end)
    last = np.int32(plan.limits.shape[0])
    while True:
        a = plan.general[general] if general < general_end else last
        b = plan.listed[own] if own < own_end else last
        c = plan.listed[group] if group < group_end else last
        index = min(a, b, c)
        if index == last:
            return
        if index == a:
            general += 1
        elif index == b:
            own += 1
        else:
            group += 1
        evaluate(state, plan, index, record, context, seen, results)


@compiled
def is_overridden(state: State, plan: PlanArrays, slot: int, h1: np.uint64, h2: np.uint64, now: int) -> bool:
    """Whether an unused override holds for the order; it is used up by that."""
    entry = state.portfolios[slot].entry
    if entry == -1:
        return False
    for i in range(plan.entries[entry].overrides_first, plan.entries[entry].overrides_end):
        override = plan.overrides[i]
        if (
            override.h1 == h1
            and override.h2 == h2
            and now <= override.expires_at
            and find_level(state, slot, -1, -1, override.offset) == -1
        ):
            start_level(state, slot, -1, -1, override.offset, CONSUMED)
            return True
    return False


@compiled
def count_all(state: State, slot: int, kind: int, high: int, low: int) -> None:
    """Add to every rolling counter of a kind, at To."""
    counter = state.portfolios[slot].counters
    while counter != -1:
        if state.counters[counter].kind == kind:
            count_in(state, counter, state.portfolios[slot].to, high, low)
        counter = state.counters[counter].next


@compiled
def approve(state: State, slot: int, symbol: int, row: Rows, context: Rows) -> None:
    """What an approval leaves behind: turnover, open quantity, the symbol's order price."""
    order = context[0]
    if order.price != 0:
        count_all(state, slot, SUM_NOTIONAL, order.notional_hi, order.notional_lo)
        attempt = state.attempts[order.attempt]
        attempt.notional_hi = order.notional_hi
        attempt.notional_lo = order.notional_lo
    open_order(state, slot, row[0].order_h1, row[0].order_h2, symbol, order.side, order.quantity, order.price)


@compiled
def decide_order(
    state: State,
    plan: PlanArrays,
    slot: int,
    record: int,
    row: Rows,
    symbol: int,
    sector: int,
    text: Bytes,
    context: Rows,
    seen: Rows,
    results: Results,
) -> None:
    """Decide one well-formed order and remember it."""
    order = row[0]
    portfolio = state.portfolios[slot]
    decision = results.decisions[record]
    bind(state, plan, slot)
    touch(state, slot)
    portfolio.to = max(portfolio.to, order.ts)
    expire_attempts(state, slot, equal_window_ms(state, plan, slot))
    expire_opens(state, slot)
    if find_attempt(state, slot, order.order_h1, order.order_h2) != -1:
        decision.code = np.int16(CODE_DUPLICATE_ORDER_ID)
        return

    known = context[0]
    known.slot = np.int32(slot)
    known.to = portfolio.to
    known.now = max(portfolio.to, portfolio.tv)
    known.side = order.side
    known.quantity = order.quantity
    learn_symbol(state, symbol, sector, slot, context)
    price = order.price if order.has_price == 1 else np.int64(-1)
    known.attempt = np.int32(
        remember_attempt(state, slot, order.order_h1, order.order_h2, symbol, order.side, order.quantity, price)
    )
    count_all(state, slot, COUNT_ATTEMPTS, np.int64(0), np.uint64(1))
    reducing = is_strictly_reducing(state, known.position, order.side, order.quantity)
    known.reducing = np.int8(1) if reducing else np.int8(0)
    trading = trading_state(state, plan, slot)
    if trading == pl.HALTED:
        decision.code = np.int16(CODE_HALTED)
        return
    if trading == pl.REDUCING and not reducing:
        decision.code = np.int16(CODE_REDUCING)
        return

    learn_people(plan, row, text, context)
    learn_prices(state, row, context)
    learn_values(state, context)
    expire_peaks(state, slot, known.now)
    evaluate_all(state, plan, record, context, seen, results)
    if decision.code != CODE_OK and is_overridden(state, plan, slot, order.order_h1, order.order_h2, known.now):
        decision.code = np.int16(CODE_OVERRIDDEN)
    if decision.code == CODE_OK or decision.code == CODE_OVERRIDDEN:
        decision.approved = np.int8(1)
        approve(state, slot, symbol, row, context)


@compiled
def count_codes(decisions: Rows, counts: Int64s) -> None:
    """Add the decisions of a batch to `counts`, by their code."""
    for i in range(decisions.shape[0]):
        if decisions[i].code != NO_DECISION:
            counts[decisions[i].code] += 1


@compiled
def decide_orders(
    state: State,
    plan: PlanArrays,
    rows: Rows,
    text: Bytes,
    slots: Int32s,
    first: int,
    violations_max: int,
    context: Rows,
    seen: Rows,
    results: Results,
) -> int:
    """Decide rows `first` on; the first row for which `results` may lack room, or their number when all are done.

    `violations_max` is how many violations one order can have under this plan; `slots[i]` is -1 only where row i is not
    well-formed and its portfolio is unknown.
    """
    symbols = np.full(rows.shape[0], -1, np.int32)
    sectors = np.full(rows.shape[0], -1, np.int32)
    learn_names(state, rows, text, symbols, sectors)
    for i in range(first, rows.shape[0]):
        ask_ahead(state, rows, slots, symbols, i)
        if results.count[VIOLATIONS] + violations_max > results.violations.shape[0]:
            return i
        decision = results.decisions[i]
        decision.code = np.int16(NO_DECISION)
        decision.limits_evaluated = np.int32(0)
        decision.approved = np.int8(0)
        decision.violation_from = np.int32(results.count[VIOLATIONS])
        decision.value_offset = state.portfolios[slots[i]].value_offset if slots[i] != -1 else np.int64(-1)
        if rows[i].status == WELL_FORMED:
            decision.code = np.int16(CODE_OK)
            decide_order(
                state, plan, slots[i], i, rows[i : i + 1], symbols[i], sectors[i], text, context, seen, results
            )
        elif rows[i].status == INVALID:
            decision.code = np.int16(CODE_INVALID_ORDER)
        decision.violation_to = np.int32(results.count[VIOLATIONS])
    return rows.shape[0]
