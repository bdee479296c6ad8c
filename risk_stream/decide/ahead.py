"""What the next orders will need, asked of the memory while the orders before them are decided.

The state of 10,000 portfolios is hundreds of megabytes, and an order touches some thirty places of it, which would come
one after the other: a fifth of the engine's time (docs/performance.md). Only hints: nothing is read that matters,
nothing changes. An order is asked for in three stages, each of which needs what the one before brought.
"""

from typing import Any

import numpy as np

from risk_stream.messages.compiled.order_row import WELL_FORMED
from risk_stream.state.attempts import owned_key, signature_key
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import (
    ATTEMPT,
    ATTEMPTS,
    BUCKETS,
    BY_ATTEMPT,
    BY_OPEN,
    BY_POSITION,
    BY_SIGNATURE,
    CHUNK,
    CHUNK_KINDS,
    COUNTER,
    LAST,
    OPENS,
    PORTFOLIO,
    POSITION,
    TAIL,
    Int32s,
    Rows,
    State,
)
from risk_stream.state.positions import position_key
from risk_stream.state.prefetch import LINE, prefetch
from risk_stream.state.table import ref_at, tag_of

FAR, NEAR, NEXT = 12, 8, 4
"""How many orders ahead the stages are: a few hundred nanoseconds apart."""

PORTFOLIO_BYTES, POSITION_BYTES, ATTEMPT_BYTES = PORTFOLIO.itemsize, POSITION.itemsize, ATTEMPT.itemsize
CHAIN_CELLS = CHUNK_KINDS * 4
BUCKET_HI, BUCKET_LO = (COUNTER.fields[name][1] for name in ("bucket_hi", "bucket_lo"))  # type: ignore[index]


@compiled
def ask_place(state: State, table: int, key: np.uint64) -> None:
    """Where a key stands in a hash table."""
    places = state.places(table)
    prefetch(places, tag_of(key) & (places.shape[0] - 1), 0)


@compiled
def ask_portfolio(state: State, slot: int, row: Rows) -> None:
    """Stage one: the portfolio, its queues, and where the order's id would stand."""
    for offset in range(0, PORTFOLIO_BYTES, LINE):
        prefetch(state.portfolios, slot, offset)
    for cell in range(0, CHAIN_CELLS, LINE // 8):
        prefetch(state.chains, slot * CHAIN_CELLS + cell, 0)
    key = owned_key(slot, row[0].order_h1)
    ask_place(state, BY_ATTEMPT, key)
    ask_place(state, BY_OPEN, key)


@compiled
def ask_queues(state: State, slot: int, symbol: int, row: Rows) -> None:
    """Stage two: the ends of the queues, the first counter, where the position and equal orders stand."""
    order = row[0]
    price: Any = order.price if order.has_price == 1 else np.int64(-1)
    ask_place(state, BY_POSITION, position_key(slot, symbol))
    portfolio = state.portfolios[slot]
    if portfolio.links_equals == 1:
        ask_place(state, BY_SIGNATURE, signature_key(slot, symbol, order.side, order.quantity, price))
    for kind in (ATTEMPTS, OPENS):
        chunk = state.chains[slot, kind, LAST]
        if chunk == -1:
            continue
        entry = chunk * CHUNK + state.chains[slot, kind, TAIL] % CHUNK
        prefetch(state.chunks(kind), chunk, 0)
        if kind == OPENS:
            prefetch(state.opens, entry, 0)
        else:
            prefetch(state.attempts, entry, 0)
            prefetch(state.attempts, entry, ATTEMPT_BYTES - 1)
    if portfolio.counters != -1:
        prefetch(state.counters, np.int64(portfolio.counters), 0)
    if portfolio.window_peak[0] != -1:
        prefetch(state.peaks, np.int64(portfolio.window_peak[0]), 0)


@compiled
def ask_position(state: State, slot: int, symbol: int) -> None:
    """Stage three: the position, and the counters' newest buckets."""
    places = state.places(BY_POSITION)
    home = tag_of(position_key(slot, symbol)) & (places.shape[0] - 1)
    position = np.int64(ref_at(places, home))
    if position != -1:
        for offset in range(0, POSITION_BYTES, LINE):
            prefetch(state.positions, position, offset)
    counter = np.int64(state.portfolios[slot].counters)
    while counter != -1:
        known = state.counters[counter]
        at = known.newest % BUCKETS
        prefetch(state.counters, counter, BUCKET_HI + 8 * at)
        prefetch(state.counters, counter, BUCKET_LO + 8 * at)
        counter = np.int64(known.next)


@compiled
def ask_ahead(state: State, rows: Rows, slots: Int32s, symbols: Int32s, i: int) -> None:
    """Ask for what the orders behind row i need."""
    far, near, following = i + FAR, i + NEAR, i + NEXT
    if far < rows.shape[0] and rows[far].status == WELL_FORMED:
        ask_portfolio(state, slots[far], rows[far : far + 1])
    if near < rows.shape[0] and rows[near].status == WELL_FORMED:
        ask_queues(state, slots[near], symbols[near], rows[near : near + 1])
    if following < rows.shape[0] and rows[following].status == WELL_FORMED:
        ask_position(state, slots[following], symbols[following])
