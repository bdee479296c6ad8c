"""Standing limits: evaluated on the portfolio as it is after each valuation, reported when their level changes."""

import math

import numpy as np

from risk_stream.decide.report import name_sector, observe_nothing, report, severity_of
from risk_stream.decide.results import Results
from risk_stream.decide.subjects import gather, gather_symbol, sorted_changes
from risk_stream.messages.compiled.result_row import DETECTED, NO_REASON, RESOLVED, WARNING
from risk_stream.rules import catalogue, kinds
from risk_stream.rules import plan as pl
from risk_stream.rules.judge import VIOLATED, judge
from risk_stream.rules.judge import WARNED as JUDGED_WARNED
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.chunks import touch
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import Rows, State
from risk_stream.state.levels import (
    BREACHED,
    CONSUMED,
    OK,
    WARNED,
    confirm_level,
    count_levels,
    drop_unseen,
    find_level,
    level_of,
    start_level,
)
from risk_stream.state.peaks import expire_peaks

U0 = np.uint64(0)


@compiled
def subjects_max(plan: PlanArrays, index: int, symbols: int) -> int:
    """How many subjects of a limit can get a level, of so many symbols."""
    limit = plan.limits[index]
    if limit.standing == kinds.NEVER or limit.mode == kinds.MODE_PAUSED:
        return 0
    if limit.standing == kinds.ONCE or limit.has_symbol == 1 or limit.has_sector == 1:
        return 1
    return symbols


@compiled
def symbols_in_use(state: State, slot: int) -> int:
    """How many symbols have something held or open: no other has a level to get."""
    portfolio = state.portfolios[slot]
    return np.int64(portfolio.position_count) - np.int64(portfolio.memos)


@compiled
def standing_max(state: State, plan: PlanArrays, slot: int, arriving: int) -> int:
    """How many violations, and how many new levels, a valuation with `arriving` positions can bring at most."""
    portfolio = state.portfolios[slot]
    symbols = symbols_in_use(state, slot) + max(arriving, 0)
    count = count_levels(state, slot)
    for i in range(plan.general.shape[0]):
        count += subjects_max(plan, plan.general[i], symbols)
    if portfolio.entry != -1:
        for i in range(plan.entries[portfolio.entry].first, plan.entries[portfolio.entry].end):
            count += subjects_max(plan, plan.listed[i], symbols)
    return count


@compiled
def change_level(
    state: State,
    plan: PlanArrays,
    slot: int,
    index: int,
    key: int,
    known: int,
    record: int,
    level: int,
    utilisation: float,
    seen: Rows,
    results: Results,
) -> None:
    """Move a limit from its known level (-1: OK) to another one, and report DETECTED, WARNING or RESOLVED."""
    limit = plan.limits[index]
    old = level_of(state, known)
    event = RESOLVED
    if level == BREACHED:
        event = DETECTED
    elif level == WARNED and old == OK:
        event = WARNING
    # RESOLVED tells the level that is left, with the action the limit has now: a level is no more than its name.
    told = old if event == RESOLVED else level
    severity = severity_of(limit.action, told == BREACHED)
    at = report(results, record, index, event, severity, False, seen, utilisation)
    results.keys[at] = np.int32(key)
    if limit.standing == kinds.PER_SECTOR:
        name_sector(state, results, at, key)
    touch(state, slot)
    if (
        event == DETECTED
        and limit.action == kinds.HALT
        and limit.mode == kinds.MODE_ACTIVE
        and seen[0].reason == NO_REASON
    ):
        state.portfolios[slot].halt_version = plan.header[pl.VERSION]
    if level == OK:
        return
    if known == -1:
        start_level(state, slot, limit.uid, key, limit.armed_since, level)
    else:
        state.levels[known].seen = np.int8(1)
        state.levels[known].level = np.int8(level)


@compiled
def observe_level(
    state: State, plan: PlanArrays, slot: int, index: int, held_hi: int, held_lo: int, seen: Rows
) -> tuple[int, float]:
    """The level that a limit, or one subject of it, has now, and its utilisation."""
    catalogue.observe_value(state, plan, index, slot, held_hi, held_lo, seen)
    verdict, utilisation = judge(plan.limits, index, seen)
    if verdict == VIOLATED:
        return BREACHED, utilisation
    if verdict == JUDGED_WARNED:
        return WARNED, utilisation
    return OK, utilisation


