"""The scenarios: the same seed gives the same messages, in the numbers that were asked for, and varied answers."""

import json
from collections import Counter

import pytest

from risk_stream.demo.rounds import HALVES, Message, Scenario, spread
from risk_stream.demo.scenarios import SCENARIOS, make_scenario
from risk_stream.demo.verify import verify_partition
from tests.demo.offline import Offline


def everything(scenario: Scenario) -> list[list[Message]]:
    """The messages of all rounds, as if every second order were approved."""
    approved: list[set[str]] = [set() for _ in range(HALVES)]
    found = []
    for number in range(len(scenario.rounds)):
        found.append(scenario.values(number, approved[number % HALVES]))
        orders = scenario.orders(number)
        approved[number % HALVES] = {json.loads(one.value)["order_id"] for one in orders[::2]}
        found.append(orders)
    return found


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_seed_gives_the_same_messages(name: str) -> None:
    """Twice the same with one seed, something else with another."""
    first, second, other = (everything(make_scenario(name, 500, 6, seed)) for seed in (7, 7, 8))
    assert first == second
    assert first != other


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize(("orders", "portfolios"), [(1, 1), (300, 1), (777, 5)])
def test_there_are_as_many_orders_as_asked_for(name: str, orders: int, portfolios: int) -> None:
    """Every order counts, and every portfolio is valued."""
    scenario = make_scenario(name, orders, portfolios, 1)
    messages = everything(scenario)
    assert sum(map(len, messages[1::2])) == sum(one.orders for one in scenario.rounds) == orders
    assert len({one.key for values in messages[::2] for one in values}) == portfolios


def test_spread_adds_up() -> None:
    """Shares are whole and complete."""
    assert spread(10, [1, 1, 2]) == [2, 3, 5]
    assert spread(0, [1, 5]) == [0, 0]
    assert sum(spread(12_345, [1, 19, 0.5, 3])) == 12_345


def test_the_market_meets_most_answers() -> None:
    """Approvals, many reasons to refuse, warnings, dead letters; and the model agrees with all of it."""
    scenario = make_scenario("market", 4_000, 60, 1)
    played = Offline(scenario.limits)
    played.play(scenario)
    decisions = [json.loads(one.value or b"") for one in played.logs.records["decisions"]]
    codes = Counter(one["code"] for one in decisions)
    assert codes["OK"] > len(decisions) / 2
    assert {"DRAWDOWN", "HALTED", "MAX_ORDER_NOTIONAL", "PRICE_COLLAR", "RESTRICTED_SYMBOL"} < set(codes)
    assert {"INVALID_ORDER", "DUPLICATE_ORDER_ID", "DUPLICATE_ORDER", "METRIC"} < set(codes)
    assert played.logs.records["dead-letters"]
    verdict = verify_partition(played.logs)
    assert verdict.differences == []
    assert verdict.compared > 8_000
