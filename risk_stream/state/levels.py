"""Levels of standing limits, which live from valuation to valuation, and overrides that were used."""

import numpy as np

from risk_stream.state.arena import release, take
from risk_stream.state.chunks import touch
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import LEVELS, State

OK = 0
WARNED = 1
BREACHED = 2
CONSUMED = 3
"""Not a level: the override whose offset is `armed_since` has been used (uid -1)."""


@compiled
def find_level(state: State, slot: int, uid: int, key: int, armed_since: int) -> int:
    """The level of a limit (and symbol or sector) that was set since it was armed; -1 is OK."""
    level = state.portfolios[slot].levels
    while level != -1:
        known = state.levels[level]
        if known.uid == uid and known.key == key and known.armed_since == armed_since:
            return level
        level = known.next
    return np.int32(-1)


@compiled
def count_levels(state: State, slot: int) -> int:
    """How many levels a portfolio has."""
    count = 0
    level = state.portfolios[slot].levels
    while level != -1:
        count += 1
        level = state.levels[level].next
    return count


@compiled
def level_of(state: State, known: int) -> int:
    """The level at an index; OK at -1."""
    return np.int64(state.levels[known].level) if known != -1 else np.int64(OK)


@compiled
def confirm_level(state: State, known: int) -> None:
    """Keep a level (-1: none) as it is."""
    if known != -1:
        state.levels[known].seen = np.int8(1)


@compiled
def start_level(state: State, slot: int, uid: int, key: int, armed_since: int, level: int) -> int:
    """Remember a level that is not OK."""
    index = take(state, LEVELS, state.levels)
    new = state.levels[index]
    new.uid = np.int32(uid)
    new.key = np.int32(key)
    new.armed_since = armed_since
    new.level = np.int8(level)
    new.seen = np.int8(1)
    new.next = state.portfolios[slot].levels
    state.portfolios[slot].levels = np.int32(index)
    touch(state, slot)
    return index


@compiled
def drop_unseen(state: State, slot: int) -> None:
    """Forget the levels that the last valuation did not confirm."""
    previous = np.int32(-1)
    level = state.portfolios[slot].levels
    while level != -1:
        known = state.levels[level]
        following = known.next
        if known.seen == 0:
            if previous == -1:
                state.portfolios[slot].levels = following
            else:
                state.levels[previous].next = following
            release(state, LEVELS, state.levels, level)
            touch(state, slot)
        else:
            previous = level
        level = following


@compiled
def release_levels(state: State, slot: int) -> None:
    """Give all levels of a portfolio back."""
    level = state.portfolios[slot].levels
    while level != -1:
        following = state.levels[level].next
        release(state, LEVELS, state.levels, level)
        level = following
    state.portfolios[slot].levels = np.int32(-1)
