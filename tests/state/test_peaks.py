"""Rolling peaks against a list of all values."""

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from risk_stream.decide.values import take_value
from risk_stream.messages.compiled.value_row import VALUE_ROW
from risk_stream.state.layout import PEAK_BUCKET_MS, PEAK_BUCKETS, PEAKS
from risk_stream.state.load import find_window_peaks
from risk_stream.state.peaks import TOTAL, expire_peaks, rebase, window_peak
from tests.state.portfolio import Columns, int64, whole

DAY_MS = 86_400_000
MONEY_MAX = 10**18 - 1
PAUSES = st.one_of(
    st.sampled_from([0, 1, PEAK_BUCKET_MS - 1, PEAK_BUCKET_MS, PEAK_BUCKET_MS + 1]),
    st.sampled_from([days * DAY_MS + step for days in (1, 7, 30, 90) for step in (-PEAK_BUCKET_MS, -1, 0, 1)]),
    st.integers(0, 3 * DAY_MS),
)
MONEY = st.one_of(st.integers(-5, 20), st.sampled_from([MONEY_MAX, -MONEY_MAX, 10**10]))


class Twin:
    """All valuations there were: (ts, total, flow cumulated up to it)."""

    def __init__(self) -> None:
        self.values: list[tuple[int, int, int]] = []
        self.flow = 0

    def take(self, ts: int, total: int, flow: int) -> None:
        """A valuation."""
        self.flow += flow
        self.values.append((ts, total, self.flow))

    def peak(self, window: int, now: int) -> int:
        """The greatest total value in the window in today's capital; the last one always counts."""
        oldest = now // PEAK_BUCKET_MS - PEAK_BUCKETS[window] + 1 if window != TOTAL else 0
        inside = [one for one in self.values if one[0] // PEAK_BUCKET_MS >= oldest]
        return max(total + self.flow - flow for _, total, flow in [*inside, self.values[-1]])


class Peaks:
    """The queue and its twin, side by side."""

    def __init__(self, start_ms: int) -> None:
        self.columns = Columns()
        self.slot = self.columns.slots[0]
        self.twin = Twin()
        self.now = start_ms

    def take(self, pause: int, total: int, flow: int, behind: int = 0) -> None:
        """A valuation; `behind` the portfolio's other clock, but not before the last valuation."""
        self.now += pause
        ts = max(self.now - behind, self.twin.values[-1][0] if self.twin.values else 0)
        self.columns.make_room()
        row = np.zeros(1, VALUE_ROW)
        row[0]["ts"], row[0]["total"], row[0]["cash_flow"] = ts, total, flow
        take_value(self.columns.state, self.slot, row)
        self.twin.take(ts, total, flow)

    def check(self) -> None:
        """All windows at the present time."""
        expire_peaks(self.columns.state, self.slot, int64(self.now))
        for window in range(4):
            peak = whole(*window_peak(self.columns.state, self.slot, int64(window)))
            assert peak == self.twin.peak(window, self.now), window


class PeaksMachine(RuleBasedStateMachine):
    """Valuations, cash flows, pauses of seconds and of months, rebases, and the pointers found anew as after a load."""

    @initialize(start=st.sampled_from([0, 1, 1_795_341_600_000]))
    def start(self, start: int) -> None:
        """An empty portfolio."""
        self.peaks = Peaks(start)

    @rule(pause=PAUSES, total=MONEY, flow=st.one_of(st.just(0), MONEY), behind=st.sampled_from([0, 0, 10**6, DAY_MS]))
    def take(self, pause: int, total: int, flow: int, behind: int) -> None:
        """A valuation."""
        self.peaks.take(pause, total, flow, behind)

    @rule(totals=st.lists(st.integers(0, 9), min_size=1, max_size=30), pause=st.sampled_from([1, 60_000, 400_000]))
    def take_many(self, totals: list[int], pause: int) -> None:
        """A run of valuations, longer than a chunk."""
        for total in totals:
            self.peaks.take(pause, total, 0)

    @precondition(lambda self: self.peaks.twin.values)
    @rule(pause=PAUSES)
    def wait(self, pause: int) -> None:
        """Only time passes (an order's)."""
        self.peaks.now += pause
        self.peaks.check()

    @precondition(lambda self: self.peaks.twin.values)
    @rule()
    def rebase(self) -> None:
        """All windows hold only the last valuation."""
        self.peaks.columns.make_room()
        rebase(self.peaks.columns.state, self.peaks.slot)
        self.peaks.twin.values = self.peaks.twin.values[-1:]

    @precondition(lambda self: self.peaks.twin.values)
    @rule()
    def load(self) -> None:
        """The pointers are not saved: they are found again for the portfolio's time."""
        portfolio = self.peaks.columns.portfolio()
        portfolio["to"] = self.peaks.now
        portfolio["window_peak"] = -1
        find_window_peaks(self.peaks.columns.state, self.peaks.slot)

    @invariant()
    def agree(self) -> None:
        """Every window, after every step."""
        if hasattr(self, "peaks") and self.peaks.twin.values:
            self.peaks.check()
            assert self.peaks.columns.length(PEAKS) <= PEAK_BUCKETS[2]


TestPeaks = PeaksMachine.TestCase
TestPeaks.settings = settings(max_examples=60, stateful_step_count=40)


@pytest.mark.parametrize("every_ms", [150_000, 300_000, 900_000])
def test_steady_decline_is_the_longest_queue(every_ms: int) -> None:
    """40 days of decline: never more entries than buckets in 30 days, however many valuations came."""
    peaks = Peaks(1_795_341_600_000)
    count = 40 * DAY_MS // every_ms
    for number in range(count):
        peaks.take(every_ms, 10**9 - number, 0)
        if number % 1_000 == 0:
            peaks.check()
    peaks.check()
    entries = peaks.columns.length(PEAKS)
    assert entries <= PEAK_BUCKETS[2]
    assert entries >= 30 * DAY_MS // max(every_ms, PEAK_BUCKET_MS) - 1


def test_each_entry_is_appended_and_removed_once() -> None:
    """O(1) amortised: a zigzag of 20,000 valuations appends no more entries than there were valuations."""
    peaks = Peaks(0)
    for number in range(20_000):
        peaks.take(100_000, (number * 7919) % 1_000, 0)
    tail = int(peaks.columns.state.chains[0, PEAKS, 1 + 2])
    assert tail <= 20_000
    peaks.check()
