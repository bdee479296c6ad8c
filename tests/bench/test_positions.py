"""A fill costs what it changes, not what the portfolio holds: CPU in the same minute, with room for noise."""

from statistics import median

from bench.values import measure_fills

ROUNDS = 15
RATIO_MAX = 3.0
"""1.0 as measured; 10 when each risk picture walked over all positions."""


def test_a_fill_beside_many_positions_costs_what_it_does_beside_few() -> None:
    """The risk picture included, which tells GROSS and NET of all that is held."""
    few, many = (measure_fills(positions, ROUNDS) for positions in (10, 1_000))
    assert median(many) <= RATIO_MAX * median(few), f"beside 10 {few}, beside 1,000 {many}"
