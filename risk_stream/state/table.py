"""Hash tables of the columns: open addressing, linear probing, deletion by shifting back, so no tombstones pile up.

A table maps a 64-bit key to references; the caller compares what a reference leads to, so equal keys of different
things are only slower, never wrong. At most three quarters full: `arena.reserve` grows it before a batch.

A place is one number: 31 bits of the key above the reference, and 0 where nothing is. The lower of these bits are the
home, so a table of 2^k places tells keys of one home apart by 31 - k bits; a search reads one line of memory, where two
arrays of whole keys and of references were two.
"""

import numpy as np

from risk_stream.messages.compiled.hash128 import avalanche
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import Int64s, State

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
TAG_MASK = np.uint64(0x7FFFFFFF)
REF_BITS = 32
REF_MASK = 0xFFFFFFFF
EMPTY = 0
"""Of a place. References are stored plus one: fresh memory is an empty table."""


@compiled
def places_for(entries: int) -> int:
    """Places that leave a quarter of a table empty: a search for what is not there reads 8.5 of them on average (D. E.
    Knuth, The Art of Computer Programming 3, 6.4), a line of memory, and a table of twice that size would miss more."""
    return entries + entries // 3 + 1


@compiled
def mix(a: np.uint64, b: np.uint64) -> np.uint64:
    """A key from two numbers."""
    return avalanche(np.uint64(a * GOLDEN) ^ b)


@compiled
def tag_of(key: np.uint64) -> int:
    """What a place holds of a key; its home is this, modulo the table's size."""
    return np.int64(key & TAG_MASK)


@compiled
def ref_at(places: Int64s, at: int) -> int:
    """The reference at a place; -1 where nothing is."""
    return np.int32((places[at] & REF_MASK) - 1)


@compiled
def seek(places: Int64s, tag: int, at: int) -> int:
    """The next place with this tag from `at` on (at first: the tag itself); -1 when there is no more."""
    mask = np.int64(places.shape[0] - 1)
    at = at & mask
    while places[at] != EMPTY:
        if places[at] >> REF_BITS == tag:
            return at
        at = (at + 1) & mask
    return np.int64(-1)


@compiled
def place(places: Int64s, key: np.uint64, ref: int) -> None:
    """Put `ref` under `key`; there must be room."""
    _settle(places, (tag_of(key) << REF_BITS) | (np.int64(ref) + 1))


@compiled
def _settle(places: Int64s, held: int) -> None:
    mask = np.int64(places.shape[0] - 1)
    at = (held >> REF_BITS) & mask
    while places[at] != EMPTY:
        at = (at + 1) & mask
    places[at] = held


@compiled
def insert(state: State, table: int, key: np.uint64, ref: int) -> None:
    """Put `ref` under `key`."""
    place(state.places(table), key, ref)
    state.table_used[table] += 1


@compiled
def remove(state: State, table: int, key: np.uint64, ref: int) -> None:
    """Take `ref` from under `key` (it must be there) and close the gap."""
    places = state.places(table)
    mask = np.int64(places.shape[0] - 1)
    held = (tag_of(key) << REF_BITS) | (np.int64(ref) + 1)
    gap = tag_of(key) & mask
    while places[gap] != held:
        gap = (gap + 1) & mask
    at = gap
    while True:
        at = (at + 1) & mask
        if places[at] == EMPTY:
            break
        home = (places[at] >> REF_BITS) & mask
        # Move the entry back unless its home lies behind the gap.
        if ((at - home) & mask) >= ((at - gap) & mask):
            places[gap] = places[at]
            gap = at
    places[gap] = EMPTY
    state.table_used[table] -= 1


@compiled
def rehash(old: Int64s, places: Int64s) -> None:
    """Copy every entry into a larger, empty table."""
    for at in range(old.shape[0]):
        if old[at] != EMPTY:
            _settle(places, old[at])
