"""A cut between two steps: every row changed since the last one, copied into one buffer.

Rows go to `bounds`, three places each: where the key starts, where the value starts, where it ends (-1: no value).
"""

import numpy as np

from risk_stream.messages.compiled.write_text import where
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import (
    DIRTY_CHUNK_COUNT,
    DIRTY_COUNT,
    GONE_COUNT,
    ID_BYTES_MAX,
    Bytes,
    Int64s,
    State,
)
from risk_stream.state.save import (
    LIST_LETTER,
    MAIN_LETTER,
    list_bytes_max,
    main_bytes_max,
    needs_list,
    put_key,
    put_list,
    put_main,
)
from risk_stream.state.save_chunks import CHUNK_BYTES_MAX, is_tail, put_chunk, put_chunk_key

KEY_BYTES_MAX = ID_BYTES_MAX + 10


@compiled
def cut_gone(state: State, buffer: Bytes, bounds: Int64s) -> int:
    """Keys of chunk rows to delete; how many."""
    out = where(buffer.ctypes)
    at = np.int64(0)
    for i in range(state.header[GONE_COUNT]):
        gone = state.gone[i]
        bounds[i, 0] = at
        at = put_chunk_key(state, out, at, gone.slot, gone.kind, gone.number)
        bounds[i, 1] = at
        bounds[i, 2] = -1
    count = state.header[GONE_COUNT]
    state.header[GONE_COUNT] = 0
    return count


@compiled
def cut_chunks(state: State, first: int, buffer: Bytes, bounds: Int64s) -> tuple[int, int]:
    """Changed chunks from list place `first` on, while there is room; (place reached, rows).

    The last of a queue goes with the main row while it is not full; the row it had when it was, is deleted.
    """
    out = where(buffer.ctypes)
    at = np.int64(0)
    count = 0
    for i in range(first, state.header[DIRTY_CHUNK_COUNT]):
        if at + KEY_BYTES_MAX + CHUNK_BYTES_MAX > buffer.shape[0]:
            return i, count
        kind = np.int64(state.dirty_chunks[i, 0])
        chunk = np.int64(state.dirty_chunks[i, 1])
        head = state.chunks(kind)[chunk]
        if head.dirty == 0:
            continue  # freed since, or listed twice
        head.dirty = np.int8(0)
        kept = is_tail(state, kind, chunk)
        if kept and head.saved == 0:
            continue
        bounds[count, 0] = at
        at = put_chunk_key(state, out, at, head.slot, kind, head.number)
        bounds[count, 1] = at
        if kept:
            head.saved = np.int8(0)
            bounds[count, 2] = -1
        else:
            head.saved = np.int8(1)
            at = put_chunk(state, out, at, kind, chunk)
            bounds[count, 2] = at
        count += 1
    return np.int64(state.header[DIRTY_CHUNK_COUNT]), count


@compiled
def portfolio_bytes_max(state: State, slot: int) -> int:
    """An upper bound of what a changed portfolio's main row and list take, keys included."""
    room = KEY_BYTES_MAX + main_bytes_max(state, slot)
    if needs_list(state, slot):
        room += KEY_BYTES_MAX + list_bytes_max(state, slot)
    return room


@compiled
def cut_mains(state: State, first: int, buffer: Bytes, bounds: Int64s) -> tuple[int, int]:
    """Changed portfolios from list place `first` on, while there is room; (place reached, rows)."""
    out = where(buffer.ctypes)
    at = np.int64(0)
    count = 0
    for i in range(first, state.header[DIRTY_COUNT]):
        slot = state.dirty[i]
        if at + portfolio_bytes_max(state, slot) > buffer.shape[0]:
            return i, count
        if needs_list(state, slot):
            bounds[count, 0] = at
            at = put_key(state, out, at, slot, LIST_LETTER)
            bounds[count, 1] = at
            at = put_list(state, out, at, slot)
            bounds[count, 2] = at
            count += 1
        portfolio = state.portfolios[slot]
        portfolio.dirty = np.int8(0)
        portfolio.cutting = np.int8(1)
        bounds[count, 0] = at
        at = put_key(state, out, at, slot, MAIN_LETTER)
        bounds[count, 1] = at
        at = put_main(state, out, at, slot)
        bounds[count, 2] = at
        count += 1
    return np.int64(state.header[DIRTY_COUNT]), count


@compiled
def finish_cut(state: State) -> None:
    """Start new lists of what changes from here on."""
    state.header[DIRTY_COUNT] = 0
    state.header[DIRTY_CHUNK_COUNT] = 0


@compiled
def finish_save(state: State) -> None:
    """The rows of the last cut are stored: their portfolios may be evicted, if they have not changed again."""
    for slot in range(state.portfolios.shape[0]):
        if state.portfolios[slot].cutting == 1:
            state.portfolios[slot].cutting = np.int8(0)
