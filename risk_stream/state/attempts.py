"""Order attempts of a portfolio: which ids were decided, and how many equal orders came within a window.

Every attempt is one entry of a queue in the order of To. An id counts for 24 h of To and among the last 10,000; the
entry stays longer while a DUPLICATE_ORDER window needs it. Where such a limit concerns the portfolio, equal attempts
(symbol, side, quantity, price) are linked backwards with a jump pointer each (skew-binary, E. W. Myers 1983), so "how
many of them are inside the window" takes O(log n) for any number of windows, also when an algorithm floods the market
with one order.
"""

import numpy as np

from risk_stream.messages.compiled.hash128 import avalanche
from risk_stream.state.chunks import append, drop_head, head_entry, next_entry, touch
from risk_stream.state.compiled import compiled
from risk_stream.state.counters import bucket_of
from risk_stream.state.layout import (
    ATTEMPTS,
    ATTEMPTS_MAX,
    BUCKETS,
    BY_ATTEMPT,
    BY_SIGNATURE,
    CHUNK,
    DAY_MS,
    FOLDED_MAX,
    HEAD,
    IDS_MAX,
    LATE_ATTEMPTS,
    TAIL,
    UNLINKED_COUNT,
    WINDOW_MS_MAX,
    State,
)
from risk_stream.state.past import expire_past, fold_attempt
from risk_stream.state.table import insert, mix, ref_at, remove, seek, tag_of


@compiled
def owned_key(slot: int, h1: np.uint64) -> np.uint64:
    """Table key of an id within a portfolio."""
    return mix(np.uint64(slot), h1)


