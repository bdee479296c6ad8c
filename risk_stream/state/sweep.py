"""The string pool swept: symbols and sectors that nothing remembers any more give their room back.

Mark and compact: every string that a position, an attempt, an open order or a level names is marked, the marked ones
move together and get new numbers, and the tables whose keys hold such a number are laid out anew. Numbers are nowhere
saved or told (rows and events carry the text), so a sweep changes no answer.
"""

import numpy as np

from risk_stream.state.arena import INITIAL
from risk_stream.state.attempts import signature_key
from risk_stream.state.chunks import head_entry, next_entry
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import (
    ATTEMPTS,
    BY_POSITION,
    BY_SECTOR,
    BY_SIGNATURE,
    BY_STRING,
    CHUNK,
    FIRST,
    HEAD,
    INT64,
    OPENS,
    STRING,
    STRING_COUNT,
    TAIL,
    TEXT_USED,
    Bytes,
    Int32s,
    Int64s,
    Rows,
    State,
)
from risk_stream.state.opens import last_entry_of
from risk_stream.state.positions import position_key
from risk_stream.state.room import size_for, zeros
from risk_stream.state.sectors import sector_key
from risk_stream.state.table import place, places_for, ref_at

STRINGS_KEPT = 100_000
"""Strings kept without asking who needs them: about 10 MB with their table. Beyond, the pool is swept whenever it has
doubled since the last sweep, so it holds at most twice what is needed, and a new string costs O(1) amortised."""


@compiled
def follow(numbers: Int32s, string: int, moves: bool) -> int:
    """Mark a string in `numbers`; or, when they have been given, its new number."""
    if string == -1:
        return np.int32(-1)
    if moves:
        return numbers[string]
    numbers[string] = 1
    return np.int32(string)


@compiled
def visit_names(state: State, slot: int, numbers: Int32s, moves: bool) -> None:
    """Follow the symbols of a portfolio's positions and the keys of its levels."""
    position = state.portfolios[slot].positions
    while position != -1:
        held = state.positions[position]
        held.symbol = follow(numbers, held.symbol, moves)
        position = held.next
    level = state.portfolios[slot].levels
    while level != -1:
        known = state.levels[level]
        known.key = follow(numbers, known.key, moves)
        level = known.next


@compiled
def visit_orders(state: State, slot: int, numbers: Int32s, moves: bool) -> None:
    """Follow the symbols of a portfolio's attempts, and of its open orders with those closed beside them."""
    chain = state.chains[slot, ATTEMPTS]
    if chain[HEAD] < chain[TAIL]:
        entry = head_entry(state, slot, ATTEMPTS)
        for sequence in range(chain[HEAD], chain[TAIL]):
            attempt = state.attempts[entry]
            attempt.symbol = follow(numbers, attempt.symbol, moves)
            if sequence + 1 < chain[TAIL]:
                entry = next_entry(state, ATTEMPTS, entry)
    chunk = state.chains[slot, OPENS, FIRST]
    while chunk != -1:
        for place_in in range(chunk * CHUNK, last_entry_of(state, slot, chunk)):
            order = state.opens[place_in]
            order.symbol = follow(numbers, order.symbol, moves)
        chunk = np.int64(state.chunks(OPENS)[chunk].next)


@compiled
def visit(state: State, numbers: Int32s, moves: bool) -> None:
    """Follow every string that is remembered: O(positions + attempts + open orders)."""
    for slot in range(state.portfolios.shape[0]):
        if state.portfolios[slot].used == 1:
            visit_names(state, slot, numbers, moves)
            visit_orders(state, slot, numbers, moves)
    for sector in range(state.sectors.shape[0]):
        if state.sectors[sector].uses > 0:
            state.sectors[sector].name = follow(numbers, state.sectors[sector].name, moves)


@compiled
def compact(state: State, numbers: Int32s, strings: Rows, text: Bytes, places: Int64s) -> None:
    """Copy the marked strings into new columns and a new, empty table; their new numbers go into `numbers`."""
    count = 0
    used = 0
    for number in range(numbers.shape[0]):
        if numbers[number] == 0:
            continue
        old = state.strings[number]
        new = strings[count]
        new.h1 = old.h1
        new.h2 = old.h2
        new.at = used
        new.len = old.len
        for i in range(old.len):
            text[used + i] = state.text[old.at + i]
        place(places, old.h1, count)
        numbers[number] = count
        count += 1
        used += old.len


@compiled
def lay_positions(state: State, places: Int64s) -> None:
    """Every position under its new key, in an empty table."""
    old = state.places(BY_POSITION)
    for at in range(old.shape[0]):
        ref = ref_at(old, at)
        if ref != -1:
            held = state.positions[ref]
            place(places, position_key(held.slot, held.symbol), ref)


@compiled
def lay_sectors(state: State, places: Int64s) -> None:
    """Every sector under its new key, in an empty table."""
    old = state.places(BY_SECTOR)
    for at in range(old.shape[0]):
        ref = ref_at(old, at)
        if ref != -1:
            known = state.sectors[ref]
            place(places, sector_key(known.slot, known.name), ref)


@compiled
def lay_signatures(state: State, places: Int64s) -> None:
    """The newest of equal orders under its new key, in an empty table."""
    old = state.places(BY_SIGNATURE)
    for at in range(old.shape[0]):
        ref = ref_at(old, at)
        if ref != -1:
            known = state.attempts[ref]
            slot = state.chunks(ATTEMPTS)[ref // CHUNK].slot
            key = signature_key(slot, known.symbol, known.side, known.quantity, known.price)
            place(places, key, ref)


def sweep_strings(state: State) -> int:
    """Drop the strings that nothing names; how many are left. Never within a part of a step: numbers change.

    Some 10 ns a thing visited: a millisecond for 100,000 attempts.
    """
    count = int(state.header[STRING_COUNT])
    numbers = np.zeros(count, np.int32)
    visit(state, numbers, False)
    live = int(numbers.sum())
    live_bytes = int(state.strings["len"][:count][numbers == 1].sum())
    strings = np.zeros(size_for(INITIAL, live), STRING)
    text = np.zeros(size_for(INITIAL, live_bytes), np.uint8)
    places = zeros(size_for(2 * INITIAL, int(places_for(live))), INT64)
    compact(state, numbers, strings, text, places)
    visit(state, numbers, True)
    state.replace("strings", strings)
    state.replace("text", text)
    state.replace_places(BY_STRING, places)
    state.header[STRING_COUNT] = live
    state.header[TEXT_USED] = live_bytes
    state.table_used[BY_STRING] = live
    for index, lay in ((BY_POSITION, lay_positions), (BY_SECTOR, lay_sectors), (BY_SIGNATURE, lay_signatures)):
        places = zeros(len(state.places(index)), INT64)
        lay(state, places)
        state.replace_places(index, places)
    return live
