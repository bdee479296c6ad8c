"""The engine and the oracle, two readings of one contract, answer alike over seeded traffic and poison."""

from __future__ import annotations

import pytest

from tests.simulation.inputs import mixed, poisoned
from tests.simulation.replay import explain, replay

PARTITIONS = 2


@pytest.mark.parametrize("seed", range(6))
def test_mixed_traffic_is_answered_alike(seed: int) -> None:
    """Steps, cuts and reloads at random places; few portfolios in memory in every other case."""
    inputs = mixed(
        seed, PARTITIONS, orders=1_200, portfolios=(8, 24, 60)[seed % 3], tick_ms=(20_000, 900_000)[seed % 2]
    )
    for partition in range(PARTITIONS):
        verdict = replay(inputs, partition, seed, resident_max=4 if seed % 2 else 10_000)
        assert verdict.holds, explain(verdict)


def test_poison_is_answered_alike() -> None:
    """One answer a record, neighbours untouched."""
    inputs = poisoned(1, PARTITIONS)
    for partition in range(PARTITIONS):
        verdict = replay(inputs, partition, 1)
        assert verdict.holds, explain(verdict)
