"""Portfolios as rows: a main row of what is small, a list of positions if there are many, a row a chunk of what grows.

Keys: `P` + id for the main row; `L` + id for the list; `A`, `X`, `O`, `K`, `S` or `M` (attempts, execution ids, open
orders, peaks, past seconds, past minutes) + id + NUL + chunk number (8 bytes, big-endian). A row is self-contained:
strings are written out. `VERSION` is its first byte.

The last chunk of a queue, while it is not full, stands in the main row: an order changes that anyway, and the chunks of
attempts and open orders beside it; three rows an order were most of what a snapshot costs.

The main row carries the positions that are not as in the list, so that a position which changes does not cost all that
do not. The list is saved again when main rows have repeated as many positions as it has: at most twice the least.
"""

import numpy as np

from risk_stream.state.compiled import compiled
from risk_stream.state.layout import BUCKETS, CHUNK_KINDS, FIRST, HEAD, INLINE_POSITIONS, OPENS, TAIL, Bytes, State
from risk_stream.state.levels import count_levels
from risk_stream.state.positions import start_changed
from risk_stream.state.save_chunks import CHUNK_BYTES_MAX, STRING_BYTES_MAX, VERSION, is_tail, put_id, put_tail
from risk_stream.state.sectors import sector_name
from risk_stream.state.wire import INT_BYTES_MAX, WIDE_BYTES_MAX, put_fixed, put_int, put_string, put_wide

MAIN_LETTER = 80
LIST_LETTER = 76

POSITION_BYTES_MAX = 3 * STRING_BYTES_MAX + 3 * WIDE_BYTES_MAX + 4 * INT_BYTES_MAX
COUNTER_BYTES_MAX = 4 * INT_BYTES_MAX + WIDE_BYTES_MAX + BUCKETS * (INT_BYTES_MAX + WIDE_BYTES_MAX)
LEVEL_BYTES_MAX = STRING_BYTES_MAX + 4 * INT_BYTES_MAX
METRIC_BYTES = 24
FIXED_BYTES_MAX = 32 * INT_BYTES_MAX + 3 * WIDE_BYTES_MAX


@compiled
def is_listed(state: State, slot: int) -> bool:
    """Whether the list of positions holds what the main row does not."""
    portfolio = state.portfolios[slot]
    return portfolio.list_number > 0 and portfolio.relist == 0


@compiled
def needs_list(state: State, slot: int) -> bool:
    """Whether the list of positions is to be saved with this cut."""
    portfolio = state.portfolios[slot]
    if not is_listed(state, slot):
        return portfolio.list_number > 0 or portfolio.position_count > INLINE_POSITIONS
    return portfolio.repeated + portfolio.changed_count >= max(portfolio.position_count, INLINE_POSITIONS)


@compiled
def counts_of(state: State, slot: int) -> tuple[int, int, int, int, int]:
    """Positions of the main row, counters, levels, metrics and rows of open orders."""
    portfolio = state.portfolios[slot]
    counters = metrics = opens = 0
    positions = np.int64(portfolio.changed_count if is_listed(state, slot) else portfolio.position_count)
    at = portfolio.counters
    while at != -1:
        counters += 1
        at = state.counters[at].next
    levels = count_levels(state, slot)
    at = portfolio.metrics
    while at != -1:
        metrics += 1
        at = state.metrics[at].next
    chunk = state.chains[slot, OPENS, FIRST]
    while chunk != -1:
        if not is_tail(state, OPENS, chunk):
            opens += 1
        chunk = np.int64(state.chunks(OPENS)[chunk].next)
    return positions, counters, levels, metrics, opens


@compiled
def main_bytes_max(state: State, slot: int) -> int:
    """An upper bound of the main row's length."""
    positions, counters, levels, metrics, opens = counts_of(state, slot)
    if needs_list(state, slot):
        positions = np.int64(0)  # the list is saved first
    return (
        FIXED_BYTES_MAX
        + positions * POSITION_BYTES_MAX
        + counters * COUNTER_BYTES_MAX
        + levels * LEVEL_BYTES_MAX
        + metrics * METRIC_BYTES
        + opens * INT_BYTES_MAX
        + CHUNK_KINDS * CHUNK_BYTES_MAX
    )


@compiled
def put_key(state: State, out: Bytes, at: int, slot: int, letter: int) -> int:
    """The key of the main row, or of the list of positions, by its letter."""
    out[at] = np.uint8(letter)
    return put_id(state, out, at + 1, slot)


@compiled
def put_position(state: State, out: Bytes, at: int, position: int) -> int:
    """One position."""
    known = state.positions[position]
    held = state.holdings[known.holding]
    at = put_string(state, out, at, known.symbol)
    at = put_int(out, at, known.used_at)
    at = put_wide(out, at, held.held_hi, held.held_lo)
    for side in range(2):
        at = put_wide(out, at, held.open_hi[side], held.open_lo[side])
    at = put_int(out, at, held.snapshot_price)
    at = put_int(out, at, held.fill_price)
    at = put_int(out, at, known.order_price)
    at = put_string(state, out, at, sector_name(state, held.snapshot_sector))
    return put_string(state, out, at, sector_name(state, known.order_sector))


