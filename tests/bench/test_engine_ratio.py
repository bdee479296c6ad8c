"""The engine has not become slower: CPU an order, over that of a plain loop which runs in turns with it."""

import pytest

from bench.engine import measure

ROUNDS = 30


# Twice what a busy machine showed (0.8 and 1.9): a ratio of CPU times milliseconds apart hardly moves with load.
@pytest.mark.parametrize(("job", "ratio_max"), [("peers", 1.6), ("full", 3.8)])
def test_the_engine_costs_no_more_than_it_did(job: str, ratio_max: float) -> None:
    """CPU us an order of the engine, as a multiple of decoding and encoding with the standard library."""
    costs = measure(job, ROUNDS)
    assert costs.ratio <= ratio_max, f"{job}: engine {costs.engine}, floor {costs.floor}"
