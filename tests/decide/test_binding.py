"""What is noted of a portfolio for one plan is not taken for a place in another one."""

import json
from typing import Any

from risk_stream.decide.engine import Engine, StepOutput
from risk_stream.messages.decode import decode_control
from risk_stream.messages.records import NO_RECORDS
from risk_stream.rules.book import Controls
from tests.decide.compare import records_of
from tests.decide.streams import START_MS, Record
from tests.scenarios.engine_adapter import MemoryRows, outputs_of


def book(limits: list[dict[str, Any]]) -> Controls:
    """These limits from the beginning of the log."""
    controls = Controls()
    for offset, limit in enumerate(limits):
        message = {"type": "SET_LIMIT", "actor": "desk", "reason": "test", **limit}
        controls.append(offset, decode_control(json.dumps(message).encode(), START_MS))
    return controls


def value(offset: int) -> Record:
    """A valuation in which the metric is 5."""
    message = {"portfolio_id": "P1", "total_value": 1, "metrics": {"lever": 5}}
    return Record(offset, START_MS + offset, b"P1", json.dumps(message).encode())


def order(offset: int, portfolio: int) -> Record:
    """One of quantity 1."""
    fields = {"order_id": f"o{offset}", "portfolio_id": f"P{portfolio}", "symbol": "A", "side": "BUY", "quantity": 1}
    message = json.dumps({**fields, "price": 1}).encode()
    return Record(offset, START_MS + offset, f"P{portfolio}".encode(), message)


def codes(output: StepOutput) -> list[Any]:
    """Of the decisions."""
    return [payload["code"] for topic, payload in outputs_of(output) if topic == "decisions"]


def test_levels_of_limits_that_an_older_plan_does_not_know() -> None:
    """A number that was given behind the plan's version names none of its limits; one that it knows keeps its level."""
    lever = {"kind": "METRIC", "metric": "lever", "operator": ">", "threshold": 1}
    controls = book([{"limit_id": f"L{number}", **lever} for number in range(5_000)])
    engine = Engine(0, 1, MemoryRows())
    assert engine.step(records_of([value(0)]), NO_RECORDS, controls.plan()).violations.size == 5_000
    assert engine.step(records_of([value(1)]), NO_RECORDS, controls.plan(0)).violations.size == 0


def test_limits_of_portfolios_in_another_book_of_the_same_version() -> None:
    """Each portfolio finds its own limits in it, and no other's."""
    books = [
        book(
            [
                {
                    "limit_id": f"L{number}",
                    "kind": "MAX_ORDER_QUANTITY",
                    "threshold": 0,
                    "scope": {"portfolio_id": f"P{number}"},
                }
                for number in numbers
            ]
        )
        for numbers in ([0, 1], [2, 3])
    ]
    engine, refused, first = Engine(0, 1, MemoryRows()), "MAX_ORDER_QUANTITY", 0
    for controls, expected in zip(books, ([refused] * 2 + ["OK"] * 2, ["OK"] * 2 + [refused] * 2), strict=True):
        orders = records_of([order(first + number, number) for number in range(4)])
        assert codes(engine.step(NO_RECORDS, orders, controls.plan())) == expected
        first += 4
