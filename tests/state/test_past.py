"""Sums of the past against a list of all attempts."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from risk_stream.state import layout as lay
from risk_stream.state.counters import advance, start_counter
from risk_stream.state.past import count_past, expire_past, fold_attempt
from tests.state.portfolio import Columns, field, int32, int64, pair

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, lay.DAY_MS
EXACT = [MINUTE_MS, 7 * MINUTE_MS, HOUR_MS, 2 * HOUR_MS, 25 * HOUR_MS, 7 * DAY_MS, 30 * DAY_MS]
"""Whole minutes up to an hour, whole hours above."""

UP_TO_A_SECOND_LONGER = [60, 1_000, 59_999, 90_001, HOUR_MS - 1]
UP_TO_A_MINUTE_LONGER = [HOUR_MS + 1, 90 * MINUTE_MS, DAY_MS + 7, 30 * DAY_MS - 1]
PAUSES = [0, 0, 1, 17, 999, 1_000, 59_000, 61_000, HOUR_MS - 1, HOUR_MS, DAY_MS, 31 * DAY_MS]


class PastMachine(RuleBasedStateMachine):
    """Attempts in runs, with pauses up to a month; each may come into the past later than it was made."""

    @initialize(start=st.sampled_from([0, 1_795_341_600_000]))
    def start(self, start: int) -> None:
        """One portfolio beside another."""
        self.columns = Columns(2)
        self.slot = self.columns.slots[1]
        self.now = start
        self.attempts: list[tuple[int, int]] = []

    @rule(
        pause=st.sampled_from(PAUSES),
        times=st.integers(1, 40),
        every=st.sampled_from([0, 1, 300, 900, 20_000, 70_000]),
        late=st.sampled_from([0, 0, 5_000, 2 * HOUR_MS]),
        notional=st.sampled_from([0, 1, 10**12, 2**80]),
    )
    def attempt(self, pause: int, times: int, every: int, late: int, notional: int) -> None:
        """A run of attempts, longer than a chunk at times."""
        self.now += pause
        for number in range(times):
            self.now += every
            to = max(self.now - late, self.attempts[-1][0] if self.attempts else 0)
            self.attempts.append((to, notional + number))
            self.columns.make_room()
            self.columns.portfolio(self.slot)["to"] = self.now
            fold_attempt(self.columns.state, self.slot, int64(to), *pair(notional + number))
            expire_past(self.columns.state, self.slot)
        assert self.columns.length(lay.SECONDS, self.slot) <= 7_200
        assert self.columns.length(lay.SECONDS, self.columns.slots[0]) == 0

    @rule(kind=st.sampled_from([0, 1]))
    def count(self, kind: int) -> None:
        """Counters that are started now: exact, or too much by what a sum is longer than the window."""
        for window_ms in EXACT:
            assert self.counted(kind, window_ms) == self.expected(kind, window_ms), window_ms
        for windows, longer in ((UP_TO_A_SECOND_LONGER, 1_000), (UP_TO_A_MINUTE_LONGER, MINUTE_MS)):
            for window_ms in windows:
                least, most = self.expected(kind, window_ms), self.expected(kind, window_ms, longer)
                assert least <= self.counted(kind, window_ms) <= most, window_ms

    def counted(self, kind: int, window_ms: int) -> int:
        """What a counter that is started now holds."""
        self.columns.make_room()
        counter = int32(start_counter(self.columns.state, self.slot, int64(kind), int64(window_ms)))
        count_past(self.columns.state, self.slot, counter)
        advance(self.columns.state, counter, int64(self.now))
        return field(self.columns.state.counters[counter], "sum")

    def expected(self, kind: int, window_ms: int, longer_ms: int = 0) -> int:
        """The contract's count in the window, or in one so much longer."""
        oldest = 60 * self.now // window_ms - 59
        inside = [notional for to, notional in self.attempts if 60 * (to + longer_ms) // window_ms >= oldest]
        return len(inside) if kind == 0 else sum(inside)


TestPast = PastMachine.TestCase
TestPast.settings = settings(max_examples=40, stateful_step_count=25)
