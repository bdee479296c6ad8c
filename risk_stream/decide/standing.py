"""Standing limits: evaluated on the portfolio as it is after each valuation, reported when their level changes."""

import math

import numpy as np

from risk_stream.decide.report import name_sector, observe_nothing, report, severity_of
from risk_stream.decide.results import Results
from risk_stream.messages.compiled.result_row import DETECTED, NO_REASON, RESOLVED, WARNING
from risk_stream.rules import catalogue, kinds
from risk_stream.rules import plan as pl
from risk_stream.rules.judge import VIOLATED, judge
from risk_stream.rules.judge import WARNED as JUDGED_WARNED
from risk_stream.rules.plan import PlanArrays
from risk_stream.rules.standing_scope import is_standing
from risk_stream.state.chunks import touch
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import Int32s, Rows, State
from risk_stream.state.levels import BREACHED, CONSUMED, OK, WARNED, drop_unseen, find_level, start_level
from risk_stream.state.peaks import expire_peaks
from risk_stream.state.positions import find_position, sector_of
from risk_stream.state.text import is_before

U0 = np.uint64(0)


@compiled
def stands(plan: PlanArrays, index: int, now: int) -> bool:
    """Whether a valuation evaluates the limit now."""
    limit = plan.limits[index]
    return limit.mode != kinds.MODE_PAUSED and limit.effective_from <= now and is_standing(plan, index)


@compiled
def count_of(state: State, slot: int) -> tuple[int, int]:
    """How many positions and how many levels a portfolio has."""
    positions = 0
    position = state.portfolios[slot].positions
    while position != -1:
        positions += 1
        position = state.positions[position].next
    levels = 0
    level = state.portfolios[slot].levels
    while level != -1:
        levels += 1
        level = state.levels[level].next
    return positions, levels


@compiled
def standing_max(state: State, plan: PlanArrays, slot: int, arriving: int) -> int:
    """How many violations, and how many new levels, a valuation with `arriving` positions can bring at most."""
    positions, levels = count_of(state, slot)
    entry = state.portfolios[slot].entry
    own = 0
    if entry != -1:
        own = np.int64(plan.entries[entry].end - plan.entries[entry].first)
    per_limit = positions + max(arriving, 0) + 1
    return (plan.general.shape[0] + own) * per_limit + levels


@compiled
def change_level(
    state: State,
    plan: PlanArrays,
    slot: int,
    index: int,
    key: int,
    record: int,
    level: int,
    utilisation: float,
    seen: Rows,
    results: Results,
) -> None:
    """Move a limit to a level; report DETECTED, WARNING or RESOLVED when that is a change worth telling."""
    limit = plan.limits[index]
    known = find_level(state, slot, limit.uid, key, limit.armed_since)
    old = np.int64(state.levels[known].level) if known != -1 else np.int64(OK)
    event = -1
    if level == BREACHED and old != BREACHED:
        event = DETECTED
    elif level == WARNED and old == OK:
        event = WARNING
    elif level < old:
        event = RESOLVED
    if event != -1:
        # RESOLVED tells the level that is left, with the action the limit has now: a level is no more than its name.
        told = old if event == RESOLVED else level
        severity = severity_of(limit.action, told == BREACHED)
        at = report(results, record, index, event, severity, False, seen, utilisation)
        results.keys[at] = np.int32(key)
        if limit.kind == kinds.SECTOR_EXPOSURE:
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
        return
    state.levels[known].seen = np.int8(1)
    if event != -1:
        state.levels[known].level = np.int8(level)


@compiled
def evaluate_subject(
    state: State,
    plan: PlanArrays,
    slot: int,
    index: int,
    subject: int,
    key: int,
    record: int,
    seen: Rows,
    results: Results,
) -> None:
    """Observe one subject of a limit and move its level."""
    catalogue.observe_value(state, plan, index, slot, subject, seen)
    verdict, utilisation = judge(plan.limits, index, seen)
    level = OK
    if verdict == VIOLATED:
        level = BREACHED
    elif verdict == JUDGED_WARNED:
        level = WARNED
    change_level(state, plan, slot, index, key, record, level, utilisation, seen, results)