@compiled
def find_attempt(state: State, slot: int, h1: np.uint64, h2: np.uint64) -> int:
    """The entry of an order id that still counts; -1 when there is none."""
    key = owned_key(slot, h1)
    places = state.places(BY_ATTEMPT)
    tag = tag_of(key)
    at = seek(places, tag, tag)
    while at != -1:
        entry = ref_at(places, at)
        attempt = state.attempts[entry]
        if attempt.h1 == h1 and attempt.h2 == h2 and state.chunks(ATTEMPTS)[entry // CHUNK].slot == slot:
            return entry
        at = seek(places, tag, at + 1)
    return np.int32(-1)


@compiled
def signature_key(slot: int, symbol: int, side: int, quantity: int, price: int) -> np.uint64:
    """Table key of equal orders."""
    key = mix(np.uint64(slot), np.uint64(np.int64(symbol) * 2 + side))
    return avalanche(mix(key, np.uint64(quantity)) ^ np.uint64(price))


@compiled
def find_equal(state: State, slot: int, symbol: int, side: int, quantity: int, price: int) -> int:
    """The newest entry equal in symbol, side, quantity and price; -1 when there is none."""
    key = signature_key(slot, symbol, side, quantity, price)
    places = state.places(BY_SIGNATURE)
    tag = tag_of(key)
    at = seek(places, tag, tag)
    while at != -1:
        entry = ref_at(places, at)
        known = state.attempts[entry]
        if (
            known.symbol == symbol
            and known.side == side
            and known.quantity == quantity
            and known.price == price
            and state.chunks(ATTEMPTS)[entry // CHUNK].slot == slot
        ):
            return entry
        at = seek(places, tag, at + 1)
    return np.int32(-1)


@compiled
def sequence_of(state: State, entry: int) -> int:
    """The sequence number of an entry within its portfolio."""
    return state.chunks(ATTEMPTS)[entry // CHUNK].number * CHUNK + entry % CHUNK


@compiled
def is_inside(state: State, slot: int, entry: int, sequence: int, oldest_bucket: int, window_ms: int) -> bool:
    """Whether the attempt with that sequence number is still held and not before the window's oldest sub-bucket."""
    if entry == -1 or sequence < state.chains[slot, ATTEMPTS, HEAD]:
        return False
    return bucket_of(state.attempts[entry].to, window_ms) >= oldest_bucket


@compiled
def count_equal(state: State, slot: int, newest: int, now: int, window_ms: int) -> int:
    """How many attempts equal to entry `newest` (-1: none) lie in the window at `now` (To, ms)."""
    oldest_bucket = bucket_of(now, window_ms) - BUCKETS + 1
    if newest == -1 or bucket_of(state.attempts[newest].to, window_ms) < oldest_bucket:
        return 0
    entry = np.int64(newest)
    while True:
        linked = state.equals[entry]
        if is_inside(state, slot, linked.jump, linked.jump_seq, oldest_bucket, window_ms):
            entry = np.int64(linked.jump)
        elif is_inside(state, slot, linked.previous, linked.previous_seq, oldest_bucket, window_ms):
            entry = np.int64(linked.previous)
        else:
            return state.equals[newest].depth - state.equals[entry].depth + 1


@compiled
def link_equal(state: State, slot: int, entry: int) -> None:
    """Make an entry the newest of its equals."""
    attempt = state.attempts[entry]
    linked = state.equals[entry]
    key = signature_key(slot, attempt.symbol, attempt.side, attempt.quantity, attempt.price)
    previous = find_equal(state, slot, attempt.symbol, attempt.side, attempt.quantity, attempt.price)
    if previous == -1:
        linked.depth = 0
        linked.previous = np.int32(-1)
        linked.jump = np.int32(-1)
    else:
        last = state.equals[previous]
        remove(state, BY_SIGNATURE, key, previous)
        linked.depth = last.depth + 1
        linked.previous = np.int32(previous)
        linked.previous_seq = sequence_of(state, previous)
        linked.jump = np.int32(previous)
        linked.jump_seq = linked.previous_seq
        if last.jump != -1 and last.jump_seq >= state.chains[slot, ATTEMPTS, HEAD]:
            over = state.equals[last.jump]
            if (
                over.jump != -1
                and over.jump_seq >= state.chains[slot, ATTEMPTS, HEAD]
                and last.depth - over.depth == over.depth - state.equals[over.jump].depth
            ):
                linked.jump = over.jump
                linked.jump_seq = over.jump_seq
    insert(state, BY_SIGNATURE, key, entry)


@compiled
def link_equals(state: State, slot: int) -> None:
    """Link all attempts of a portfolio, and from now on every new one: a DUPLICATE_ORDER limit concerns it."""
    portfolio = state.portfolios[slot]
    if portfolio.links_equals == 1:
        return
    portfolio.links_equals = np.int8(1)
    chain = state.chains[slot, ATTEMPTS]
    if chain[HEAD] == chain[TAIL]:
        return
    state.header[UNLINKED_COUNT] -= chain[TAIL] - chain[HEAD]
    entry = head_entry(state, slot, ATTEMPTS)
    for sequence in range(chain[HEAD], chain[TAIL]):
        link_equal(state, slot, entry)
        if sequence + 1 < chain[TAIL]:
            entry = next_entry(state, ATTEMPTS, entry)


@compiled
def remember_attempt(
    state: State,
    slot: int,
    h1: np.uint64,
    h2: np.uint64,
    symbol: int,
    side: int,
    quantity: int,
    price: int,
) -> int:
    """Append an attempt at the portfolio's To; `price` -1 when absent. Its entry."""
    entry = append(state, slot, ATTEMPTS)
    attempt = state.attempts[entry]
    attempt.h1 = h1
    attempt.h2 = h2
    attempt.to = state.portfolios[slot].to
    attempt.symbol = np.int32(symbol)
    attempt.side = np.int8(side)
    attempt.quantity = quantity
    attempt.price = price
    attempt.notional_hi = 0
    attempt.notional_lo = np.uint64(0)
    insert(state, BY_ATTEMPT, owned_key(slot, h1), entry)
    if state.portfolios[slot].ids_entry == -1:
        state.portfolios[slot].ids_entry = entry
    if state.portfolios[slot].links_equals == 1:
        link_equal(state, slot, entry)
    else:
        state.header[UNLINKED_COUNT] += 1
    return entry


@compiled
def drop_attempt(state: State, slot: int) -> None:
    """Forget the oldest attempt, whose id is forgotten already."""
    if state.portfolios[slot].links_equals == 1:
        entry = head_entry(state, slot, ATTEMPTS)
        oldest = state.attempts[entry]
        if find_equal(state, slot, oldest.symbol, oldest.side, oldest.quantity, oldest.price) == entry:
            key = signature_key(slot, oldest.symbol, oldest.side, oldest.quantity, oldest.price)
            remove(state, BY_SIGNATURE, key, entry)
    else:
        state.header[UNLINKED_COUNT] -= 1
    drop_head(state, slot, ATTEMPTS)


@compiled
def expire_ids(state: State, slot: int) -> None:
    """Forget ids 24 h of To old, and all but the last 10,000."""
    portfolio = state.portfolios[slot]
    chain = state.chains[slot, ATTEMPTS]
    while portfolio.ids_entry != -1:
        entry = portfolio.ids_entry
        attempt = state.attempts[entry]
        if portfolio.to - attempt.to < DAY_MS and chain[TAIL] - portfolio.ids_head <= IDS_MAX:
            break
        remove(state, BY_ATTEMPT, owned_key(slot, attempt.h1), entry)
        portfolio.ids_head += 1
        portfolio.ids_entry = next_entry(state, ATTEMPTS, entry) if portfolio.ids_head < chain[TAIL] else -1
        touch(state, slot)


@compiled
def expire_attempts(state: State, slot: int, equal_window_ms: int) -> None:
    """Forget ids that no longer count, then attempts that no armed window needs, but for the last ones of 30 days.

    Those before them go into the sums of the past. `equal_window_ms` is the longest armed DUPLICATE_ORDER window: an
    attempt as old as it is outside of it.
    """
    expire_ids(state, slot)
    portfolio = state.portfolios[slot]
    chain = state.chains[slot, ATTEMPTS]
    folded = 0
    while chain[HEAD] < portfolio.ids_head:
        oldest = state.attempts[head_entry(state, slot, ATTEMPTS)]
        age_ms = portfolio.to - oldest.to
        held = chain[TAIL] - chain[HEAD]
        if age_ms < equal_window_ms and held <= ATTEMPTS_MAX:
            break
        if age_ms < WINDOW_MS_MAX:
            if held <= LATE_ATTEMPTS or folded == FOLDED_MAX:
                break
            fold_attempt(state, slot, oldest.to, oldest.notional_hi, oldest.notional_lo)
            folded += 1
        drop_attempt(state, slot)
    expire_past(state, slot)
