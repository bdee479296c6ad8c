"""Memory of the columns: free lists inside the arrays, growth between batches."""

import numpy as np

from risk_stream.state import layout as lay
from risk_stream.state import table
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import ARENAS, CHUNK, CHUNK_KINDS, FREE_COUNT, FREE_HEAD, Int64s, Rows, State
from risk_stream.state.room import size_for, zeros

INITIAL = 64
"""Things of each kind in a new state; a power of two, as every size of a hash table is."""

TABLE_ARENAS = (
    lay.PORTFOLIOS,
    lay.POSITIONS,
    lay.SECTORS,
    lay.ATTEMPTS,
    lay.ATTEMPTS,
    lay.OPENS,
    lay.EXECUTIONS,
    -1,
)
"""What each hash table indexes; -1 the strings. Of a chunk all entries: existing ones may have room for CHUNK - 1 more
each than their tables count yet."""


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
        **dict.fromkeys((*lay.ENTRIES, "equals"), INITIAL * CHUNK),
        **{f"{name}_places": 2 * INITIAL for name in lay.TABLE_NAMES},
    }
    state = State(
        {name: np.zeros((lengths.get(name, INITIAL), *shape), dtype) for name, (dtype, shape) in State.SPEC.items()}
    )
    for arena in range(ARENAS):
        state.free[arena, FREE_HEAD] = -1
        chain_free(state, arena, things_of(state, arena), 1 if arena == lay.HOLDINGS else 0)
    state.holdings[lay.NOTHING]["snapshot_sector"] = -1
    return state


def name_of(arena: int) -> str:
    """The column that carries the free list of an arena."""
    return (*lay.HEADS, "portfolios", "positions", "holdings", "sectors", "counters", "levels", "metrics")[arena]


def things_of(state: State, arena: int) -> Rows:
    """The array that carries the free list of an arena."""
    return state.arrays[name_of(arena)]


@compiled
def places_wanted(state: State, table_index: int, needed: Int64s, strings: int) -> int:
    """Places of a table that has room for all that it can get of what is needed."""
    arena = TABLE_ARENAS[table_index]
    if arena == -1:
        new = strings
    else:
        new = needed[arena] * CHUNK if arena < CHUNK_KINDS else needed[arena]
    if table_index == lay.BY_SIGNATURE:
        new += state.header[lay.UNLINKED_COUNT]  # a limit may come to concern every portfolio
    return table.places_for(state.table_used[table_index] + new)


@compiled
def chunk_count(state: State) -> int:
    """Chunks of all kinds, free ones too."""
    count = 0
    for kind in range(CHUNK_KINDS):
        count += state.chunks(kind).shape[0]
    return count


@compiled
def has_room(state: State, needed: Int64s, strings: int, text_bytes: int) -> bool:
    """Whether `reserve` has nothing to do."""
    for arena in range(ARENAS):
        if state.free[arena, FREE_COUNT] < max(needed[arena], 0):
            return False
    for index in range(lay.TABLES):
        if places_wanted(state, index, needed, strings) > state.places(index).shape[0]:
            return False
    chunks = chunk_count(state)
    return (
        state.header[lay.STRING_COUNT] + strings <= state.strings.shape[0]
        and state.header[lay.TEXT_USED] + text_bytes <= state.text.shape[0]
        and state.portfolios.shape[0] <= state.dirty.shape[0]
        and state.header[lay.DIRTY_CHUNK_COUNT] + chunks <= state.dirty_chunks.shape[0]
        and state.header[lay.GONE_COUNT] + chunks <= state.gone.shape[0]
    )


def reserve(state: State, needed: dict[int, int], strings: int, text_bytes: int) -> None:
    """Make sure that each arena has `needed` free things, and the string pool room for that many more.

    Amortised O(1) a thing: what must be copied to grow doubles (room.py, and hash tables). Cost when nothing grows:
    about 4 us. Raises RuntimeError as `check_reserved`.
    """
    wanted = np.array([needed.get(arena, 0) for arena in range(ARENAS)])
    if has_room(state, wanted, strings, text_bytes):
        return
    check_reserved(state)
    for arena, count in needed.items():
        lacking = count - int(state.free[arena, FREE_COUNT])
        if lacking > 0:
            _grow(state, arena, lacking)
    state.lengthen("strings", int(state.header[lay.STRING_COUNT]) + strings)
    state.lengthen("text", int(state.header[lay.TEXT_USED]) + text_bytes)
    # At most every slot is listed as changed. A chunk freed and taken again is listed twice, so: all there are, and
    # all that are listed already.
    chunks = int(chunk_count(state))
    state.lengthen("dirty", state.portfolios.shape[0])
    state.lengthen("dirty_chunks", int(state.header[lay.DIRTY_CHUNK_COUNT]) + chunks)
    state.lengthen("gone", int(state.header[lay.GONE_COUNT]) + chunks)
    for index in range(lay.TABLES):
        enlarged = int(places_wanted(state, index, wanted, strings))
        if enlarged > state.places(index).shape[0]:
            _enlarge_table(state, index, enlarged)


def check_reserved(state: State) -> None:
    """Raise RuntimeError when what was reserved did not do: something stands in the place of something else then."""
    if int(state.free[:, FREE_COUNT].min()) < 0:
        raise RuntimeError(f"more was taken than reserved: {state.free[:, FREE_COUNT].tolist()}")


def _enlarge_table(state: State, index: int, wanted: int) -> None:
    old = state.places(index)
    places = zeros(size_for(old.shape[0], wanted), lay.INT64)
    table.rehash(old, places)
    state.replace_places(index, places)


def _grow(state: State, arena: int, lacking: int) -> None:
    """Lengthen an arena by `lacking` things at least, and put the new ones on its free list."""
    start = things_of(state, arena).shape[0]
    state.lengthen(name_of(arena), start + lacking)
    size = things_of(state, arena).shape[0]
    if arena < CHUNK_KINDS:
        state.lengthen(lay.ENTRIES[arena], size * CHUNK)
    if arena == lay.ATTEMPTS:
        state.lengthen("equals", size * CHUNK)
    if arena == lay.PORTFOLIOS:
        state.lengthen("ids", size)
        state.lengthen("chains", size)
    chain_free(state, arena, things_of(state, arena), start)
