"""What a per-symbol or per-sector limit looks at: every symbol or sector held, and those with a level held no more."""

import numpy as np

from risk_stream.rules import kinds
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.compiled import compiled
from risk_stream.state.int128 import add, magnitude
from risk_stream.state.layout import Int32s, Rows, State
from risk_stream.state.levels import find_level
from risk_stream.state.positions import find_position, held_value, is_held, sector_of
from risk_stream.state.table import mix
from risk_stream.state.text import find_name, is_before

U0 = np.uint64(0)

SUBJECT = np.dtype(
    [
        ("held_hi", np.int64),  # sum of |held x mark| over its positions, money
        ("held_lo", np.uint64),
        ("key", np.int32),  # the symbol's or sector's string
        ("known", np.int32),  # the limit's level of it; -1 is OK
        ("lost", np.int8),  # it has a level, and nothing is held
        ("changed", np.int8),  # its level is another one now
    ],
    align=True,
)


@compiled
def takes_key(state: State, plan: PlanArrays, index: int, key: int) -> bool:
    """Whether the limit's symbol or sector scope takes a symbol or sector."""
    limit = plan.limits[index]
    name = state.strings[key]
    if limit.has_symbol == 1:
        return name.h1 == limit.symbol_h1 and name.h2 == limit.symbol_h2
    if limit.has_sector == 1:
        return name.h1 == limit.sector_h1 and name.h2 == limit.sector_h2
    return True


@compiled
def place_of(places: Int32s, subjects: Rows, key: int) -> int:
    """Where a subject stands in the hash table, or would stand: open addressing, at most half full."""
    mask = places.shape[0] - 1
    place = np.int64(mix(U0, np.uint64(key))) & mask
    while places[place] != -1 and subjects[places[place]].key != key:
        place = (place + 1) & mask
    return place


@compiled
def gather_symbol(state: State, plan: PlanArrays, slot: int, index: int) -> Rows:
    """The subject of a limit of one symbol, if it is held or has a level; O(levels): firms may limit each symbol."""
    limit = plan.limits[index]
    subjects = np.zeros(1, SUBJECT)
    subject = subjects[0]
    subject.key = np.int32(find_name(state, limit.symbol_h1, limit.symbol_h2))
    if subject.key == -1:
        return subjects[:0]
    subject.known = np.int32(find_level(state, slot, limit.uid, subject.key, limit.armed_since))
    position = find_position(state, slot, subject.key)
    if position != -1 and is_held(state, position):
        high, low = held_value(state, position)
        high, low = magnitude(high, low)
        subject.held_hi = high
        subject.held_lo = low
    elif subject.known != -1:
        subject.lost = np.int8(1)
    else:
        return subjects[:0]
    return subjects


@compiled
def gather(state: State, plan: PlanArrays, slot: int, index: int, room: int) -> Rows:
    """The limit's subjects in no order, `room` at most; O(positions + levels)."""
    limit = plan.limits[index]
    by_symbol = limit.standing == kinds.PER_SYMBOL
    subjects = np.empty(room, SUBJECT)
    size = 2
    while size < 2 * room:
        size *= 2
    places = np.full(size, -1, np.int32)
    count = 0
    position = state.portfolios[slot].positions
    while position != -1:
        key = state.positions[position].symbol if by_symbol else sector_of(state, position)
        if key != -1 and is_held(state, position) and takes_key(state, plan, index, key):
            high, low = held_value(state, position)
            high, low = magnitude(high, low)
            place = place_of(places, subjects, key)
            if places[place] == -1:
                places[place] = count
                subject = subjects[count]
                subject.held_hi = high
                subject.held_lo = low
                subject.key = key
                subject.known = np.int32(-1)
                subject.lost = np.int8(0)
                count += 1
            else:
                subject = subjects[places[place]]
                high, low = add(subject.held_hi, subject.held_lo, high, low)
                subject.held_hi = high
                subject.held_lo = low
        position = state.positions[position].next
    level = state.portfolios[slot].levels
    while level != -1:
        known = state.levels[level]
        if (
            known.uid == limit.uid
            and known.armed_since == limit.armed_since
            and takes_key(state, plan, index, known.key)
        ):
            place = place_of(places, subjects, known.key)
            if places[place] == -1:
                places[place] = count
                subjects[count].key = known.key
                subjects[count].lost = np.int8(1)
                count += 1
            subjects[places[place]].known = level
        level = known.next
    return subjects[:count]


@compiled
def sink(state: State, subjects: Rows, order: Int32s, top: int, end: int) -> None:
    """Let the entry at `top` of a heap of `end` entries sink below all that come after it by name."""
    sinking = order[top]
    child = 2 * top + 1
    while child < end:
        if child + 1 < end and is_before(state, subjects[order[child]].key, subjects[order[child + 1]].key):
            child += 1
        if not is_before(state, subjects[sinking].key, subjects[order[child]].key):
            break
        order[top] = order[child]
        top = child
        child = 2 * top + 1
    order[top] = sinking


@compiled
def sorted_changes(state: State, subjects: Rows, changes: int) -> Int32s:
    """Indices of the subjects whose level changes, by the code points of their names: heap sort, O(n log n)."""
    order = np.empty(changes, np.int32)
    end = 0
    for at in range(subjects.shape[0]):
        if subjects[at].changed == 1:
            order[end] = at
            end += 1
    for top in range(changes // 2 - 1, -1, -1):
        sink(state, subjects, order, top, changes)
    for end in range(changes - 1, 0, -1):
        last = order[end]
        order[end] = order[0]
        order[0] = last
        sink(state, subjects, order, 0, end)
    return order
