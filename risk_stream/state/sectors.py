"""Sums over the symbols of a sector, portfolio by portfolio, kept up to date so that SECTOR_EXPOSURE costs O(1).

A position names two sectors, that of the last snapshot and that of the last order, by their rows here; it counts in the
sums of one of them (positions.py). A row lives as long as a position names it, so there are at most two a position.
"""

import numpy as np

from risk_stream.state.arena import release, take
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import BY_SECTOR, SECTORS, State
from risk_stream.state.table import insert, mix, ref_at, remove, seek, tag_of


@compiled
def sector_key(slot: int, name: int) -> np.uint64:
    """Table key of a portfolio's sector."""
    return mix(np.uint64(slot), np.uint64(name))


@compiled
def find_sector(state: State, slot: int, name: int) -> int:
    """The row of a sector; -1 when no position of the portfolio names it."""
    key = sector_key(slot, name)
    places = state.places(BY_SECTOR)
    tag = tag_of(key)
    at = seek(places, tag, tag)
    while at != -1:
        sector = ref_at(places, at)
        if state.sectors[sector].slot == slot and state.sectors[sector].name == name:
            return sector
        at = seek(places, tag, at + 1)
    return np.int32(-1)


@compiled
def sector_name(state: State, sector: int) -> int:
    """The name of a row (a string); -1 for none."""
    if sector == -1:
        return np.int32(-1)
    return state.sectors[sector].name


@compiled
def enter_sector(state: State, slot: int, name: int) -> int:
    """The row of a sector by its name (a string; -1: none), named by one position more."""
    if name == -1:
        return np.int32(-1)
    sector = find_sector(state, slot, name)
    if sector == -1:
        sector = take(state, SECTORS, state.sectors)
        new = state.sectors[sector]
        new.slot = np.int32(slot)
        new.name = np.int32(name)
        new.gross_hi = 0
        new.gross_lo = np.uint64(0)
        new.unmarked = np.int32(0)
        new.uses = np.int32(0)
        insert(state, BY_SECTOR, sector_key(slot, name), sector)
    state.sectors[sector].uses += np.int32(1)
    return sector


@compiled
def leave_sector(state: State, sector: int) -> None:
    """A row (-1: none) is named by one position less; the last one takes it along."""
    if sector == -1:
        return
    known = state.sectors[sector]
    known.uses -= np.int32(1)
    if known.uses == 0:
        remove(state, BY_SECTOR, sector_key(known.slot, known.name), sector)
        release(state, SECTORS, state.sectors, sector)


@compiled
def change_sector(state: State, slot: int, sector: int, name: int) -> int:
    """The row of the sector `name` in the place of `sector`, for a position that counts in no sum at the moment."""
    if sector_name(state, sector) == name:
        return sector
    leave_sector(state, sector)
    return enter_sector(state, slot, name)
