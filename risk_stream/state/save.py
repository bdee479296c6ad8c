"""Portfolios as rows: a main row of what is small, a list of positions if there are many, a row a chunk of what grows.

Keys: `P` + id for the main row; `L` + id for the list; `A`, `X`, `O` or `K` (attempts, execution ids, open orders,
peaks) + id + NUL + chunk number (8 bytes, big-endian). A row is self-contained: strings are written out. `VERSION` is
its first byte.

The main row carries the positions that are not as in the list, so that a position which changes does not cost all that
do not. The list is saved again when main rows have repeated as many positions as it has: at most twice the least.
"""

import numpy as np

from risk_stream.state.compiled import compiled
from risk_stream.state.layout import (
    ATTEMPTS,
    BUCKETS,
    CHUNK,
    EXECUTIONS,
    FIRST,
    HEAD,
    ID_BYTES_MAX,
    INLINE_POSITIONS,
    OPENS,
    TAIL,
    Bytes,
    Int64s,
    State,
)
from risk_stream.state.levels import count_levels
from risk_stream.state.positions import start_changed
from risk_stream.state.sectors import sector_name
from risk_stream.state.wire import INT_BYTES_MAX, WIDE_BYTES_MAX, put_fixed, put_int, put_string, put_wide

VERSION = 2
MAIN_LETTER = 80
LIST_LETTER = 76
KIND_LETTERS = (65, 88, 79, 75)

STRING_BYTES_MAX = INT_BYTES_MAX + ID_BYTES_MAX
POSITION_BYTES_MAX = 3 * STRING_BYTES_MAX + 3 * WIDE_BYTES_MAX + 4 * INT_BYTES_MAX
COUNTER_BYTES_MAX = 4 * INT_BYTES_MAX + WIDE_BYTES_MAX + BUCKETS * (INT_BYTES_MAX + WIDE_BYTES_MAX)
LEVEL_BYTES_MAX = STRING_BYTES_MAX + 4 * INT_BYTES_MAX
METRIC_BYTES = 24
FIXED_BYTES_MAX = 32 * INT_BYTES_MAX + 3 * WIDE_BYTES_MAX
CHUNK_BYTES_MAX = 3 + CHUNK * (16 + STRING_BYTES_MAX + 5 * INT_BYTES_MAX + WIDE_BYTES_MAX)
"""Largest rows: an attempt or an open order is two hashes, a symbol and five numbers."""


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
    """Positions of the main row, counters, levels, metrics and chunks of open orders."""
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
    )


@compiled
def put_id(state: State, row: Bytes, at: Int64s, slot: int) -> None:
    """The portfolio's id, bare."""
    length = state.portfolios[slot].id_len
    for i in range(length):
        row[at[0] + i] = state.ids[slot, i]
    at[0] += length


@compiled
def put_key(state: State, row: Bytes, at: Int64s, slot: int, letter: int) -> None:
    """The key of the main row, or of the list of positions, by its letter."""
    row[at[0]] = np.uint8(letter)
    at[0] += 1
    put_id(state, row, at, slot)


@compiled
def put_chunk_key(state: State, row: Bytes, at: Int64s, slot: int, kind: int, number: int) -> None:
    """The key of a chunk's row."""
    put_key(state, row, at, slot, KIND_LETTERS[kind])
    row[at[0]] = np.uint8(0)
    at[0] += 1
    for i in range(8):
        row[at[0] + i] = np.uint8((number >> (56 - 8 * i)) & 255)
    at[0] += 8


@compiled
def put_position(state: State, row: Bytes, at: Int64s, position: int) -> None:
    """One position."""
    known = state.positions[position]
    put_string(state, row, at, known.symbol)
    put_int(row, at, known.used_at)
    put_wide(row, at, known.held_hi, known.held_lo)
    for side in range(2):
        put_wide(row, at, known.open_hi[side], known.open_lo[side])
    put_int(row, at, known.snapshot_price)
    put_int(row, at, known.fill_price)
    put_int(row, at, known.order_price)
    put_string(state, row, at, sector_name(state, known.snapshot_sector))
    put_string(state, row, at, sector_name(state, known.order_sector))


@compiled
def put_positions(state: State, row: Bytes, at: Int64s, slot: int, listed: bool) -> None:
    """All positions or, if the others are listed, those that the list does not have as they are."""
    position = state.portfolios[slot].changed if listed else state.portfolios[slot].positions
    while position != -1:
        put_position(state, row, at, position)
        position = state.positions[position].next_changed if listed else state.positions[position].next


@compiled
def list_bytes_max(state: State, slot: int) -> int:
    """An upper bound of the list's length."""
    return 1 + 2 * INT_BYTES_MAX + np.int64(state.portfolios[slot].position_count) * POSITION_BYTES_MAX


@compiled
def put_list(state: State, row: Bytes, at: Int64s, slot: int) -> None:
    """The list of all positions as a row's value, under a new number; the main row that names it must follow."""
    portfolio = state.portfolios[slot]
    portfolio.list_number += 1
    row[at[0]] = np.uint8(VERSION)
    at[0] += 1
    put_int(row, at, portfolio.list_number)
    put_int(row, at, portfolio.position_count)
    put_positions(state, row, at, slot, False)
    start_changed(state, slot)


