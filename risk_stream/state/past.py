"""What is left of attempts that are not kept one by one: sums a second of the last hour, sums a minute of 30 days.

A counting limit that is set late, or again, counts them. A window of whole minutes up to an hour has sub-buckets of
whole seconds, one of whole hours has them of whole minutes: no sum lies across their borders, and the count is exact.
In any other window a sum counts as its last attempt does, a second or a minute too long at most: never too little.

At most 7,200 + 43,200 sums of 32 bytes, 1.6 MB, of a portfolio that never rests; a rolling count costs O(1) an attempt.
"""

import numpy as np

from risk_stream.state.chunks import append, drop_head, head_entry, next_entry, touch_chunk
from risk_stream.state.compiled import compiled
from risk_stream.state.counters import COUNT_ATTEMPTS, count_in
from risk_stream.state.int128 import add
from risk_stream.state.layout import (
    CHUNK,
    HEAD,
    LAST,
    MINUTES,
    SECONDS,
    SECONDS_MOVED_MAX,
    SECONDS_MS,
    TAIL,
    WINDOW_MS_MAX,
    Rows,
    State,
)

SECOND_MS, MINUTE_MS = 1_000, 60_000


@compiled
def sums_of(state: State, kind: int) -> Rows:
    """The entries of all queues of SECONDS, or of MINUTES."""
    return state.seconds if kind == SECONDS else state.minutes


@compiled
def fold(state: State, slot: int, kind: int, to: int, attempts: int, high: int, low: int) -> None:
    """Add attempts, none of them older than those before, to the sum of their second or minute."""
    sums = sums_of(state, kind)
    span_ms = SECOND_MS if kind == SECONDS else MINUTE_MS
    chain = state.chains[slot, kind]
    if chain[HEAD] != chain[TAIL]:
        newest = sums[chain[LAST] * CHUNK + (chain[TAIL] - 1) % CHUNK]
        if newest.to // span_ms == to // span_ms:
            newest.to = to
            newest.attempts += attempts
            sum_hi, sum_lo = add(newest.notional_hi, newest.notional_lo, high, low)
            newest.notional_hi = sum_hi
            newest.notional_lo = sum_lo
            touch_chunk(state, kind, chain[LAST])
            return
    new = sums[append(state, slot, kind)]
    new.to = to
    new.attempts = attempts
    new.notional_hi = high
    new.notional_lo = low


@compiled
def fold_attempt(state: State, slot: int, to: int, high: int, low: int) -> None:
    """Take in the oldest attempt that was kept: its To and its approved notional."""
    fold(state, slot, SECONDS, to, np.int64(1), high, low)


@compiled
def expire_past(state: State, slot: int) -> None:
    """Make seconds an hour old a part of their minutes, and forget what no window reaches."""
    now = state.portfolios[slot].to
    chain = state.chains[slot, SECONDS]
    for _ in range(SECONDS_MOVED_MAX):
        if chain[HEAD] == chain[TAIL]:
            break
        oldest = state.seconds[head_entry(state, slot, SECONDS)]
        if now - oldest.to < SECONDS_MS:
            break
        fold(state, slot, MINUTES, oldest.to, oldest.attempts, oldest.notional_hi, oldest.notional_lo)
        drop_head(state, slot, SECONDS)
    chain = state.chains[slot, MINUTES]
    while chain[HEAD] != chain[TAIL] and now - state.minutes[head_entry(state, slot, MINUTES)].to >= WINDOW_MS_MAX:
        drop_head(state, slot, MINUTES)


@compiled
def count_sums(state: State, slot: int, counter: int, kind: int) -> None:
    """Add the sums of one queue to a counter of attempts or of approved notional."""
    sums = sums_of(state, kind)
    chain = state.chains[slot, kind]
    if chain[HEAD] == chain[TAIL]:
        return
    entry = head_entry(state, slot, kind)
    for sequence in range(chain[HEAD], chain[TAIL]):
        past = sums[entry]
        if state.counters[counter].kind == COUNT_ATTEMPTS:
            count_in(state, counter, past.to, np.int64(0), np.uint64(past.attempts))
        else:
            count_in(state, counter, past.to, past.notional_hi, past.notional_lo)
        if sequence + 1 < chain[TAIL]:
            entry = next_entry(state, kind, entry)


@compiled
def count_past(state: State, slot: int, counter: int) -> None:
    """Start a counter, still empty, with the past."""
    count_sums(state, slot, counter, MINUTES)
    count_sums(state, slot, counter, SECONDS)
