"""Where a step pauses changes nothing that it publishes."""

from itertools import count

import pytest

from risk_stream.decide import engine as decide
from risk_stream.decide import residents
from risk_stream.messages.records import NO_RECORDS
from risk_stream.rules.book import Controls
from tests.decide.compare import records_of
from tests.decide.streams import Stream
from tests.scenarios.engine_adapter import MemoryRows

PARTS = ((500, 1 << 20, 2_000), (1, 1 << 20, 1), (7, 1 << 20, 3), (500, 1_000, 2_000), (500, 1, 2_000))


def digest(seed: int, parts: tuple[int, int, int]) -> str:
    """The digest of one step of 300 values and 300 orders, in parts of so many values, bytes of values and orders."""
    stream, controls = Stream(seed), Controls()
    values, orders = [], []
    for _ in range(300):
        values.append(stream.value())
        orders.append(stream.order())
    with pytest.MonkeyPatch.context() as patch:
        for name, size in zip(("VALUES_PER_PART", "VALUE_BYTES_PER_PART", "ORDERS_PER_PART"), parts, strict=True):
            patch.setattr(decide, name, size)
        output = decide.Engine(0, 1, MemoryRows()).step(records_of(values), records_of(orders), controls.plan())
    assert output.portfolio_risk.size > 0
    return output.digest


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_parts_publish_the_same(seed: int) -> None:
    """Parts of one record, of a few, and as large as they get."""
    assert len({digest(seed, parts) for parts in PARTS}) == 1


def lived(seed: int, disturbed: bool) -> list[str]:
    """The digests of twenty steps in small parts; if `disturbed`, rows are cut between steps and stored within them."""
    stream, controls, rows, digests, evicted = Stream(seed), Controls(), MemoryRows(), [], 0
    engine = decide.Engine(0, 1, rows, resident_max=1)
    for step in range(20):
        values, orders = zip(*((stream.value(), stream.order()) for _ in range(30)), strict=True)
        cut = engine.cut() if disturbed else None
        parts = engine.step_parts(records_of(list(values)), records_of(list(orders)), controls.plan())
        for number in count():
            try:
                next(parts)
            except StopIteration as done:
                digests.append(done.value.digest)
                break
            if cut is not None and number == step:
                rows.save(cut)
                known = engine.resident_count
                engine.saved()
                evicted += known - engine.resident_count
    assert disturbed == (evicted > 0)
    return digests


@pytest.mark.parametrize("seed", [2, 5])  # streams of several portfolios
def test_what_is_stored_within_a_step_changes_nothing(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Portfolios are evicted and strings swept between two parts, but none that the step has used."""
    monkeypatch.setattr(decide, "VALUES_PER_PART", 2)
    monkeypatch.setattr(decide, "ORDERS_PER_PART", 3)
    monkeypatch.setattr(residents, "STRINGS_KEPT", 0)
    assert lived(seed, disturbed=True) == lived(seed, disturbed=False)


def test_what_a_step_brought_may_leave_when_it_is_over() -> None:
    """More than the bound allows, all of them used by the last step: they leave once they are saved, and no sooner."""
    stream, rows = Stream(2), MemoryRows()
    engine = decide.Engine(0, 1, rows, resident_max=1)
    engine.step(records_of([stream.value() for _ in range(200)]), NO_RECORDS, Controls().plan())
    engine.saved()
    assert engine.is_crowded
    rows.save(engine.cut())
    engine.saved()
    assert not engine.is_crowded