@compiled
def put_counters(state: State, row: Bytes, at: Int64s, slot: int) -> None:
    """All rolling counters, empty sub-buckets left out."""
    counter = state.portfolios[slot].counters
    while counter != -1:
        known = state.counters[counter]
        put_int(row, at, known.kind)
        put_int(row, at, known.window_ms)
        put_int(row, at, known.newest)
        put_wide(row, at, known.sum_hi, known.sum_lo)
        filled = 0
        for i in range(BUCKETS):
            if known.bucket_hi[i] != 0 or known.bucket_lo[i] != np.uint64(0):
                filled += 1
        put_int(row, at, filled)
        for i in range(BUCKETS):
            if known.bucket_hi[i] != 0 or known.bucket_lo[i] != np.uint64(0):
                put_int(row, at, i)
                put_wide(row, at, known.bucket_hi[i], known.bucket_lo[i])
        counter = known.next


@compiled
def put_levels_and_metrics(state: State, row: Bytes, at: Int64s, slot: int) -> None:
    """Levels of standing limits, used overrides, and the last metrics."""
    level = state.portfolios[slot].levels
    while level != -1:
        known = state.levels[level]
        put_int(row, at, known.uid)
        put_string(state, row, at, known.key)
        put_int(row, at, known.armed_since)
        put_int(row, at, known.level)
        level = known.next
    metric = state.portfolios[slot].metrics
    while metric != -1:
        valued = state.metrics[metric]
        put_fixed(row, at, valued.h1)
        put_fixed(row, at, valued.h2)
        put_fixed(row, at, np.float64(valued.value).view(np.uint64))
        metric = valued.next


@compiled
def put_main(state: State, row: Bytes, at: Int64s, slot: int) -> None:
    """The main row's value; `row` has room for `main_bytes_max`."""
    portfolio = state.portfolios[slot]
    row[at[0]] = np.uint8(VERSION)
    at[0] += 1
    positions, counters, levels, metrics, opens = counts_of(state, slot)
    for count in (positions, counters, levels, metrics, opens, portfolio.list_number):
        put_int(row, at, count)
    for kind in range(4):
        put_int(row, at, state.chains[slot, kind, HEAD])
        put_int(row, at, state.chains[slot, kind, TAIL])
    chunk = state.chains[slot, OPENS, FIRST]
    while chunk != -1:
        put_int(row, at, state.chunks(OPENS)[chunk].number)
        chunk = np.int64(state.chunks(OPENS)[chunk].next)
    put_int(row, at, portfolio.to)
    put_int(row, at, portfolio.tv)
    put_int(row, at, portfolio.value_offset)
    put_int(row, at, portfolio.sequence)
    put_int(row, at, portfolio.snapshot_ts)
    put_int(row, at, portfolio.halt_version)
    put_int(row, at, portfolio.rebase_seen)
    put_int(row, at, portfolio.ids_head)
    put_int(row, at, portfolio.open_count)
    put_int(row, at, portfolio.open_oldest)
    put_int(row, at, portfolio.uses)
    put_wide(row, at, portfolio.total_hi, portfolio.total_lo)
    put_wide(row, at, portfolio.flow_hi, portfolio.flow_lo)
    put_wide(row, at, portfolio.top_hi, portfolio.top_lo)
    put_positions(state, row, at, slot, is_listed(state, slot))
    portfolio.repeated += np.int64(portfolio.changed_count)
    put_counters(state, row, at, slot)
    put_levels_and_metrics(state, row, at, slot)


@compiled
def put_entry(state: State, row: Bytes, at: Int64s, kind: int, entry: int) -> None:
    """One entry of a chunk."""
    if kind == ATTEMPTS:
        attempt = state.attempts[entry]
        put_fixed(row, at, attempt.h1)
        put_fixed(row, at, attempt.h2)
        put_int(row, at, attempt.to)
        put_int(row, at, attempt.quantity)
        put_int(row, at, attempt.price)
        put_wide(row, at, attempt.notional_hi, attempt.notional_lo)
        put_int(row, at, attempt.side)
        put_string(state, row, at, attempt.symbol)
    elif kind == EXECUTIONS:
        put_fixed(row, at, state.executions[entry].h1)
        put_fixed(row, at, state.executions[entry].h2)
    elif kind == OPENS:
        order = state.opens[entry]
        put_fixed(row, at, order.h1)
        put_fixed(row, at, order.h2)
        put_int(row, at, order.to)
        put_int(row, at, order.remaining)
        put_int(row, at, order.side)
        put_string(state, row, at, order.symbol)
    else:
        peak = state.peaks[entry]
        put_int(row, at, peak.bucket)
        put_wide(row, at, peak.net_hi, peak.net_lo)


@compiled
def put_chunk(state: State, row: Bytes, at: Int64s, kind: int, chunk: int) -> None:
    """A chunk row's value: where its first entry stands, how many there are, the entries."""
    head = state.chunks(kind)[chunk]
    chain = state.chains[head.slot, kind]
    first = head.number * CHUNK
    if kind != OPENS:
        first = max(first, chain[HEAD])
    end = min((head.number + 1) * CHUNK, chain[TAIL])
    row[at[0]] = np.uint8(VERSION)
    row[at[0] + 1] = np.uint8(first % CHUNK)
    row[at[0] + 2] = np.uint8(end - first)
    at[0] += 3
    for sequence in range(first, end):
        put_entry(state, row, at, kind, chunk * CHUNK + sequence % CHUNK)
