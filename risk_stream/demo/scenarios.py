"""The scenarios by name."""

from collections.abc import Callable

from risk_stream.demo.history import History
from risk_stream.demo.market import Market
from risk_stream.demo.rounds import Scenario

SCENARIOS: dict[str, Callable[[int, int, int], Scenario]] = {"market": Market, "history": History}


def make_scenario(name: str, orders: int, portfolios: int, seed: int) -> Scenario:
    """A scenario of so many orders and portfolios in all."""
    return SCENARIOS[name](orders, portfolios, seed)
