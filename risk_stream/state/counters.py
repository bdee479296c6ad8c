"""Rolling counts and sums: attempts and approved notional of a portfolio over a window of 60 sub-buckets.

One counter a portfolio and window length. Memory 1 KB; an order costs O(1) amortised, at most 60 when time jumped.
"""

import numpy as np

from risk_stream.state.arena import release, take
from risk_stream.state.compiled import compiled
from risk_stream.state.int128 import add, subtract
from risk_stream.state.layout import BUCKETS, COUNTERS, State

COUNT_ATTEMPTS = 0
SUM_NOTIONAL = 1


@compiled
def bucket_of(ts: int, window_ms: int) -> int:
    """The sub-bucket of a time: floor(60 t / w). 60 t stays below 2^63 until the year 4,800,000."""
    return BUCKETS * ts // window_ms


@compiled
def find_counter(state: State, slot: int, kind: int, window_ms: int) -> int:
    """The counter of a window; -1 when the portfolio has none. A handful a portfolio at most."""
    counter = state.portfolios[slot].counters
    while counter != -1:
        if state.counters[counter].kind == kind and state.counters[counter].window_ms == window_ms:
            return counter
        counter = state.counters[counter].next
    return np.int32(-1)


@compiled
def start_counter(state: State, slot: int, kind: int, window_ms: int) -> int:
    """An empty counter."""
    counter = take(state, COUNTERS, state.counters)
    new = state.counters[counter]
    new.kind = np.int32(kind)
    new.window_ms = window_ms
    new.newest = -1
    new.sum_hi = 0
    new.sum_lo = np.uint64(0)
    for i in range(BUCKETS):
        new.bucket_hi[i] = 0
        new.bucket_lo[i] = np.uint64(0)
    new.next = state.portfolios[slot].counters
    state.portfolios[slot].counters = counter
    return counter


@compiled
def advance(state: State, counter: int, ts: int) -> None:
    """Drop the sub-buckets that left the window at `ts`."""
    rolling = state.counters[counter]
    newest = bucket_of(ts, rolling.window_ms)
    steps = newest - rolling.newest
    if steps <= 0:
        return
    for step in range(1, min(steps, BUCKETS) + 1):
        at = (rolling.newest + step) % BUCKETS
        if rolling.bucket_lo[at] != np.uint64(0) or rolling.bucket_hi[at] != 0:
            high, low = subtract(rolling.sum_hi, rolling.sum_lo, rolling.bucket_hi[at], rolling.bucket_lo[at])
            rolling.sum_hi = high
            rolling.sum_lo = low
            rolling.bucket_hi[at] = 0
            rolling.bucket_lo[at] = np.uint64(0)
    rolling.newest = newest


@compiled
def count_in(state: State, counter: int, ts: int, high: int, low: int) -> None:
    """Add an amount at time `ts`, not before the newest sub-bucket."""
    advance(state, counter, ts)
    rolling = state.counters[counter]
    at = rolling.newest % BUCKETS
    bucket_hi, bucket_lo = add(rolling.bucket_hi[at], rolling.bucket_lo[at], high, low)
    rolling.bucket_hi[at] = bucket_hi
    rolling.bucket_lo[at] = bucket_lo
    sum_hi, sum_lo = add(rolling.sum_hi, rolling.sum_lo, high, low)
    rolling.sum_hi = sum_hi
    rolling.sum_lo = sum_lo


@compiled
def release_counters(state: State, slot: int) -> None:
    """Give all counters of a portfolio back."""
    counter = state.portfolios[slot].counters
    while counter != -1:
        following = state.counters[counter].next
        release(state, COUNTERS, state.counters, counter)
        counter = following
    state.portfolios[slot].counters = np.int32(-1)
