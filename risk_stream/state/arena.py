"""Memory of the columns: free lists inside the arrays, growth by doubling between batches."""

from typing import Any

import numpy as np

from risk_stream.state import layout as lay
from risk_stream.state import table
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import ARENAS, CHUNK, CHUNK_KINDS, FREE_COUNT, FREE_HEAD, Rows, State

INITIAL = 64
"""Things of each kind in a new state; a power of two, as every later size."""

INDEXED = {
    lay.BY_PORTFOLIO: lay.PORTFOLIOS,
    lay.BY_POSITION: lay.POSITIONS,
}
CHUNK_INDEXED = {
    lay.BY_ATTEMPT: lay.ATTEMPTS,
    lay.BY_SIGNATURE: lay.ATTEMPTS,
    lay.BY_OPEN: lay.OPENS,
    lay.BY_EXECUTION: lay.EXECUTIONS,
}


@compiled
def take(state: State, arena: int, things: Rows) -> int:
    """The index of a free thing; `reserve` made sure that there is one."""
    index = np.int32(state.free[arena, FREE_HEAD])
    state.free[arena, FREE_HEAD] = things[index].next
    state.free[arena, FREE_COUNT] -= 1
    return index


@compiled
def release(state: State, arena: int, things: Rows, index: int) -> None:
    """Put a thing back on its free list."""
    things[index].next = np.int32(state.free[arena, FREE_HEAD])
    state.free[arena, FREE_HEAD] = index
    state.free[arena, FREE_COUNT] += 1


@compiled
def chain_free(state: State, arena: int, things: Rows, start: int) -> None:
    """Put the things from `start` on, new ones, on the free list, lowest first."""
    for index in range(things.shape[0] - 1, start - 1, -1):
        release(state, arena, things, index)


def new_state() -> State:
    """An empty state of a few kilobytes."""
    heads = tuple(np.zeros(INITIAL, lay.CHUNK_HEAD) for _ in range(CHUNK_KINDS))
    state = State(
        header=np.zeros(lay.HEADER_CELLS, np.int64),
        free=np.full((ARENAS, 2), -1, np.int64),
        portfolios=np.zeros(INITIAL, lay.PORTFOLIO),
        ids=np.zeros((INITIAL, lay.ID_BYTES_MAX), np.uint8),
        chains=np.full((INITIAL, CHUNK_KINDS, 4), -1, np.int64),
        positions=np.zeros(INITIAL, lay.POSITION),
        counters=np.zeros(INITIAL, lay.COUNTER),
        levels=np.zeros(INITIAL, lay.LEVEL),
        metrics=np.zeros(INITIAL, lay.METRIC_VALUE),
        chunks=heads,  # type: ignore[arg-type]  # a tuple built in a loop has no fixed length for the checker
        attempts=np.zeros(INITIAL * CHUNK, lay.ATTEMPT),
        executions=np.zeros(INITIAL * CHUNK, lay.EXECUTION_ID),
        opens=np.zeros(INITIAL * CHUNK, lay.OPEN),
        peaks=np.zeros(INITIAL * CHUNK, lay.PEAK),
        strings=np.zeros(INITIAL, lay.STRING),
        text=np.zeros(INITIAL * 16, np.uint8),
        table_keys=tuple(np.zeros(2 * INITIAL, np.uint64) for _ in range(lay.TABLES)),  # type: ignore[arg-type]
        table_refs=tuple(np.full(2 * INITIAL, -1, np.int32) for _ in range(lay.TABLES)),  # type: ignore[arg-type]
        table_used=np.zeros(lay.TABLES, np.int64),
        dirty=np.zeros(INITIAL, np.int32),
        dirty_chunks=np.zeros((INITIAL, 2), np.int32),
        gone=np.zeros(INITIAL, lay.GONE),
    )
    for arena in range(ARENAS):
        state.free[arena, FREE_COUNT] = 0
        chain_free(state, arena, things_of(state, arena), 0)
    return state


def things_of(state: State, arena: int) -> Rows:
    """The array that carries the free list of an arena."""
    if arena < CHUNK_KINDS:
        return state.chunks[arena]
    return (state.portfolios, state.positions, state.counters, state.levels, state.metrics)[arena - CHUNK_KINDS]


