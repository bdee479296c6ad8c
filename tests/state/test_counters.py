"""Rolling counts and sums against a list of all amounts."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from risk_stream.state.counters import advance, count_in, find_counter, start_counter
from tests.state.portfolio import Columns, field, int32, int64, pair

WINDOWS = [60, 61, 100, 1_000, 7_001, 3_600_000, 86_400_000, 30 * 86_400_000]
AMOUNTS = st.one_of(st.integers(0, 3), st.sampled_from([2**63, 10**24, 2**64 - 1, 2**100]))


class CountersMachine(RuleBasedStateMachine):
    """All windows at once, of both kinds; time passes by sub-buckets, by windows and by years."""

    @initialize(start=st.sampled_from([0, 1, 1_795_341_600_000, 253_402_300_799_999]))
    def start(self, start: int) -> None:
        """A counter a window."""
        self.columns = Columns()
        self.slot = self.columns.slots[0]
        self.now = start
        self.amounts: list[tuple[int, int]] = []
        for number, window_ms in enumerate(WINDOWS):
            self.columns.make_room()
            start_counter(self.columns.state, self.slot, int64(number % 2), int64(window_ms))

    def counter(self, number: int) -> Any:
        """The counter of a window."""
        window_ms = int64(WINDOWS[number])
        return int32(find_counter(self.columns.state, self.slot, int64(number % 2), window_ms))

    @rule(amount=AMOUNTS)
    def count(self, amount: int) -> None:
        """An amount, into every counter."""
        self.amounts.append((self.now, amount))
        for number in range(len(WINDOWS)):
            count_in(self.columns.state, self.counter(number), int64(self.now), *pair(amount))

    @rule(window=st.sampled_from(WINDOWS), share=st.sampled_from([0.001, 1 / 60, 0.5, 59 / 60, 1, 61 / 60, 3, 40]))
    def wait(self, window: int, share: float) -> None:
        """Time passes, measured in a window."""
        self.now += int(window * share)

    @invariant()
    def sums_agree(self) -> None:
        """Each counter holds what its 60 sub-buckets hold."""
        if not hasattr(self, "columns"):
            return
        for number, window_ms in enumerate(WINDOWS):
            counter = self.counter(number)
            advance(self.columns.state, counter, int64(self.now))
            oldest = 60 * self.now // window_ms - 59
            expected = sum(amount for ts, amount in self.amounts if 60 * ts // window_ms >= oldest)
            assert field(self.columns.state.counters[counter], "sum") == expected, window_ms


TestCounters = CountersMachine.TestCase
TestCounters.settings = settings(max_examples=40, stateful_step_count=40)
