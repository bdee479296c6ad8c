"""Execution ids already applied: the last 10,000 of a portfolio."""

import numpy as np

from risk_stream.state.attempts import owned_key
from risk_stream.state.chunks import append, drop_head, head_entry
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import BY_EXECUTION, CHUNK, EXECUTIONS, HEAD, IDS_MAX, TAIL, State
from risk_stream.state.table import insert, ref_at, remove, seek, tag_of


@compiled
def is_known_execution(state: State, slot: int, h1: np.uint64, h2: np.uint64) -> bool:
    """Whether the execution id is among the last 10,000 of the portfolio."""
    key = owned_key(slot, h1)
    places = state.places(BY_EXECUTION)
    tag = tag_of(key)
    at = seek(places, tag, tag)
    while at != -1:
        entry = ref_at(places, at)
        known = state.executions[entry]
        if known.h1 == h1 and known.h2 == h2 and state.chunks(EXECUTIONS)[entry // CHUNK].slot == slot:
            return True
        at = seek(places, tag, at + 1)
    return False


@compiled
def remember_execution(state: State, slot: int, h1: np.uint64, h2: np.uint64) -> None:
    """Add an execution id and forget the oldest beyond 10,000."""
    entry = append(state, slot, EXECUTIONS)
    state.executions[entry].h1 = h1
    state.executions[entry].h2 = h2
    insert(state, BY_EXECUTION, owned_key(slot, h1), entry)
    chain = state.chains[slot, EXECUTIONS]
    if chain[TAIL] - chain[HEAD] > IDS_MAX:
        oldest = head_entry(state, slot, EXECUTIONS)
        remove(state, BY_EXECUTION, owned_key(slot, state.executions[oldest].h1), oldest)
        drop_head(state, slot, EXECUTIONS)
