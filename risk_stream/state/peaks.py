"""Rolling peaks: one queue of five-minute maxima, each greater than all that came after it, serves every window.

Values are kept net of the cash flows cumulated so far, so that a deposit or withdrawal moves the whole history by one
addition (the peak in terms of today's capital is the greatest net value plus today's cumulated flow). A new value
removes the smaller ones before it and is appended: O(1) amortised per valuation, at most 8,640 entries. Each window
remembers the entry that is its peak; it only moves forward, as time does: O(1) amortised per query.
Monotonic queue: Tarjan's bound by potential, each entry is appended and removed once.
"""

import numpy as np

from risk_stream.state.chunks import append, drop_chunk, drop_head, head_entry, next_entry, touch_chunk
from risk_stream.state.compiled import compiled
from risk_stream.state.int128 import add, compare, subtract
from risk_stream.state.layout import CHUNK, HEAD, LAST, PEAK_BUCKET_MS, PEAK_BUCKETS, PEAKS, TAIL, State

DAY, WEEK, MONTH, TOTAL = range(4)
BUCKETS_OF = PEAK_BUCKETS


@compiled
def tail_entry(state: State, slot: int) -> int:
    """The index of the newest entry of a queue that is not empty."""
    chain = state.chains[slot, PEAKS]
    return chain[LAST] * CHUNK + (chain[TAIL] - 1) % CHUNK


@compiled
def drop_tail(state: State, slot: int) -> None:
    """Remove the newest entry."""
    chain = state.chains[slot, PEAKS]
    chain[TAIL] -= 1
    if chain[TAIL] % CHUNK == 0 or chain[TAIL] == chain[HEAD]:
        drop_chunk(state, slot, PEAKS, chain[LAST])
    else:
        touch_chunk(state, PEAKS, chain[LAST])  # its row goes, if it was full


@compiled
def clear_peaks(state: State, slot: int) -> None:
    """Forget all peaks of the rolling windows."""
    chain = state.chains[slot, PEAKS]
    while chain[HEAD] != chain[TAIL]:
        drop_head(state, slot, PEAKS)
    for window in range(3):
        state.portfolios[slot].window_peak[window] = -1


@compiled
def expire_peaks(state: State, slot: int, now: int) -> None:
    """Move every window's peak to the first entry inside the window at `now`, and drop what is older than 30 days."""
    portfolio = state.portfolios[slot]
    newest = now // PEAK_BUCKET_MS
    chain = state.chains[slot, PEAKS]
    if chain[HEAD] == chain[TAIL]:
        return
    last = tail_entry(state, slot)
    for window in range(3):
        entry = np.int64(portfolio.window_peak[window])
        while entry != -1 and state.peaks[entry].bucket <= newest - BUCKETS_OF[window]:
            entry = -1 if entry == last else next_entry(state, PEAKS, entry)
        portfolio.window_peak[window] = entry
    oldest = newest - BUCKETS_OF[MONTH]
    while chain[HEAD] != chain[TAIL] and state.peaks[head_entry(state, slot, PEAKS)].bucket <= oldest:
        drop_head(state, slot, PEAKS)


@compiled
def push_peak(state: State, slot: int, ts: int, net_hi: int, net_lo: int) -> None:
    """Take in a total value (net of flows) of time `ts`, which is not before the newest entry."""
    portfolio = state.portfolios[slot]
    expire_peaks(state, slot, ts)
    bucket = ts // PEAK_BUCKET_MS
    chain = state.chains[slot, PEAKS]
    lost = np.zeros(3, np.bool_)
    while chain[HEAD] != chain[TAIL]:
        tail = tail_entry(state, slot)
        peak = state.peaks[tail]
        if compare(peak.net_hi, peak.net_lo, net_hi, net_lo) > 0:
            # A greater value of the same bucket covers this one; nothing has been removed then, since what follows an
            # entry is of a later bucket, and none is later than this.
            if peak.bucket == bucket:
                return
            break
        for window in range(3):
            if portfolio.window_peak[window] == tail:
                lost[window] = True
        drop_tail(state, slot)
    entry = append(state, slot, PEAKS)
    peak = state.peaks[entry]
    peak.bucket = bucket
    peak.net_hi = net_hi
    peak.net_lo = net_lo
    for window in range(3):
        if lost[window] or portfolio.window_peak[window] == -1:
            portfolio.window_peak[window] = entry


@compiled
def window_peak(state: State, slot: int, window: int) -> tuple[int, int]:
    """The peak of a window in today's capital, money; `expire_peaks` has been called for the present time.

    The last valuation counts as inside every window, however old it is.
    """
    portfolio = state.portfolios[slot]
    if window == TOTAL:
        return add(portfolio.top_hi, portfolio.top_lo, portfolio.flow_hi, portfolio.flow_lo)
    entry = portfolio.window_peak[window]
    if entry == -1:
        return portfolio.total_hi, portfolio.total_lo
    peak = state.peaks[entry]
    high, low = add(peak.net_hi, peak.net_lo, portfolio.flow_hi, portfolio.flow_lo)
    if compare(high, low, portfolio.total_hi, portfolio.total_lo) < 0:
        return portfolio.total_hi, portfolio.total_lo
    return high, low


@compiled
def rebase(state: State, slot: int) -> None:
    """Start all windows again at the last valuation; nothing when there is none."""
    portfolio = state.portfolios[slot]
    if portfolio.tv < 0:
        return
    clear_peaks(state, slot)
    net_hi, net_lo = subtract(portfolio.total_hi, portfolio.total_lo, portfolio.flow_hi, portfolio.flow_lo)
    portfolio.top_hi = net_hi
    portfolio.top_lo = net_lo
    push_peak(state, slot, portfolio.tv, net_hi, net_lo)
