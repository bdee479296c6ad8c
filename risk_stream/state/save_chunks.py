"""Chunks of what grows as bytes: a full one is a row of its own, the last one of a queue goes with the main row."""

import numpy as np

from risk_stream.messages.compiled.write_text import put_bytes
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import (
    ATTEMPTS,
    CHUNK,
    EXECUTIONS,
    HEAD,
    ID_BYTES_MAX,
    LAST,
    OPENS,
    PEAKS,
    TAIL,
    Bytes,
    State,
)
from risk_stream.state.past import sums_of
from risk_stream.state.wire import INT_BYTES_MAX, WIDE_BYTES_MAX, put_fixed, put_int, put_string, put_wide

VERSION = 4
KIND_LETTERS = (65, 88, 79, 75, 83, 77)

STRING_BYTES_MAX = INT_BYTES_MAX + ID_BYTES_MAX
CHUNK_BYTES_MAX = INT_BYTES_MAX + CHUNK * (16 + STRING_BYTES_MAX + 5 * INT_BYTES_MAX + WIDE_BYTES_MAX)
"""Largest rows: an attempt or an open order is two hashes, a symbol and five numbers."""


@compiled
def put_id(state: State, out: Bytes, at: int, slot: int) -> int:
    """The portfolio's id, bare."""
    return put_bytes(out, at, state.ids.ctypes, np.int64(slot) * ID_BYTES_MAX, state.portfolios[slot].id_len)


@compiled
def put_chunk_key(state: State, out: Bytes, at: int, slot: int, kind: int, number: int) -> int:
    """The key of a chunk's row."""
    out[at] = np.uint8(KIND_LETTERS[kind])
    at = put_id(state, out, at + 1, slot)
    out[at] = np.uint8(0)
    for i in range(8):
        out[at + 1 + i] = np.uint8((number >> (56 - 8 * i)) & 255)
    return at + 9


@compiled
def put_entry(state: State, out: Bytes, at: int, kind: int, entry: int) -> int:
    """One entry of a chunk."""
    if kind == ATTEMPTS:
        attempt = state.attempts[entry]
        at = put_fixed(out, at, attempt.h1)
        at = put_fixed(out, at, attempt.h2)
        at = put_int(out, at, attempt.to)
        at = put_int(out, at, attempt.quantity)
        at = put_int(out, at, attempt.price)
        at = put_wide(out, at, attempt.notional_hi, attempt.notional_lo)
        at = put_int(out, at, attempt.side)
        return put_string(state, out, at, attempt.symbol)
    if kind == EXECUTIONS:
        at = put_fixed(out, at, state.executions[entry].h1)
        return put_fixed(out, at, state.executions[entry].h2)
    if kind == OPENS:
        order = state.opens[entry]
        at = put_fixed(out, at, order.h1)
        at = put_fixed(out, at, order.h2)
        at = put_int(out, at, order.to)
        at = put_int(out, at, order.remaining)
        at = put_int(out, at, order.side)
        return put_string(state, out, at, order.symbol)
    if kind == PEAKS:
        peak = state.peaks[entry]
        return put_wide(out, put_int(out, at, peak.bucket), peak.net_hi, peak.net_lo)
    past = sums_of(state, kind)[entry]
    at = put_int(out, at, past.to)
    at = put_int(out, at, past.attempts)
    return put_wide(out, at, past.notional_hi, past.notional_lo)


@compiled
def is_tail(state: State, kind: int, chunk: int) -> bool:
    """Whether a chunk goes with the main row: the last one of its queue, while it is not full."""
    chain = state.chains[state.chunks(kind)[chunk].slot, kind]
    return chunk == chain[LAST] and chain[TAIL] % CHUNK != 0


@compiled
def first_of(state: State, slot: int, kind: int, number: int) -> int:
    """The sequence number of the first entry that is saved of a chunk. Open orders keep the places of closed ones."""
    if kind == OPENS:
        return number * CHUNK
    return max(number * CHUNK, state.chains[slot, kind, HEAD])


@compiled
def put_chunk(state: State, out: Bytes, at: int, kind: int, chunk: int) -> int:
    """A chunk row's value: where its first entry stands, how many there are, the entries."""
    head = state.chunks(kind)[chunk]
    first = first_of(state, head.slot, kind, head.number)
    end = min((head.number + 1) * CHUNK, state.chains[head.slot, kind, TAIL])
    out[at] = np.uint8(VERSION)
    out[at + 1] = np.uint8(first % CHUNK)
    out[at + 2] = np.uint8(end - first)
    at += 3
    for sequence in range(first, end):
        at = put_entry(state, out, at, kind, chunk * CHUNK + sequence % CHUNK)
    return at


@compiled
def put_tail(state: State, out: Bytes, at: int, slot: int, kind: int) -> int:
    """A queue's last chunk as a part of the main row, when it is not full: how many entries, the entries."""
    chain = state.chains[slot, kind]
    chunk = chain[LAST]
    if chunk == -1 or not is_tail(state, kind, chunk):
        return put_int(out, at, 0)
    end = chain[TAIL]
    first = first_of(state, slot, kind, end // CHUNK)
    at = put_int(out, at, end - first)
    for sequence in range(first, end):
        at = put_entry(state, out, at, kind, chunk * CHUNK + sequence % CHUNK)
    return at
