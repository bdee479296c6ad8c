"""90 days of history cost what one day costs: bytes of a snapshot, which are exact, and CPU with room for noise."""

import pytest

from bench.history import measure, ratios

ROUNDS = 5


@pytest.mark.parametrize(("what", "ratio_max"), [("snapshot", 1.2), ("valuation", 2.0), ("check", 2.0)])
def test_a_long_past_costs_what_a_short_one_does(what: str, ratio_max: float) -> None:
    """Both of the long pasts, a fallen market's queue of peaks among them, over the short one."""
    for name, found in ratios(measure(ROUNDS)).items():
        assert found[what] <= ratio_max, f"{name}: {what} {found[what]:.2f} times that of a day"
