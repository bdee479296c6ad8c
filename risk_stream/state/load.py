"""Rows back into columns, and portfolios out of them when they are evicted."""

import numpy as np

from risk_stream.state.arena import release
from risk_stream.state.attempts import owned_key, signature_key
from risk_stream.state.chunks import head_entry, next_entry, start_chunk
from risk_stream.state.compiled import compiled
from risk_stream.state.counters import release_counters, start_counter
from risk_stream.state.layout import (
    ATTEMPTS,
    BY_ATTEMPT,
    BY_EXECUTION,
    BY_OPEN,
    BY_POSITION,
    BY_SIGNATURE,
    CHUNK,
    CHUNK_KINDS,
    EXECUTIONS,
    FIRST,
    HEAD,
    LAST,
    OPENS,
    PEAK_BUCKET_MS,
    PEAK_BUCKETS,
    PEAKS,
    POSITIONS,
    TAIL,
    UNLINKED_COUNT,
    Bytes,
    Int64s,
    State,
)
from risk_stream.state.levels import release_levels, start_level
from risk_stream.state.metrics import add_metric, release_metrics
from risk_stream.state.opens import last_entry_of
from risk_stream.state.past import sums_of
from risk_stream.state.portfolios import remove_portfolio
from risk_stream.state.positions import (
    attach,
    detach,
    drop_holding,
    find_position,
    own_holding,
    position_key,
    start_changed,
    start_position,
)
from risk_stream.state.save_chunks import VERSION, first_of
from risk_stream.state.sectors import change_sector, leave_sector
from risk_stream.state.table import insert, ref_at, remove, seek, tag_of
from risk_stream.state.wire import get_fixed, get_int, get_string, get_wide

COUNTS = 6


@compiled
def read_counts(row: Bytes, at: Int64s, counts: Int64s) -> bool:
    """Positions, counters, levels, metrics, rows of open orders, number of the list of positions; False: unknown."""
    if row.shape[0] == 0 or row[0] != VERSION:
        return False
    at[0] = 1
    for i in range(COUNTS):
        counts[i] = get_int(row, at)
    return True


@compiled
def load_positions(state: State, row: Bytes, at: Int64s, slot: int, count: int) -> None:
    """Positions, with the sums over them; one that is there already is replaced."""
    for _ in range(count):
        symbol = get_string(state, row, at)
        position = find_position(state, slot, symbol)
        if position == -1:
            position = start_position(state, slot, symbol)
        detach(state, position)
        known = state.positions[position]
        known.used_at = get_int(row, at)
        held = state.holdings[own_holding(state, position)]
        high, low = get_wide(row, at)
        held.held_hi = high
        held.held_lo = low
        for side in range(2):
            high, low = get_wide(row, at)
            held.open_hi[side] = high
            held.open_lo[side] = low
        held.snapshot_price = get_int(row, at)
        held.fill_price = get_int(row, at)
        known.order_price = get_int(row, at)
        held.snapshot_sector = np.int32(change_sector(state, slot, held.snapshot_sector, get_string(state, row, at)))
        known.order_sector = np.int32(change_sector(state, slot, known.order_sector, get_string(state, row, at)))
        attach(state, position)


@compiled
def read_list_head(row: Bytes, at: Int64s, number: int) -> int:
    """How many positions the list has; -1 when it is not the one of that number."""
    if row.shape[0] == 0 or row[0] != VERSION:
        return -1
    at[0] = 1
    if get_int(row, at) != number:
        return -1
    return get_int(row, at)


@compiled
def load_list(state: State, row: Bytes, at: Int64s, slot: int, count: int) -> None:
    """The list of positions behind its head; before the main row, whose positions are newer."""
    load_positions(state, row, at, slot, count)
    start_changed(state, slot)


