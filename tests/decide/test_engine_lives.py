"""What is resident, evicted, saved or lost never changes an answer: byte for byte, digests included."""

from collections import Counter
from collections.abc import Iterator

import pytest

from risk_stream.decide import residents
from risk_stream.state import room
from risk_stream.state.layout import IDS_MAX, STRING_COUNT, State
from risk_stream.state.sweep import sweep_strings
from tests.decide.engine_lives import History
from tests.decide.engine_traffic import DAY_MS, Step, Traffic

REPLAYED_MAX = 60
"""Steps replayed after a kill: far more than a snapshot interval, and a difference shows at once or never."""


def wide(seed: int) -> Iterator[Step]:
    """Everything mixed, over months."""
    traffic = Traffic(seed)
    yield traffic.opening()
    yield from traffic.mixed(250)


def flooded(seed: int) -> Iterator[Step]:
    """More order ids and equal orders than are remembered, then a little of everything, then days later again."""
    traffic = Traffic(seed)
    yield traffic.opening()
    yield from traffic.mixed(10)
    yield from traffic.flood(14_000, 700, 0.6)
    yield from traffic.mixed(25)
    traffic.now += 2 * DAY_MS
    yield from traffic.flood(600, 20, 0.95)
    yield from traffic.mixed(10)


def filled(seed: int) -> Iterator[Step]:
    """More execution ids than are remembered, each open order filled in many parts."""
    traffic = Traffic(seed, portfolios=2)
    yield traffic.opening()
    yield from traffic.mixed(10)
    yield from traffic.fills(12_000, 800)
    yield from traffic.mixed(25)
    yield from traffic.fills(1_000, 50)


def falling(seed: int) -> Iterator[Step]:
    """Weeks of steady decline, one valuation every five minutes, between other things."""
    traffic = Traffic(seed)
    yield traffic.opening()
    yield from traffic.mixed(10)
    yield from traffic.decline(10_000, 300_000, 500)
    yield from traffic.mixed(25)
    yield from traffic.decline(400, 300_000, 20)


def jagged(seed: int) -> Iterator[Step]:
    """Falls that are made good in part."""
    traffic = Traffic(seed)
    yield traffic.opening()
    yield from traffic.mixed(10)
    yield from traffic.saw(40)
    yield from traffic.mixed(15)


STORIES = {"wide": wide, "flooded": flooded, "filled": filled, "falling": falling, "jagged": jagged}


COPIED_BYTES_MAX = room.COPIED_BYTES_MAX


@pytest.mark.parametrize("copied", [0, COPIED_BYTES_MAX])
@pytest.mark.parametrize(
    ("story", "seed"), [("wide", 1), ("wide", 2), ("flooded", 3), ("filled", 4), ("falling", 5), ("jagged", 7)]
)
def test_lives_agree(story: str, seed: int, copied: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that evicts whatever it can, and one started from any of its cuts, answer as one that keeps all.

    Whether columns are copied as they grow, or grow where they are from the first row on.
    """
    monkeypatch.setattr(room, "COPIED_BYTES_MAX", copied)
    history = History(STORIES[story](seed))
    stored, copies = history.live_evicted(seed, 0.5)
    assert copies
    assert history.evictions > 10
    for first, rows in list(copies.items())[:: 1 + len(copies) // 8]:
        history.live_on(rows, first, first + REPLAYED_MAX)
    assert sorted(stored.rows) == sorted(history.rows.rows)


def test_stories_reach_what_they_are_for() -> None:
    """The traffic approves, rejects for many reasons, and fills more than the bounds hold."""
    codes: Counter[str] = Counter()
    history = History(wide(1))
    for _, _, counts in history.answers:
        codes.update(counts)
    assert {"OK", "DUPLICATE_ORDER_ID", "HALTED", "REDUCING", "DRAWDOWN", "NOT_EVALUABLE"} <= set(codes)
    assert codes["OK"] > 500
    assert codes["dead_letters"] > 100
    attempts = sum(step.orders.size for step in flooded(3))
    assert attempts > IDS_MAX


def renamed(seed: int) -> Iterator[Step]:
    """New symbols all the time, as option series come and go: most strings are soon needed by nobody."""
    traffic = Traffic(seed)
    yield traffic.opening()
    for number in range(40):
        traffic.symbols = [f"{number}-{n}-{'x' * (n % 50)}" for n in range(40)]
        yield from traffic.mixed(5)
        traffic.now += DAY_MS


@pytest.mark.parametrize("copied", [0, COPIED_BYTES_MAX])
def test_sweeping_strings_changes_no_answer(copied: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The string pool swept at every save, resident or evicted: the same bytes, and no more strings than needed.

    What a sweep puts in a column's place does not lie in the room that the column had.
    """
    monkeypatch.setattr(room, "COPIED_BYTES_MAX", copied)
    history = History(renamed(6))
    monkeypatch.setattr(residents, "STRINGS_KEPT", 0)
    swept: list[int] = []

    def sweep(state: State) -> int:
        swept.append(int(state.header[STRING_COUNT]) - sweep_strings(state))
        return 0  # again at the next save

    monkeypatch.setattr(residents, "sweep_strings", sweep)
    history.live_evicted(6, 0.6)
    history.live_saved(6, 0.6)
    assert sum(swept) > 1_000