def reserve(state: State, needed: dict[int, int], strings: int, text_bytes: int) -> State:
    """A state in which each arena has `needed` free things, and the string pool room for that many more.

    Amortised O(1) a thing: arrays double. Cost when nothing grows: about 5 us.
    """
    fields: dict[str, Any] = {}
    for arena, count in needed.items():
        lacking = count - int(state.free[arena, FREE_COUNT])
        if lacking > 0:
            state = _grow(state, arena, lacking)
    state = _grow_strings(state, strings, text_bytes)
    state = _grow_lists(state, needed)
    keys, refs = list(state.table_keys), list(state.table_refs)
    for index in range(lay.TABLES):
        wanted = 2 * (int(state.table_used[index]) + _new_entries(index, needed, strings))
        if wanted > refs[index].shape[0]:
            keys[index], refs[index] = _larger_table(keys[index], refs[index], wanted)
            fields = {"table_keys": tuple(keys), "table_refs": tuple(refs)}
    return state._replace(**fields) if fields else state


def _new_entries(index: int, needed: dict[int, int], strings: int) -> int:
    if index == lay.BY_STRING:
        return strings
    if index in INDEXED:
        return needed.get(INDEXED[index], 0)
    # Existing chunks may have room for CHUNK - 1 entries more each than their tables count yet.
    return needed.get(CHUNK_INDEXED[index], 0) * CHUNK


def _size_for(current: int, wanted: int) -> int:
    size = current
    while size < wanted:
        size *= 2
    return size


def _larger(array: Any, size: int) -> Any:
    grown = np.zeros((size, *array.shape[1:]), array.dtype)
    grown[: array.shape[0]] = array
    return grown


def _larger_table(keys: Any, refs: Any, wanted: int) -> tuple[Any, Any]:
    size = _size_for(refs.shape[0], wanted)
    new_keys, new_refs = np.zeros(size, np.uint64), np.full(size, -1, np.int32)
    table.rehash(keys, refs, new_keys, new_refs)
    return new_keys, new_refs


def _grow(state: State, arena: int, lacking: int) -> State:
    """Double an arena until it has `lacking` more things, and put the new ones on its free list."""
    old = things_of(state, arena)
    start = old.shape[0]
    size = _size_for(start, start + lacking)
    grown = _larger(old, size)
    if arena < CHUNK_KINDS:
        heads = list(state.chunks)
        heads[arena] = grown
        name = ("attempts", "executions", "opens", "peaks")[arena]
        state = state._replace(chunks=tuple(heads), **{name: _larger(getattr(state, name), size * CHUNK)})
    else:
        name = ("portfolios", "positions", "counters", "levels", "metrics")[arena - CHUNK_KINDS]
        state = state._replace(**{name: grown})
    if arena == lay.PORTFOLIOS:
        state = state._replace(ids=_larger(state.ids, size), chains=_larger(state.chains, size))
    chain_free(state, arena, grown, start)
    return state


def _grow_strings(state: State, strings: int, text_bytes: int) -> State:
    wanted = int(state.header[lay.STRING_COUNT]) + strings
    if wanted > state.strings.shape[0]:
        state = state._replace(strings=_larger(state.strings, _size_for(state.strings.shape[0], wanted)))
    wanted = int(state.header[lay.TEXT_USED]) + text_bytes
    if wanted > state.text.shape[0]:
        state = state._replace(text=_larger(state.text, _size_for(state.text.shape[0], wanted)))
    return state


def _grow_lists(state: State, needed: dict[int, int]) -> State:
    """Lists of what changed: at most every slot, every chunk and every chunk freed since the last cut."""
    slots = state.portfolios.shape[0]
    if slots > state.dirty.shape[0]:
        state = state._replace(dirty=_larger(state.dirty, slots))
    chunks = sum(head.shape[0] for head in state.chunks)
    # A chunk freed and taken again is listed twice: room for what this batch can take on top of all there are.
    wanted = int(state.header[lay.DIRTY_CHUNK_COUNT]) + chunks
    if wanted > state.dirty_chunks.shape[0]:
        state = state._replace(dirty_chunks=_larger(state.dirty_chunks, _size_for(state.dirty_chunks.shape[0], wanted)))
    wanted = int(state.header[lay.GONE_COUNT]) + chunks
    if wanted > state.gone.shape[0]:
        state = state._replace(gone=_larger(state.gone, _size_for(state.gone.shape[0], wanted)))
    return state
