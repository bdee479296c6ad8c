"""Open orders: approved and not yet filled or closed, at most 24 h of To.

An entry of the queue keeps its place when it is closed; a chunk is freed when all its orders are closed.
"""

import numpy as np

from risk_stream.state.attempts import owned_key
from risk_stream.state.chunks import append, drop_chunk, touch, touch_chunk
from risk_stream.state.compiled import compiled
from risk_stream.state.int128 import add, subtract, widen
from risk_stream.state.layout import BY_OPEN, CHUNK, DAY_MS, FIRST, LAST, NONE, OPENS, TAIL, State
from risk_stream.state.positions import attach, detach, find_position, own_holding, position_for
from risk_stream.state.table import insert, ref_at, remove, seek, tag_of


@compiled
def find_open(state: State, slot: int, h1: np.uint64, h2: np.uint64) -> int:
    """The entry of an open order; -1 when it is not open.

    An id forgotten among the last 10,000 may be approved again while its first order is open: the oldest is meant,
    whatever order growth or loading left in the table.
    """
    key = owned_key(slot, h1)
    oldest = np.int32(-1)
    oldest_sequence = np.int64(0)
    places = state.places(BY_OPEN)
    tag = tag_of(key)
    at = seek(places, tag, tag)
    while at != -1:
        entry = ref_at(places, at)
        known = state.opens[entry]
        if known.h1 == h1 and known.h2 == h2 and state.chunks(OPENS)[entry // CHUNK].slot == slot:
            sequence = state.chunks(OPENS)[entry // CHUNK].number * CHUNK + entry % CHUNK
            if oldest == -1 or sequence < oldest_sequence:
                oldest = entry
                oldest_sequence = sequence
        at = seek(places, tag, at + 1)
    return oldest


@compiled
def open_order(
    state: State, slot: int, h1: np.uint64, h2: np.uint64, symbol: int, side: int, quantity: int, price: int
) -> None:
    """Hold the quantity of an approved order; `price` (0: none) becomes the symbol's last order price."""
    last = state.chains[slot, OPENS, LAST]
    if last != -1 and state.chunks(OPENS)[last].live == 0 and state.chains[slot, OPENS, TAIL] % CHUNK == 0:
        drop_chunk(state, slot, OPENS, last)
    entry = append(state, slot, OPENS)
    new = state.opens[entry]
    portfolio = state.portfolios[slot]
    new.h1 = h1
    new.h2 = h2
    new.to = portfolio.to
    new.remaining = quantity
    new.symbol = np.int32(symbol)
    new.side = np.int32(side)
    state.chunks(OPENS)[entry // CHUNK].live += np.int32(1)
    insert(state, BY_OPEN, owned_key(slot, h1), entry)
    portfolio.open_count += 1
    if portfolio.open_oldest == NONE:
        portfolio.open_oldest = portfolio.to
    position = position_for(state, slot, symbol)
    detach(state, position)
    held = state.holdings[own_holding(state, position)]
    quantity_hi, quantity_lo = widen(quantity)
    high, low = add(held.open_hi[side], held.open_lo[side], quantity_hi, quantity_lo)
    held.open_hi[side] = high
    held.open_lo[side] = low
    if price != 0:
        state.positions[position].order_price = price
    attach(state, position)


@compiled
def reduce_open(state: State, slot: int, entry: int, quantity: int) -> None:
    """Release a quantity (at most what remains) of an open order; at nothing left it is closed."""
    known = state.opens[entry]
    portfolio = state.portfolios[slot]
    position = find_position(state, slot, known.symbol)
    detach(state, position)
    held = state.holdings[own_holding(state, position)]
    quantity_hi, quantity_lo = widen(quantity)
    high, low = subtract(held.open_hi[known.side], held.open_lo[known.side], quantity_hi, quantity_lo)
    held.open_hi[known.side] = high
    held.open_lo[known.side] = low
    attach(state, position)
    known.remaining -= quantity
    chunk = entry // CHUNK
    touch_chunk(state, OPENS, chunk)
    touch(state, slot)
    if known.remaining == 0:
        remove(state, BY_OPEN, owned_key(slot, known.h1), entry)
        portfolio.open_count -= 1
        state.chunks(OPENS)[chunk].live -= np.int32(1)
        if state.chunks(OPENS)[chunk].live == 0 and chunk != state.chains[slot, OPENS, LAST]:
            drop_chunk(state, slot, OPENS, chunk)


@compiled
def close_order(state: State, slot: int, entry: int) -> None:
    """Release all that is left of an open order."""
    reduce_open(state, slot, entry, state.opens[entry].remaining)


@compiled
def last_entry_of(state: State, slot: int, chunk: int) -> int:
    """One past the last entry in use of a chunk."""
    if chunk == state.chains[slot, OPENS, LAST]:
        return chunk * CHUNK + (state.chains[slot, OPENS, TAIL] - 1) % CHUNK + 1
    return (chunk + 1) * CHUNK


@compiled
def expire_opens(state: State, slot: int) -> None:
    """Close what was approved 24 h of To ago or earlier. Looks only when the oldest may be that old."""
    portfolio = state.portfolios[slot]
    if portfolio.open_oldest == NONE or portfolio.to - portfolio.open_oldest < DAY_MS:
        return
    portfolio.open_oldest = NONE
    chunk = state.chains[slot, OPENS, FIRST]
    while chunk != -1:
        following = np.int64(state.chunks(OPENS)[chunk].next)
        for entry in range(chunk * CHUNK, last_entry_of(state, slot, chunk)):
            known = state.opens[entry]
            if known.remaining == 0:
                continue
            if portfolio.to - known.to < DAY_MS:
                portfolio.open_oldest = known.to
                return
            close_order(state, slot, entry)
        chunk = following
