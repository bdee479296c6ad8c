"""Memory of the columns: free lists inside the arrays, growth between batches."""

import numpy as np

from risk_stream.state import layout as lay
from risk_stream.state import table
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import ARENAS, CHUNK, CHUNK_KINDS, FREE_COUNT, FREE_HEAD, Rows, State
from risk_stream.state.room import size_for

INITIAL = 64
"""Things of each kind in a new state; a power of two, as every size of a hash table is."""

INDEXED = {
    lay.BY_PORTFOLIO: lay.PORTFOLIOS,
    lay.BY_POSITION: lay.POSITIONS,
    lay.BY_SECTOR: lay.SECTORS,
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
    """An empty state of a few hundred kilobytes."""
    lengths = {
        "header": lay.HEADER_CELLS,
        "free": ARENAS,
        "text": INITIAL * 16,
        "table_used": lay.TABLES,
        **dict.fromkeys(lay.ENTRIES, INITIAL * CHUNK),
        **{f"{name}_places": 2 * INITIAL for name in lay.TABLE_NAMES},
    }
    state = State(
        {name: np.zeros((lengths.get(name, INITIAL), *shape), dtype) for name, (dtype, shape) in State.SPEC.items()}
    )
    for arena in range(ARENAS):
        state.free[arena, FREE_HEAD] = -1
        chain_free(state, arena, things_of(state, arena), 0)
    return state


def name_of(arena: int) -> str:
    """The column that carries the free list of an arena."""
    return (*lay.HEADS, "portfolios", "positions", "sectors", "counters", "levels", "metrics")[arena]


def things_of(state: State, arena: int) -> Rows:
    """The array that carries the free list of an arena."""
    return state.arrays[name_of(arena)]


def reserve(state: State, needed: dict[int, int], strings: int, text_bytes: int) -> None:
    """Make sure that each arena has `needed` free things, and the string pool room for that many more.

    Amortised O(1) a thing: what must be copied to grow doubles (room.py, and hash tables). Cost when nothing grows:
    about 8 us. Raises RuntimeError as `check_reserved`.
    """
    check_reserved(state)
    for arena, count in needed.items():
        lacking = count - int(state.free[arena, FREE_COUNT])
        if lacking > 0:
            _grow(state, arena, lacking)
    state.lengthen("strings", int(state.header[lay.STRING_COUNT]) + strings)
    state.lengthen("text", int(state.header[lay.TEXT_USED]) + text_bytes)
    # At most every slot is listed as changed. A chunk freed and taken again is listed twice, so: all there are, and
    # all that are listed already.
    chunks = sum(state.chunks(kind).shape[0] for kind in range(CHUNK_KINDS))
    state.lengthen("dirty", state.portfolios.shape[0])
    state.lengthen("dirty_chunks", int(state.header[lay.DIRTY_CHUNK_COUNT]) + chunks)
    state.lengthen("gone", int(state.header[lay.GONE_COUNT]) + chunks)
    for index in range(lay.TABLES):
        wanted = 2 * (int(state.table_used[index]) + _new_entries(index, needed, strings))
        if wanted > state.places(index).shape[0]:
            _enlarge_table(state, index, wanted)


def check_reserved(state: State) -> None:
    """Raise RuntimeError when what was reserved did not do: something stands in the place of something else then."""
    if int(state.free[:, FREE_COUNT].min()) < 0:
        raise RuntimeError(f"more was taken than reserved: {state.free[:, FREE_COUNT].tolist()}")


def _new_entries(index: int, needed: dict[int, int], strings: int) -> int:
    if index == lay.BY_STRING:
        return strings
    if index in INDEXED:
        return needed.get(INDEXED[index], 0)
    # Existing chunks may have room for CHUNK - 1 entries more each than their tables count yet.
    return needed.get(CHUNK_INDEXED[index], 0) * CHUNK


def _enlarge_table(state: State, index: int, wanted: int) -> None:
    old = state.places(index)
    places = np.zeros(size_for(old.shape[0], wanted), np.int64)
    table.rehash(old, places)
    state.replace_places(index, places)


def _grow(state: State, arena: int, lacking: int) -> None:
    """Lengthen an arena by `lacking` things at least, and put the new ones on its free list."""
    start = things_of(state, arena).shape[0]
    state.lengthen(name_of(arena), start + lacking)
    size = things_of(state, arena).shape[0]
    if arena < CHUNK_KINDS:
        state.lengthen(lay.ENTRIES[arena], size * CHUNK)
    if arena == lay.PORTFOLIOS:
        state.lengthen("ids", size)
        state.lengthen("chains", size)
    chain_free(state, arena, things_of(state, arena), start)