@compiled
def load_counters(state: State, row: Bytes, at: Int64s, slot: int, count: int) -> None:
    """Rolling counters."""
    for _ in range(count):
        kind = get_int(row, at)
        counter = start_counter(state, slot, kind, get_int(row, at))
        rolling = state.counters[counter]
        rolling.newest = get_int(row, at)
        high, low = get_wide(row, at)
        rolling.sum_hi = high
        rolling.sum_lo = low
        for _ in range(get_int(row, at)):
            bucket = get_int(row, at)
            high, low = get_wide(row, at)
            rolling.bucket_hi[bucket] = high
            rolling.bucket_lo[bucket] = low


@compiled
def load_main(state: State, row: Bytes, at: Int64s, counts: Int64s, slot: int, open_chunks: Int64s) -> None:
    """A main row behind its counts into a new slot, up to its tails; the numbers of its rows of open orders into
    `open_chunks`."""
    portfolio = state.portfolios[slot]
    for kind in range(CHUNK_KINDS):
        state.chains[slot, kind, HEAD] = get_int(row, at)
        state.chains[slot, kind, TAIL] = get_int(row, at)
    for i in range(counts[4]):
        open_chunks[i] = get_int(row, at)
    portfolio.to = get_int(row, at)
    portfolio.tv = get_int(row, at)
    portfolio.value_offset = get_int(row, at)
    portfolio.sequence = get_int(row, at)
    portfolio.snapshot_ts = get_int(row, at)
    portfolio.halt_version = get_int(row, at)
    portfolio.rebase_seen = get_int(row, at)
    portfolio.ids_head = get_int(row, at)
    portfolio.open_count = get_int(row, at)
    portfolio.open_oldest = get_int(row, at)
    uses = get_int(row, at)
    portfolio.list_number = counts[5]
    high, low = get_wide(row, at)
    portfolio.total_hi = high
    portfolio.total_lo = low
    high, low = get_wide(row, at)
    portfolio.flow_hi = high
    portfolio.flow_lo = low
    high, low = get_wide(row, at)
    portfolio.top_hi = high
    portfolio.top_lo = low
    load_positions(state, row, at, slot, counts[0])
    portfolio.uses = uses
    portfolio.repeated = np.int64(portfolio.changed_count)
    load_counters(state, row, at, slot, counts[1])
    for _ in range(counts[2]):
        uid = get_int(row, at)
        key = get_string(state, row, at)
        armed_since = get_int(row, at)
        start_level(state, slot, uid, key, armed_since, get_int(row, at))
    for _ in range(counts[3]):
        h1 = get_fixed(row, at)
        h2 = get_fixed(row, at)
        add_metric(state, slot, h1, h2, np.uint64(get_fixed(row, at)).view(np.float64))
    portfolio.saved = np.int8(1)