@compiled
def observe_subject(
    state: State, plan: PlanArrays, slot: int, index: int, subjects: Rows, at: int, seen: Rows
) -> tuple[int, float]:
    """The level that a subject has now, and its utilisation; what is lost has none."""
    subject = subjects[at]
    if subject.lost == 1:
        observe_nothing(seen)
        return OK, math.nan
    return observe_level(state, plan, slot, index, subject.held_hi, subject.held_lo, seen)


@compiled
def evaluate_each(
    state: State, plan: PlanArrays, slot: int, index: int, record: int, room: int, seen: Rows, results: Results
) -> None:
    """A per-symbol or per-sector limit: most subjects keep their level; those that do not are told in order of name."""
    limit = plan.limits[index]
    if limit.standing == kinds.PER_SYMBOL and limit.has_symbol == 1:
        subjects = gather_symbol(state, plan, slot, index)
    else:
        subjects = gather(state, plan, slot, index, room)
    changes = 0
    for at in range(subjects.shape[0]):
        subject = subjects[at]
        level, _ = observe_subject(state, plan, slot, index, subjects, at, seen)
        if level == level_of(state, subject.known):
            subject.changed = np.int8(0)
            confirm_level(state, subject.known)
        else:
            subject.changed = np.int8(1)
            changes += 1
    if changes == 0:
        return
    order = sorted_changes(state, subjects, changes)
    for i in range(changes):
        at = np.int64(order[i])
        subject = subjects[at]
        level, utilisation = observe_subject(state, plan, slot, index, subjects, at, seen)
        change_level(state, plan, slot, index, subject.key, subject.known, record, level, utilisation, seen, results)


@compiled
def evaluate_whole(
    state: State, plan: PlanArrays, slot: int, index: int, record: int, seen: Rows, results: Results
) -> None:
    """A limit of the portfolio as a whole."""
    limit = plan.limits[index]
    known = find_level(state, slot, limit.uid, np.int32(-1), limit.armed_since)
    level, utilisation = observe_level(state, plan, slot, index, np.int64(0), U0, seen)
    if level == level_of(state, known):
        confirm_level(state, known)
    else:
        change_level(state, plan, slot, index, np.int32(-1), known, record, level, utilisation, seen, results)


@compiled
def keep_used_overrides(state: State, plan: PlanArrays, slot: int) -> None:
    """Mark all levels as unseen, but overrides that were used and could still be found."""
    portfolio = state.portfolios[slot]
    now = max(portfolio.to, portfolio.tv)
    level = portfolio.levels
    while level != -1:
        known = state.levels[level]
        known.seen = np.int8(0)
        if known.level == CONSUMED and portfolio.entry != -1:
            own = plan.entries[portfolio.entry]
            for i in range(own.overrides_first, own.overrides_end):
                if plan.overrides[i].offset == known.armed_since and now <= plan.overrides[i].expires_at:
                    known.seen = np.int8(1)
        level = known.next


@compiled
def evaluate_standing(state: State, plan: PlanArrays, slot: int, record: int, seen: Rows, results: Results) -> None:
    """All standing limits of a portfolio, in `limit_id` order."""
    portfolio = state.portfolios[slot]
    now = max(portfolio.to, portfolio.tv)
    expire_peaks(state, slot, now)
    keep_used_overrides(state, plan, slot)
    room = symbols_in_use(state, slot) + count_levels(state, slot)
    general, general_end = 0, plan.general.shape[0]
    own, own_end = 0, 0
    if portfolio.entry != -1:
        own = np.int64(plan.entries[portfolio.entry].first)
        own_end = np.int64(plan.entries[portfolio.entry].end)
    last = np.int32(plan.limits.shape[0])
    while True:
        a = plan.general[general] if general < general_end else last
        b = plan.listed[own] if own < own_end else last
        index = min(a, b)
        if index == last:
            break
        if index == a:
            general += 1
        else:
            own += 1
        limit = plan.limits[index]
        if limit.standing == kinds.NEVER or limit.mode == kinds.MODE_PAUSED or limit.effective_from > now:
            continue
        if limit.standing == kinds.ONCE:
            evaluate_whole(state, plan, slot, index, record, seen, results)
        elif room > 0:
            evaluate_each(state, plan, slot, index, record, room, seen, results)
    drop_unseen(state, slot)
