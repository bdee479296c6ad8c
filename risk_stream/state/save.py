"""Portfolios as rows: one main row of what is small, and one row a chunk of what grows.

Keys: `P` + id for the main row; `A`, `X`, `O` or `K` (attempts, execution ids, open orders, peaks) + id + NUL + chunk
number (8 bytes, big-endian). A row is self-contained: strings are written out. `VERSION` is its first byte.
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
    OPENS,
    TAIL,
    Bytes,
    Int64s,
    State,
)
from risk_stream.state.wire import INT_BYTES_MAX, WIDE_BYTES_MAX, put_fixed, put_int, put_string, put_wide

VERSION = 1
MAIN_LETTER = 80
KIND_LETTERS = (65, 88, 79, 75)

STRING_BYTES_MAX = INT_BYTES_MAX + ID_BYTES_MAX
POSITION_BYTES_MAX = 3 * STRING_BYTES_MAX + 3 * WIDE_BYTES_MAX + 3 * INT_BYTES_MAX
COUNTER_BYTES_MAX = 4 * INT_BYTES_MAX + WIDE_BYTES_MAX + BUCKETS * (INT_BYTES_MAX + WIDE_BYTES_MAX)
LEVEL_BYTES_MAX = STRING_BYTES_MAX + 4 * INT_BYTES_MAX
METRIC_BYTES = 24
FIXED_BYTES_MAX = 32 * INT_BYTES_MAX + 3 * WIDE_BYTES_MAX
CHUNK_BYTES_MAX = 3 + CHUNK * (16 + STRING_BYTES_MAX + 5 * INT_BYTES_MAX + WIDE_BYTES_MAX)
"""Largest rows: an attempt or an open order is two hashes, a symbol and five numbers."""


@compiled
def counts_of(state: State, slot: int) -> tuple[int, int, int, int, int]:
    """Positions, counters, levels, metrics and chunks of open orders."""
    portfolio = state.portfolios[slot]
    positions = counters = levels = metrics = opens = 0
    at = portfolio.positions
    while at != -1:
        positions += 1
        at = state.positions[at].next
    at = portfolio.counters
    while at != -1:
        counters += 1
        at = state.counters[at].next
    at = portfolio.levels
    while at != -1:
        levels += 1
        at = state.levels[at].next
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
def put_main_key(state: State, row: Bytes, at: Int64s, slot: int) -> None:
    """The key of the main row."""
    row[at[0]] = np.uint8(MAIN_LETTER)
    at[0] += 1
    put_id(state, row, at, slot)


@compiled
def put_chunk_key(state: State, row: Bytes, at: Int64s, slot: int, kind: int, number: int) -> None:
    """The key of a chunk's row."""
    row[at[0]] = np.uint8(KIND_LETTERS[kind])
    at[0] += 1
    put_id(state, row, at, slot)
    row[at[0]] = np.uint8(0)
    at[0] += 1
    for i in range(8):
        row[at[0] + i] = np.uint8((number >> (56 - 8 * i)) & 255)
    at[0] += 8


@compiled
def put_positions(state: State, row: Bytes, at: Int64s, slot: int, count: int) -> None:
    """All positions, the one used longest ago first, so that loading them restores the order."""
    found = np.empty(count, np.int64)
    used = np.empty(count, np.int64)
    position = np.int64(state.portfolios[slot].positions)
    for i in range(count):
        found[i] = position
        used[i] = state.positions[position].used_at
        position = np.int64(state.positions[position].next)
    for i in np.argsort(used):
        known = state.positions[found[i]]
        put_string(state, row, at, known.symbol)
        put_wide(row, at, known.held_hi, known.held_lo)
        for side in range(2):
            put_wide(row, at, known.open_hi[side], known.open_lo[side])
        put_int(row, at, known.snapshot_price)
        put_int(row, at, known.fill_price)
        put_int(row, at, known.order_price)
        put_string(state, row, at, known.snapshot_sector)
        put_string(state, row, at, known.order_sector)


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
    for count in (positions, counters, levels, metrics, opens):
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
    put_wide(row, at, portfolio.total_hi, portfolio.total_lo)
    put_wide(row, at, portfolio.flow_hi, portfolio.flow_lo)
    put_wide(row, at, portfolio.top_hi, portfolio.top_lo)
    put_positions(state, row, at, slot, positions)
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