@compiled
def load_entry(state: State, row: Bytes, at: Int64s, slot: int, kind: int, entry: int, counts: bool) -> None:
    """One entry of a chunk; indexed when it still counts."""
    if kind == ATTEMPTS:
        attempt = state.attempts[entry]
        attempt.h1 = get_fixed(row, at)
        attempt.h2 = get_fixed(row, at)
        attempt.to = get_int(row, at)
        attempt.quantity = get_int(row, at)
        attempt.price = get_int(row, at)
        high, low = get_wide(row, at)
        attempt.notional_hi = high
        attempt.notional_lo = low
        attempt.side = np.int8(get_int(row, at))
        attempt.symbol = np.int32(get_string(state, row, at))
        if counts:
            state.header[UNLINKED_COUNT] += 1
    elif kind == EXECUTIONS:
        state.executions[entry].h1 = get_fixed(row, at)
        state.executions[entry].h2 = get_fixed(row, at)
        if counts:
            insert(state, BY_EXECUTION, owned_key(slot, state.executions[entry].h1), entry)
    elif kind == OPENS:
        order = state.opens[entry]
        order.h1 = get_fixed(row, at)
        order.h2 = get_fixed(row, at)
        order.to = get_int(row, at)
        order.remaining = get_int(row, at)
        order.side = np.int32(get_int(row, at))
        order.symbol = np.int32(get_string(state, row, at))
        if order.remaining > 0:
            state.chunks(OPENS)[entry // CHUNK].live += np.int32(1)
            insert(state, BY_OPEN, owned_key(slot, order.h1), entry)
    elif kind == PEAKS:
        peak = state.peaks[entry]
        peak.bucket = get_int(row, at)
        high, low = get_wide(row, at)
        peak.net_hi = high
        peak.net_lo = low
    else:
        past = sums_of(state, kind)[entry]
        past.to = get_int(row, at)
        past.attempts = get_int(row, at)
        high, low = get_wide(row, at)
        past.notional_hi = high
        past.notional_lo = low


@compiled
def load_entries(state: State, row: Bytes, at: Int64s, slot: int, kind: int, first: int, end: int) -> None:
    """Entries `first` to `end` of one chunk, as the new last one of its queue."""
    chain = state.chains[slot, kind]
    chunk = start_chunk(state, slot, kind, first // CHUNK)
    for sequence in range(first, end):
        counts = chain[HEAD] <= sequence < chain[TAIL]
        entry = np.int64(chunk) * CHUNK + sequence % CHUNK
        load_entry(state, row, at, slot, kind, entry, counts)
        if kind == ATTEMPTS and counts and sequence >= state.portfolios[slot].ids_head:
            insert(state, BY_ATTEMPT, owned_key(slot, state.attempts[entry].h1), entry)
            if sequence == state.portfolios[slot].ids_head:
                state.portfolios[slot].ids_entry = entry


@compiled
def load_chunk(state: State, row: Bytes, slot: int, kind: int, number: int) -> bool:
    """A chunk row as the new last chunk of its queue; False when it lacks entries that the main row counts on."""
    if row.shape[0] < 3 or row[0] != VERSION:
        return False
    first = number * CHUNK + np.int64(row[1])
    end = first + np.int64(row[2])
    if first > first_of(state, slot, kind, number) or first == end:
        return False
    if end < min(state.chains[slot, kind, TAIL], (number + 1) * CHUNK):
        return False
    load_entries(state, row, np.full(1, 3, np.int64), slot, kind, first, end)
    state.chunks(kind)[state.chains[slot, kind, LAST]].saved = np.int8(1)
    return True


@compiled
def load_chunks(state: State, text: Bytes, ends: Int64s, wanted: Int64s, slot: int) -> int:
    """Chunk rows (kind, number) that lie end to end, each the new last one of its queue; how many until one is wrong.

    Many in a call: a portfolio has hundreds, and a call from Python takes twenty times as long as what it does.
    """
    start = np.int64(0)
    for i in range(ends.shape[0]):
        if not load_chunk(state, text[start : ends[i]], slot, wanted[i, 0], wanted[i, 1]):
            return i
        start = ends[i]
    return ends.shape[0]


@compiled
def load_tails(state: State, row: Bytes, at: Int64s, slot: int) -> bool:
    """The last chunks of all queues, which stand at the end of the main row; False when one has not what it should."""
    for kind in range(CHUNK_KINDS):
        count = get_int(row, at)
        if count == 0:
            continue
        end = state.chains[slot, kind, TAIL]
        if count != end - first_of(state, slot, kind, end // CHUNK):
            return False
        load_entries(state, row, at, slot, kind, end - count, end)
    return True


@compiled
def find_window_peaks(state: State, slot: int) -> None:
    """Point each window at its first entry for the portfolio's present time."""
    portfolio = state.portfolios[slot]
    chain = state.chains[slot, PEAKS]
    if chain[HEAD] == chain[TAIL]:
        return
    newest = max(portfolio.to, portfolio.tv) // PEAK_BUCKET_MS
    entry = head_entry(state, slot, PEAKS)
    for sequence in range(chain[HEAD], chain[TAIL]):
        for window in range(3):
            if portfolio.window_peak[window] == -1 and state.peaks[entry].bucket > newest - PEAK_BUCKETS[window]:
                portfolio.window_peak[window] = np.int32(entry)
        if sequence + 1 < chain[TAIL]:
            entry = next_entry(state, PEAKS, entry)


@compiled
def unindex(state: State, slot: int) -> None:
    """Take a portfolio's ids and equal orders out of the tables."""
    chain = state.chains[slot, ATTEMPTS]
    linked = state.portfolios[slot].links_equals == 1
    if not linked:
        state.header[UNLINKED_COUNT] -= chain[TAIL] - chain[HEAD]
    if chain[HEAD] < chain[TAIL]:
        entry = head_entry(state, slot, ATTEMPTS)
        for sequence in range(chain[HEAD], chain[TAIL]):
            attempt = state.attempts[entry]
            if sequence >= state.portfolios[slot].ids_head:
                remove(state, BY_ATTEMPT, owned_key(slot, attempt.h1), entry)
            # Each new equal replaced the one before it in the table: only the newest is there.
            if linked and is_newest(state, slot, entry):
                key = signature_key(slot, attempt.symbol, attempt.side, attempt.quantity, attempt.price)
                remove(state, BY_SIGNATURE, key, entry)
            if sequence + 1 < chain[TAIL]:
                entry = next_entry(state, ATTEMPTS, entry)
    chain = state.chains[slot, EXECUTIONS]
    if chain[HEAD] < chain[TAIL]:
        entry = head_entry(state, slot, EXECUTIONS)
        for sequence in range(chain[HEAD], chain[TAIL]):
            remove(state, BY_EXECUTION, owned_key(slot, state.executions[entry].h1), entry)
            if sequence + 1 < chain[TAIL]:
                entry = next_entry(state, EXECUTIONS, entry)
    chunk = state.chains[slot, OPENS, FIRST]
    while chunk != -1:
        for entry in range(chunk * CHUNK, last_entry_of(state, slot, chunk)):
            if state.opens[entry].remaining > 0:
                remove(state, BY_OPEN, owned_key(slot, state.opens[entry].h1), entry)
        chunk = np.int64(state.chunks(OPENS)[chunk].next)


@compiled
def is_newest(state: State, slot: int, entry: int) -> bool:
    """Whether the table of equal orders holds this entry."""
    attempt = state.attempts[entry]
    key = signature_key(slot, attempt.symbol, attempt.side, attempt.quantity, attempt.price)
    places = state.places(BY_SIGNATURE)
    tag = tag_of(key)
    at = seek(places, tag, tag)
    while at != -1:
        if ref_at(places, at) == entry:
            return True
        at = seek(places, tag, at + 1)
    return False


@compiled
def evict(state: State, slot: int) -> None:
    """Forget a portfolio whose rows are all saved."""
    unindex(state, slot)
    for kind in range(CHUNK_KINDS):
        chunk = state.chains[slot, kind, FIRST]
        while chunk != -1:
            following = np.int64(state.chunks(kind)[chunk].next)
            state.chunks(kind)[chunk].slot = np.int32(-1)
            state.chunks(kind)[chunk].dirty = np.int8(0)
            release(state, kind, state.chunks(kind), chunk)
            chunk = following
    position = state.portfolios[slot].positions
    while position != -1:
        following = np.int64(state.positions[position].next)
        remove(state, BY_POSITION, position_key(slot, state.positions[position].symbol), position)
        leave_sector(state, state.holdings[state.positions[position].holding].snapshot_sector)
        leave_sector(state, state.positions[position].order_sector)
        drop_holding(state, position)
        release(state, POSITIONS, state.positions, position)
        position = np.int32(following)
    release_counters(state, slot)
    release_levels(state, slot)
    release_metrics(state, slot)
    remove_portfolio(state, slot)
