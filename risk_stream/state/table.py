"""Hash tables of the columns: open addressing, linear probing, deletion by shifting back, so no tombstones pile up.

A table maps a 64-bit key to references; the caller compares what a reference leads to, so equal keys of different
things are only slower, never wrong. At most half full: `arena.reserve` grows it before a batch.
"""

import numpy as np

from risk_stream.messages.compiled.hash128 import avalanche
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import Int32s, State, UInt64s

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@compiled
def mix(a: np.uint64, b: np.uint64) -> np.uint64:
    """A key from two numbers."""
    return avalanche(np.uint64(a * GOLDEN) ^ b)


@compiled
def place(keys: UInt64s, refs: Int32s, key: np.uint64, ref: int) -> None:
    """Put `ref` under `key`; there must be room."""
    mask = np.int64(refs.shape[0] - 1)
    at = np.int64(key) & mask
    while refs[at] != -1:
        at = (at + 1) & mask
    keys[at] = key
    refs[at] = ref


@compiled
def insert(state: State, table: int, key: np.uint64, ref: int) -> None:
    """Put `ref` under `key`."""
    place(state.table_keys(table), state.table_refs(table), key, ref)
    state.table_used[table] += 1


@compiled
def remove(state: State, table: int, key: np.uint64, ref: int) -> None:
    """Take `ref` from under `key` (it must be there) and close the gap."""
    keys = state.table_keys(table)
    refs = state.table_refs(table)
    mask = np.int64(refs.shape[0] - 1)
    gap = np.int64(key) & mask
    while not (keys[gap] == key and refs[gap] == ref):
        gap = (gap + 1) & mask
    at = gap
    while True:
        at = (at + 1) & mask
        if refs[at] == -1:
            break
        home = np.int64(keys[at]) & mask
        # Move the entry back unless its home lies behind the gap.
        if ((at - home) & mask) >= ((at - gap) & mask):
            keys[gap] = keys[at]
            refs[gap] = refs[at]
            gap = at
    refs[gap] = -1
    state.table_used[table] -= 1


@compiled
def rehash(old_keys: UInt64s, old_refs: Int32s, keys: UInt64s, refs: Int32s) -> None:
    """Copy every entry into a larger, empty table."""
    for at in range(old_refs.shape[0]):
        if old_refs[at] != -1:
            place(keys, refs, old_keys[at], old_refs[at])
