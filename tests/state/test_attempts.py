"""Order ids and equal orders against a list of all attempts."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from risk_stream.rules.plan import name_hash
from risk_stream.state import layout as lay
from risk_stream.state.attempts import (
    count_equal,
    expire_attempts,
    find_attempt,
    find_equal,
    is_inside,
    link_equals,
    remember_attempt,
)
from risk_stream.state.sweep import sweep_strings
from tests.state.portfolio import Columns, int8, int32, int64

DAY_MS = lay.DAY_MS
WINDOWS = [60, 61, 1_000, 3_600_000, DAY_MS - 7, DAY_MS, 3 * DAY_MS]
Signature = tuple[str, int, int, int]


class Attempts:
    """The queue of one portfolio, and every attempt there ever was."""

    def __init__(self, equal_window_ms: int, start_ms: int = 1_795_341_600_000, linked: bool = True) -> None:
        """Equal attempts are linked from the first on, or when they are counted first."""
        self.columns = Columns(2)
        self.slot = self.columns.slots[1]
        self.equal_window_ms = equal_window_ms
        self.to = start_ms
        self.ids: dict[str, tuple[int, int]] = {}  # the number and the To of each id's last attempt
        self.count = 0
        self.times: dict[Signature, list[int]] = {}
        if linked:
            link_equals(self.columns.state, self.slot)

    def is_known(self, order_id: str) -> bool:
        """Whether the id is within 24 h of To and among the last 10,000."""
        if order_id not in self.ids:
            return False
        number, to = self.ids[order_id]
        return self.count - number <= lay.IDS_MAX and self.to - to < DAY_MS

    def attempt(self, pause: int, order_id: str, signature: Signature) -> None:
        """Time passes, then an order comes."""
        self.to += pause
        self.columns.make_room()
        self.columns.portfolio(self.slot)["to"] = self.to
        expire_attempts(self.columns.state, self.slot, int64(self.equal_window_ms))
        h1, h2 = name_hash(order_id)
        entry = find_attempt(self.columns.state, self.slot, h1, h2)
        assert (entry != -1) == self.is_known(order_id)
        if entry != -1:
            return
        symbol, side, quantity, price = signature
        row = self.columns.string(symbol), int8(side), int64(quantity), int64(price)
        remember_attempt(self.columns.state, self.slot, h1, h2, *row)
        self.ids[order_id] = (self.count, self.to)
        self.count += 1
        self.times.setdefault(signature, []).append(self.to)

    def newest(self, signature: Signature) -> Any:
        """The entry of the newest attempt of that kind; -1 when it is forgotten."""
        symbol, side, quantity, price = signature
        row = self.columns.string(symbol), int8(side), int64(quantity), int64(price)
        return int32(find_equal(self.columns.state, self.slot, *row))

    def check(self, signature: Signature) -> None:
        """The count in every window that is armed, and in any window while there were few attempts."""
        self.columns.make_room()
        link_equals(self.columns.state, self.slot)
        for window_ms in WINDOWS:
            if window_ms <= self.equal_window_ms or self.count <= lay.LATE_ATTEMPTS:
                now = int64(self.to)
                count = count_equal(self.columns.state, self.slot, self.newest(signature), now, int64(window_ms))
                assert count == self.expected(signature, window_ms), window_ms

    def expected(self, signature: Signature, window_ms: int) -> int:
        """The contract's count: attempts whose sub-bucket is one of the window's 60."""
        oldest = 60 * self.to // window_ms - 59
        return sum(60 * to // window_ms >= oldest for to in self.times.get(signature, ()))

    def steps_to_count(self, signature: Signature, window_ms: int) -> int:
        """How many links `count_equal` follows."""
        state, entry, steps = self.columns.state, self.newest(signature), 0
        bounds = int64(60 * self.to // window_ms - 59), int64(window_ms)
        while True:
            row = state.equals[entry]
            if is_inside(state, self.slot, row["jump"], row["jump_seq"], *bounds):
                entry = row["jump"]
            elif is_inside(state, self.slot, row["previous"], row["previous_seq"], *bounds):
                entry = row["previous"]
            else:
                return steps
            steps += 1


SIGNATURES: list[Signature] = [("A", 0, 1, 10), ("A", 1, 1, 10), ("B", 0, 1, 10), ("A", 0, 2, 10), ("A", 0, 1, -1)]
PAUSES = st.sampled_from([0, 0, 1, 17, 59, 999, 60_000, 3_599_999, DAY_MS - 1, DAY_MS, DAY_MS + 1, 4 * DAY_MS])


class AttemptsMachine(RuleBasedStateMachine):
    """Attempts of a few kinds with pauses up to days, ids that come again, windows armed and disarmed, sweeps."""

    @initialize(
        window=st.sampled_from([0, *WINDOWS]), start=st.sampled_from([0, 1_795_341_600_000]), linked=st.booleans()
    )
    def start(self, window: int, start: int, linked: bool) -> None:
        """The longest armed window."""
        self.attempts = Attempts(window, start, linked)
        self.linked = linked
        self.count = 0

    @rule(pause=PAUSES, signature=st.sampled_from(SIGNATURES), times=st.integers(1, 25), again=st.integers(0, 60))
    def attempt(self, pause: int, signature: Signature, times: int, again: int) -> None:
        """A run of equal orders, longer than a chunk at times; the first may carry an id seen before."""
        for number in range(times):
            self.count += 1
            which = self.count - again if number == 0 and again < self.count else self.count
            self.attempts.attempt(pause if number == 0 else 1, f"o{which}", signature)
        if self.linked:
            self.attempts.check(signature)

    @rule(signature=st.sampled_from(SIGNATURES))
    def check(self, signature: Signature) -> None:
        """Any kind, at any time."""
        self.attempts.check(signature)

    @rule(window=st.sampled_from([0, *WINDOWS]))
    def disarm(self, window: int) -> None:
        """A shorter window may be armed at any time: what a longer one needed is forgotten, but for the last few."""
        self.attempts.equal_window_ms = min(window, self.attempts.equal_window_ms)

    @precondition(lambda self: self.count)
    @rule()
    def sweep(self) -> None:
        """Symbols get new numbers; what is found stays the same."""
        sweep_strings(self.attempts.columns.state)
        for signature in SIGNATURES:
            self.attempts.check(signature)


TestAttempts = AttemptsMachine.TestCase
TestAttempts.settings = settings(max_examples=40, stateful_step_count=30)


def test_ids_beyond_the_last_ten_thousand_count_no_more() -> None:
    """The 10,001st new id makes the first one free again, long before 24 h."""
    attempts = Attempts(0)
    for number in range(lay.IDS_MAX + 300):
        attempts.columns.make_room()
        attempts.attempt(1, f"o{number}", ("A", 0, number % 7, 10))
    for number in (0, 299, 300, 301, lay.IDS_MAX):
        attempts.attempt(0, f"o{number}", ("A", 0, 1, 10))
    assert attempts.columns.length(lay.ATTEMPTS, attempts.slot) <= lay.IDS_MAX + 1


@pytest.mark.parametrize("others", [0, 1])
def test_a_flood_is_counted_in_few_steps(others: int) -> None:
    """Counting among 30,000 equal orders follows tens of links, in every window and while the window moves on."""
    attempts = Attempts(3_600_000)
    signature = SIGNATURES[0]
    worst = 0
    for number in range(30_000):
        attempts.attempt(200, f"o{number}", signature if number % 2 >= others else SIGNATURES[2])
        if number % 997 == 0:
            attempts.check(signature)
            for window_ms in (60, 1_000, 3_600_000):
                worst = max(worst, attempts.steps_to_count(signature, window_ms))
    assert worst <= 4 * 15  # twice two steps a level of 2^15 entries


def test_thousands_of_attempts_are_linked_when_a_limit_comes() -> None:
    """No two of them equal: the table of equal orders has a place for each, though there were none for a day."""
    attempts = Attempts(0, linked=False)
    for number in range(lay.IDS_MAX):
        attempts.attempt(1, f"o{number}", ("ACME", 1, number + 1, 1))
    attempts.check(("ACME", 1, lay.IDS_MAX, 1))
    assert attempts.columns.state.table_used[lay.BY_SIGNATURE] == lay.IDS_MAX
    assert attempts.columns.state.header[lay.UNLINKED_COUNT] == 0


def test_a_chain_longer_than_32_bits_is_counted() -> None:
    """A desk that sends one order for ever passes 2^31 equals within weeks; the difference of depths stays right."""
    attempts = Attempts(3_600_000)
    for number in range(40):
        attempts.attempt(1, f"o{number}", SIGNATURES[0])
    attempts.columns.state.equals["depth"] += 2**31 - 30
    for number in range(40, 80):
        attempts.attempt(1, f"o{number}", SIGNATURES[0])
        attempts.check(SIGNATURES[0])
