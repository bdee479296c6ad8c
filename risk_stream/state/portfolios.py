"""Resident portfolios: found by id, created, and forgotten when they are evicted."""

import numpy as np

from risk_stream.state.arena import release, take
from risk_stream.state.chunks import start_chains
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import BY_PORTFOLIO, NONE, PORTFOLIOS, Bytes, State
from risk_stream.state.table import insert, ref_at, remove, seek, tag_of
from risk_stream.state.text import same_bytes


@compiled
def find_portfolio(state: State, text: Bytes, at: int, length: int, h1: np.uint64) -> int:
    """The slot of a resident portfolio; -1 when it is not resident. The id is compared, not only its hash."""
    places = state.places(BY_PORTFOLIO)
    tag = tag_of(h1)
    place = seek(places, tag, tag)
    while place != -1:
        slot = ref_at(places, place)
        portfolio = state.portfolios[slot]
        if portfolio.h1 == h1 and portfolio.id_len == length and same_bytes(state.ids[slot], 0, text, at, length):
            return slot
        place = seek(places, tag, place + 1)
    return np.int32(-1)


@compiled
def create_portfolio(state: State, text: Bytes, at: int, length: int, h1: np.uint64, h2: np.uint64) -> int:
    """A slot for a portfolio of which nothing is known yet."""
    slot = take(state, PORTFOLIOS, state.portfolios)
    portfolio = state.portfolios[slot]
    portfolio.h1 = h1
    portfolio.h2 = h2
    portfolio.id_len = np.int32(length)
    for i in range(length):
        state.ids[slot, i] = text[at + i]
    portfolio.to = NONE
    portfolio.tv = NONE
    portfolio.total_hi = 0
    portfolio.total_lo = np.uint64(0)
    portfolio.flow_hi = 0
    portfolio.flow_lo = np.uint64(0)
    portfolio.top_hi = 0
    portfolio.top_lo = np.uint64(0)
    portfolio.value_offset = -1
    portfolio.sequence = NONE
    portfolio.snapshot_ts = NONE
    portfolio.halt_version = NONE
    portfolio.rebase_seen = -1
    portfolio.ids_head = 0
    portfolio.open_count = 0
    portfolio.open_oldest = NONE
    portfolio.uses = 0
    portfolio.list_number = 0
    portfolio.gross_hi = 0
    portfolio.gross_lo = np.uint64(0)
    portfolio.held_net_hi = 0
    portfolio.held_net_lo = np.uint64(0)
    portfolio.held_gross_hi = 0
    portfolio.held_gross_lo = np.uint64(0)
    for side in range(2):
        portfolio.unmarked_on[side] = 0
        portfolio.side_hi[side] = 0
        portfolio.side_lo[side] = np.uint64(0)
    for window in range(3):
        portfolio.window_peak[window] = -1
    portfolio.ids_entry = -1
    portfolio.touched = 0
    portfolio.touched_ms = 0
    portfolio.plan_version = NONE
    portfolio.entry = np.int32(-1)
    portfolio.unmarked = np.int32(0)
    portfolio.memos = np.int32(0)
    portfolio.positions = np.int32(-1)
    portfolio.position_count = np.int32(0)
    portfolio.changed = np.int32(-1)
    portfolio.changed_count = np.int32(0)
    portfolio.repeated = 0
    portfolio.counters = np.int32(-1)
    portfolio.levels = np.int32(-1)
    portfolio.metrics = np.int32(-1)
    portfolio.used = np.int8(1)
    portfolio.dirty = np.int8(0)
    portfolio.cutting = np.int8(0)
    portfolio.saved = np.int8(0)
    portfolio.links_equals = np.int8(0)
    portfolio.relist = np.int8(0)
    start_chains(state, slot)
    insert(state, BY_PORTFOLIO, h1, slot)
    return slot


@compiled
def remove_portfolio(state: State, slot: int) -> None:
    """Give the slot back; what hangs on it has been released before."""
    portfolio = state.portfolios[slot]
    remove(state, BY_PORTFOLIO, portfolio.h1, slot)
    portfolio.used = np.int8(0)
    release(state, PORTFOLIOS, state.portfolios, slot)
