"""Where a step pauses changes nothing that it publishes."""

import pytest

from risk_stream.decide import engine as decide
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