@compiled
def put_positions(state: State, out: Bytes, at: int, slot: int, listed: bool) -> int:
    """All positions or, if the others are listed, those that the list does not have as they are."""
    position = state.portfolios[slot].changed if listed else state.portfolios[slot].positions
    while position != -1:
        at = put_position(state, out, at, position)
        position = state.positions[position].next_changed if listed else state.positions[position].next
    return at


@compiled
def list_bytes_max(state: State, slot: int) -> int:
    """An upper bound of the list's length."""
    return 1 + 2 * INT_BYTES_MAX + np.int64(state.portfolios[slot].position_count) * POSITION_BYTES_MAX


@compiled
def put_list(state: State, out: Bytes, at: int, slot: int) -> int:
    """The list of all positions as a row's value, under a new number; the main row that names it must follow."""
    portfolio = state.portfolios[slot]
    portfolio.list_number += 1
    out[at] = np.uint8(VERSION)
    at = put_int(out, at + 1, portfolio.list_number)
    at = put_int(out, at, portfolio.position_count)
    at = put_positions(state, out, at, slot, False)
    start_changed(state, slot)
    return at


@compiled
def put_counters(state: State, out: Bytes, at: int, slot: int) -> int:
    """All rolling counters, empty sub-buckets left out."""
    counter = state.portfolios[slot].counters
    while counter != -1:
        known = state.counters[counter]
        at = put_int(out, at, known.kind)
        at = put_int(out, at, known.window_ms)
        at = put_int(out, at, known.newest)
        at = put_wide(out, at, known.sum_hi, known.sum_lo)
        filled = 0
        for i in range(BUCKETS):
            if known.bucket_hi[i] != 0 or known.bucket_lo[i] != np.uint64(0):
                filled += 1
        at = put_int(out, at, filled)
        for i in range(BUCKETS):
            if known.bucket_hi[i] != 0 or known.bucket_lo[i] != np.uint64(0):
                at = put_int(out, at, i)
                at = put_wide(out, at, known.bucket_hi[i], known.bucket_lo[i])
        counter = known.next
    return at


@compiled
def put_levels_and_metrics(state: State, out: Bytes, at: int, slot: int) -> int:
    """Levels of standing limits, used overrides, and the last metrics."""
    level = state.portfolios[slot].levels
    while level != -1:
        known = state.levels[level]
        at = put_int(out, at, known.uid)
        at = put_string(state, out, at, known.key)
        at = put_int(out, at, known.armed_since)
        at = put_int(out, at, known.level)
        level = known.next
    metric = state.portfolios[slot].metrics
    while metric != -1:
        valued = state.metrics[metric]
        at = put_fixed(out, at, valued.h1)
        at = put_fixed(out, at, valued.h2)
        at = put_fixed(out, at, np.float64(valued.value).view(np.uint64))
        metric = valued.next
    return at


@compiled
def put_main(state: State, out: Bytes, at: int, slot: int) -> int:
    """The main row's value; there is room for `main_bytes_max`."""
    portfolio = state.portfolios[slot]
    out[at] = np.uint8(VERSION)
    at += 1
    positions, counters, levels, metrics, opens = counts_of(state, slot)
    for count in (positions, counters, levels, metrics, opens, portfolio.list_number):
        at = put_int(out, at, count)
    for kind in range(CHUNK_KINDS):
        at = put_int(out, at, state.chains[slot, kind, HEAD])
        at = put_int(out, at, state.chains[slot, kind, TAIL])
    chunk = state.chains[slot, OPENS, FIRST]
    while chunk != -1:
        if not is_tail(state, OPENS, chunk):
            at = put_int(out, at, state.chunks(OPENS)[chunk].number)
        chunk = np.int64(state.chunks(OPENS)[chunk].next)
    at = put_int(out, at, portfolio.to)
    at = put_int(out, at, portfolio.tv)
    at = put_int(out, at, portfolio.value_offset)
    at = put_int(out, at, portfolio.sequence)
    at = put_int(out, at, portfolio.snapshot_ts)
    at = put_int(out, at, portfolio.halt_version)
    at = put_int(out, at, portfolio.rebase_seen)
    at = put_int(out, at, portfolio.ids_head)
    at = put_int(out, at, portfolio.open_count)
    at = put_int(out, at, portfolio.open_oldest)
    at = put_int(out, at, portfolio.uses)
    at = put_wide(out, at, portfolio.total_hi, portfolio.total_lo)
    at = put_wide(out, at, portfolio.flow_hi, portfolio.flow_lo)
    at = put_wide(out, at, portfolio.top_hi, portfolio.top_lo)
    at = put_positions(state, out, at, slot, is_listed(state, slot))
    portfolio.repeated += np.int64(portfolio.changed_count)
    at = put_counters(state, out, at, slot)
    at = put_levels_and_metrics(state, out, at, slot)
    for kind in range(CHUNK_KINDS):
        at = put_tail(state, out, at, slot, kind)
    return at
