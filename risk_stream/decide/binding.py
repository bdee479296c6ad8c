"""What a plan means for one portfolio: looked up when the portfolio is first handled at a new controls version."""

import numpy as np

from risk_stream.decide.subjects import takes_key
from risk_stream.rules import kinds
from risk_stream.rules import plan as pl
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.arena import release
from risk_stream.state.attempts import link_equals
from risk_stream.state.chunks import head_entry, next_entry, touch
from risk_stream.state.compiled import compiled
from risk_stream.state.counters import COUNT_ATTEMPTS, count_in, find_counter, start_counter
from risk_stream.state.layout import ATTEMPTS, COUNTERS, HEAD, NONE, TAIL, State
from risk_stream.state.layout import Rows as StateRows
from risk_stream.state.past import count_past
from risk_stream.state.peaks import rebase


@compiled
def find_row(rows: StateRows, h1: np.uint64, h2: np.uint64) -> int:
    """The row of a name in rows sorted by h1; -1 when it is not there."""
    low = 0
    high = rows.shape[0]
    while low < high:
        middle = (low + high) // 2
        if rows[middle].h1 < h1:
            low = middle + 1
        else:
            high = middle
    while low < rows.shape[0] and rows[low].h1 == h1:
        if rows[low].h2 == h2:
            return low
        low += 1
    return -1


@compiled
def is_wanted(plan: PlanArrays, entry: int, kind: int, window_ms: int) -> bool:
    """Whether the plan needs a rolling counter for the portfolio."""
    for i in range(plan.header[pl.GENERAL_WINDOWS]):
        if plan.windows[i].kind == kind and plan.windows[i].window_ms == window_ms:
            return True
    if entry != -1:
        for i in range(plan.entries[entry].windows_first, plan.entries[entry].windows_end):
            if plan.windows[i].kind == kind and plan.windows[i].window_ms == window_ms:
                return True
    return False


@compiled
def drop_unwanted_counters(state: State, plan: PlanArrays, slot: int, entry: int) -> None:
    """Free the counters that no limit needs any more."""
    previous = np.int32(-1)
    counter = state.portfolios[slot].counters
    while counter != -1:
        known = state.counters[counter]
        following = known.next
        if is_wanted(plan, entry, known.kind, known.window_ms):
            previous = counter
        else:
            if previous == -1:
                state.portfolios[slot].counters = following
            else:
                state.counters[previous].next = following
            release(state, COUNTERS, state.counters, counter)
            touch(state, slot)
        counter = following


@compiled
def want_counter(state: State, slot: int, kind: int, window_ms: int) -> None:
    """Start a counter that is missing, with what is remembered of 30 days: sums of the past, then single attempts."""
    if find_counter(state, slot, kind, window_ms) != -1:
        return
    counter = start_counter(state, slot, kind, window_ms)
    chain = state.chains[slot, ATTEMPTS]
    touch(state, slot)
    count_past(state, slot, counter)
    if chain[HEAD] == chain[TAIL]:
        return
    entry = head_entry(state, slot, ATTEMPTS)
    for sequence in range(chain[HEAD], chain[TAIL]):
        attempt = state.attempts[entry]
        if kind == COUNT_ATTEMPTS:
            count_in(state, counter, attempt.to, np.int64(0), np.uint64(1))
        else:
            count_in(state, counter, attempt.to, attempt.notional_hi, attempt.notional_lo)
        if sequence + 1 < chain[TAIL]:
            entry = next_entry(state, ATTEMPTS, entry)


@compiled
def keeps_level(state: State, plan: PlanArrays, slot: int, index: int, key: int, now: int) -> bool:
    """Whether a valuation at T = `now` would look at what a level is of: the portfolio, or its symbol or sector."""
    limit = plan.limits[index]
    portfolio = state.portfolios[slot]
    if limit.standing == kinds.NEVER or limit.effective_from > now:
        return False
    if limit.has_portfolio == 1 and (limit.portfolio_h1 != portfolio.h1 or limit.portfolio_h2 != portfolio.h2):
        return False
    return key == -1 or takes_key(state, plan, index, key)


@compiled
def limit_numbered(plan: PlanArrays, uid: int) -> int:
    """The plan's limit of a number; -1 when it is removed, or when the number was given behind the plan's version or in
    another book (what if)."""
    return np.int64(plan.by_uid[uid]) if uid < plan.by_uid.shape[0] else np.int64(-1)


@compiled
def drop_levels(state: State, plan: PlanArrays, slot: int) -> None:
    """Drop the levels of limits that do not look at it any more, or not yet, before this record moves T: one order may
    pass their `effective_from`. They are gone with the next valuation: none matches any arming any more."""
    now = max(state.portfolios[slot].to, state.portfolios[slot].tv)
    level = state.portfolios[slot].levels
    while level != -1:
        known = state.levels[level]
        if known.uid != -1 and known.armed_since != -1:  # no override, and not dropped before
            index = limit_numbered(plan, known.uid)
            if index != -1 and not keeps_level(state, plan, slot, index, known.key, now):
                known.armed_since = -1
                touch(state, slot)
        level = known.next


@compiled
def equal_window_ms(state: State, plan: PlanArrays, slot: int) -> int:
    """The longest DUPLICATE_ORDER window armed for a portfolio."""
    longest = plan.header[pl.EQUAL_WINDOW_MS]
    entry = state.portfolios[slot].entry
    if entry != -1:
        longest = max(longest, plan.entries[entry].equal_window_ms)
    return longest


@compiled
def bind(state: State, plan: PlanArrays, slot: int) -> None:
    """Bring a portfolio to the plan's version: its entry, its counters, a REBASE it has not seen."""
    portfolio = state.portfolios[slot]
    if portfolio.plan_version == plan.header[pl.VERSION]:
        return
    entry = find_row(plan.entries, portfolio.h1, portfolio.h2)
    portfolio.entry = np.int32(entry)
    portfolio.plan_version = plan.header[pl.VERSION]
    drop_levels(state, plan, slot)
    drop_unwanted_counters(state, plan, slot, entry)
    for i in range(plan.header[pl.GENERAL_WINDOWS]):
        want_counter(state, slot, plan.windows[i].kind, plan.windows[i].window_ms)
    if equal_window_ms(state, plan, slot) > 0:
        link_equals(state, slot)
    if entry == -1:
        return
    own = plan.entries[entry]
    for i in range(own.windows_first, own.windows_end):
        want_counter(state, slot, plan.windows[i].kind, plan.windows[i].window_ms)
    if own.rebase_offset > portfolio.rebase_seen:
        portfolio.rebase_seen = own.rebase_offset
        rebase(state, slot)
        touch(state, slot)


@compiled
def trading_state(state: State, plan: PlanArrays, slot: int) -> int:
    """The more severe of the firm's state and the portfolio's own, by command or by a limit that halted it."""
    portfolio = state.portfolios[slot]
    severest = np.int64(plan.header[pl.FIRM_STATE])
    resumed = np.int64(-1)
    if portfolio.entry != -1:
        own = plan.entries[portfolio.entry]
        severest = max(severest, np.int64(own.state))
        resumed = own.resume_offset
    if portfolio.halt_version != NONE and resumed <= portfolio.halt_version:
        return pl.HALTED
    return severest
