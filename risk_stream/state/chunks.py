"""Chunked queues: what grows (attempts and their past, execution ids, open orders, peaks) in chunks of 16 entries.

An entry has a sequence number in its portfolio; entry index = chunk x 16 + sequence % 16. A full chunk is saved as one
row, again only when it changed, so a queue of any length costs a snapshot no more than its new entries.
"""

import numpy as np

from risk_stream.state.arena import release, take
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import (
    CHUNK,
    CHUNK_KINDS,
    DIRTY_CHUNK_COUNT,
    DIRTY_COUNT,
    FIRST,
    GONE_COUNT,
    HEAD,
    LAST,
    TAIL,
    State,
)


@compiled
def touch(state: State, slot: int) -> None:
    """Note that the portfolio's row must be saved again."""
    portfolio = state.portfolios[slot]
    if portfolio.dirty == 0:
        portfolio.dirty = np.int8(1)
        state.dirty[state.header[DIRTY_COUNT]] = slot
        state.header[DIRTY_COUNT] += 1


@compiled
def touch_chunk(state: State, kind: int, chunk: int) -> None:
    """Note that a chunk must be saved again: its row, or its portfolio's (save_chunks.py)."""
    head = state.chunks(kind)[chunk]
    touch(state, head.slot)
    if head.dirty == 0:
        head.dirty = np.int8(1)
        at = state.header[DIRTY_CHUNK_COUNT]
        state.dirty_chunks[at, 0] = kind
        state.dirty_chunks[at, 1] = chunk
        state.header[DIRTY_CHUNK_COUNT] = at + 1


@compiled
def start_chunk(state: State, slot: int, kind: int, number: int) -> int:
    """A new last chunk of a portfolio's queue."""
    heads = state.chunks(kind)
    chunk = take(state, kind, heads)
    head = heads[chunk]
    chain = state.chains[slot, kind]
    head.number = number
    head.slot = slot
    head.next = np.int32(-1)
    head.previous = np.int32(chain[LAST])
    head.live = np.int32(0)
    head.dirty = np.int8(0)
    head.saved = np.int8(0)
    if chain[LAST] == -1:
        chain[FIRST] = chunk
    else:
        heads[chain[LAST]].next = chunk
    chain[LAST] = chunk
    return chunk


@compiled
def drop_chunk(state: State, slot: int, kind: int, chunk: int) -> None:
    """Unlink and free a chunk; its row, if there is one, is deleted at the next cut."""
    heads = state.chunks(kind)
    head = heads[chunk]
    chain = state.chains[slot, kind]
    if head.previous == -1:
        chain[FIRST] = head.next
    else:
        heads[head.previous].next = head.next
    if head.next == -1:
        chain[LAST] = head.previous
    else:
        heads[head.next].previous = head.previous
    if head.saved == 1:
        gone = state.gone[state.header[GONE_COUNT]]
        gone.number = head.number
        gone.kind = np.int32(kind)
        gone.slot = np.int32(slot)
        state.header[GONE_COUNT] += 1
    head.dirty = np.int8(0)
    head.slot = np.int32(-1)
    release(state, kind, heads, chunk)


@compiled
def append(state: State, slot: int, kind: int) -> int:
    """The index of a new entry at the tail, in a chunk marked as changed."""
    chain = state.chains[slot, kind]
    sequence = chain[TAIL]
    chunk = np.int32(chain[LAST])
    if chunk == -1 or state.chunks(kind)[chunk].number != sequence // CHUNK:
        chunk = start_chunk(state, slot, kind, sequence // CHUNK)
    chain[TAIL] = sequence + 1
    touch_chunk(state, kind, chunk)
    return np.int64(chunk) * CHUNK + sequence % CHUNK


@compiled
def head_entry(state: State, slot: int, kind: int) -> int:
    """The index of the oldest entry of a queue that is not empty."""
    chain = state.chains[slot, kind]
    return chain[FIRST] * CHUNK + chain[HEAD] % CHUNK


@compiled
def drop_head(state: State, slot: int, kind: int) -> None:
    """Remove the oldest entry; an emptied chunk is freed."""
    chain = state.chains[slot, kind]
    chain[HEAD] += 1
    if chain[HEAD] % CHUNK == 0 or chain[HEAD] == chain[TAIL]:
        drop_chunk(state, slot, kind, chain[FIRST])


@compiled
def next_entry(state: State, kind: int, entry: int) -> int:
    """The index of the entry after one that is not the last."""
    if entry % CHUNK != CHUNK - 1:
        return entry + 1
    return np.int64(state.chunks(kind)[entry // CHUNK].next) * CHUNK


@compiled
def start_chains(state: State, slot: int) -> None:
    """Empty queues for a new portfolio."""
    for kind in range(CHUNK_KINDS):
        chain = state.chains[slot, kind]
        chain[FIRST] = -1
        chain[LAST] = -1
        chain[HEAD] = 0
        chain[TAIL] = 0
