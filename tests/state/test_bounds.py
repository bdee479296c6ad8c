"""Every bound of the core in one list, and those that no other test reaches."""

import pytest

from risk_stream.decide import residents
from risk_stream.messages.compiled import cache
from risk_stream.rules import book, fold
from risk_stream.state import layout as lay
from risk_stream.state import sweep
from risk_stream.state.attempts import expire_attempts
from tests.state.portfolio import int64
from tests.state.test_attempts import SIGNATURES, Attempts

BOUNDS = [
    (lay.PEAK_BUCKETS[2], 8_640, "entries of a portfolio's rolling peaks: 30 days of five minutes"),
    (lay.BUCKETS, 60, "sub-buckets of a rolling count or sum"),
    (lay.IDS_MAX, 10_000, "order ids, and execution ids, of a portfolio"),
    (lay.ATTEMPTS_MAX, 2**20, "attempts kept a portfolio for windows of equal orders"),
    (lay.LATE_ATTEMPTS, 10_000, "last attempts of a portfolio, kept one by one"),
    (lay.SECONDS_MS, 3_600_000, "age at which sums a second become sums a minute"),
    (lay.MEMOS_MAX, 65_536, "symbols of a portfolio with only a mark or a sector"),
    (lay.MEMOS_KEPT, 61_440, "of them kept, at the bound"),
    (lay.DAY_MS, 86_400_000, "life of an open order and of an order id, of To"),
    (residents.IDLE_MS_MAX, 86_400_000, "time in memory without use"),
    (residents.IDLE_LOOK_MS, 3_600_000, "between two looks for portfolios without use"),
    (sweep.STRINGS_KEPT, 100_000, "symbols and sectors before the pool is swept"),
    (book.PLANS_KEPT_MAX, 64, "plans of earlier controls versions"),
    (fold.OVERRIDES_MAX, 100_000, "overrides"),
    (cache.CACHES_KEPT_MAX, 4, "folders of compiled code"),
]


@pytest.mark.parametrize(("bound", "number", "what"), BOUNDS, ids=[what for _, _, what in BOUNDS])
def test_bound(bound: int, number: int, what: str) -> None:
    """Whoever moves a bound moves it here, too."""
    assert bound == number


def test_attempts_beyond_the_bound_are_forgotten_within_their_window() -> None:
    """A flood longer than the bound: the oldest go, although their window is still open, two with each new order and no
    more than needed."""
    attempts = Attempts(3 * lay.DAY_MS)
    for number in range(90):
        attempts.attempt(1, f"o{number}", SIGNATURES[number % 2])
    chain = attempts.columns.state.chains[attempts.slot, lay.ATTEMPTS]
    chain[lay.HEAD] -= lay.ATTEMPTS_MAX - 48  # as if so many more had come: a multiple of the chunk keeps its place
    attempts.columns.portfolio(attempts.slot)["to"] += lay.DAY_MS + 90  # no id counts any more
    for left in (*range(40, 0, -lay.FOLDED_MAX), 0, 0):
        attempts.columns.make_room()
        expire_attempts(attempts.columns.state, attempts.slot, int64(attempts.equal_window_ms))
        assert attempts.columns.length(lay.ATTEMPTS, attempts.slot) == lay.ATTEMPTS_MAX + left