@compiled
def is_held(state: State, position: int) -> bool:
    """Whether a quantity is held."""
    return state.positions[position].held_hi != 0 or state.positions[position].held_lo != U0


@compiled
def add_key(keys: Int32s, count: int, key: int) -> int:
    """Add a string to a list without repeats; the list's new length."""
    for i in range(count):
        if keys[i] == key:
            return count
    keys[count] = key
    return count + 1


@compiled
def matches(state: State, plan: PlanArrays, index: int, key: int) -> bool:
    """Whether the limit's symbol or sector scope takes a symbol or sector."""
    limit = plan.limits[index]
    name = state.strings[key]
    if limit.has_symbol == 1:
        return name.h1 == limit.symbol_h1 and name.h2 == limit.symbol_h2
    if limit.has_sector == 1:
        return name.h1 == limit.sector_h1 and name.h2 == limit.sector_h2
    return True


@compiled
def sort_keys(state: State, keys: Int32s, count: int) -> None:
    """Sort strings by code points (insertion: the lists are short and mostly sorted already)."""
    for i in range(1, count):
        key = keys[i]
        at = i
        while at > 0 and is_before(state, key, keys[at - 1]):
            keys[at] = keys[at - 1]
            at -= 1
        keys[at] = key


@compiled
def evaluate_each(
    state: State, plan: PlanArrays, slot: int, index: int, record: int, seen: Rows, results: Results
) -> None:
    """A per-symbol or per-sector limit: every symbol or sector held, and those with a level that are held no more."""
    limit = plan.limits[index]
    by_symbol = catalogue.standing(limit.kind) == catalogue.PER_SYMBOL
    positions, levels = count_of(state, slot)
    keys = np.empty(positions + levels, np.int32)
    count = 0
    position = state.portfolios[slot].positions
    while position != -1:
        key = state.positions[position].symbol if by_symbol else sector_of(state, position)
        if is_held(state, position) and key != -1 and matches(state, plan, index, key):
            if by_symbol:
                keys[count] = key
                count += 1
            else:
                count = add_key(keys, count, key)
        position = state.positions[position].next
    held = count
    level = state.portfolios[slot].levels
    while level != -1:
        known = state.levels[level]
        if known.uid == limit.uid and known.armed_since == limit.armed_since and matches(state, plan, index, known.key):
            count = add_key(keys, count, known.key)
        level = known.next
    gone = keys[held:count].copy()
    sort_keys(state, keys, count)
    for i in range(count):
        lost = False
        for j in range(gone.shape[0]):
            lost = lost or gone[j] == keys[i]
        if lost:
            observe_nothing(seen)
            change_level(state, plan, slot, index, keys[i], record, OK, math.nan, seen, results)
        else:
            subject = find_position(state, slot, keys[i]) if by_symbol else keys[i]
            evaluate_subject(state, plan, slot, index, subject, keys[i], record, seen, results)


@compiled
def evaluate_one(
    state: State,
    plan: PlanArrays,
    slot: int,
    index: int,
    record: int,
    seen: Rows,
    results: Results,
) -> None:
    """Evaluate one standing limit."""
    limit = plan.limits[index]
    portfolio = state.portfolios[slot]
    if not stands(plan, index, max(portfolio.to, portfolio.tv)):
        return
    if catalogue.standing(limit.kind) == catalogue.ONCE:
        evaluate_subject(state, plan, slot, index, -1, -1, record, seen, results)
    else:
        evaluate_each(state, plan, slot, index, record, seen, results)


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
    expire_peaks(state, slot, max(portfolio.to, portfolio.tv))
    keep_used_overrides(state, plan, slot)
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
        evaluate_one(state, plan, slot, index, record, seen, results)
    drop_unseen(state, slot)
