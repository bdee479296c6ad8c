"""Corners of the contract, one record a step, on which the engine and the oracle must read alike."""

from __future__ import annotations

import json

import pytest

from tests.faults.traffic import Message
from tests.simulation.inputs import InputLogs
from tests.simulation.replay import explain, replay

START = 10**12
NAME = "pf-1"
Fields = dict[str, object]
GROSS: Fields = {"type": "SET_LIMIT", "limit_id": "g", "kind": "GROSS_EXPOSURE", "threshold": "0.05"}
SIZE: Fields = {"type": "SET_LIMIT", "limit_id": "p", "kind": "POSITION_SIZE", "threshold": "0.05"}
FALL: Fields = {"type": "SET_LIMIT", "limit_id": "d", "kind": "DRAWDOWN", "threshold": "0.05", "window": "P1D"}
RATE: Fields = {"type": "SET_LIMIT", "limit_id": "r", "kind": "ORDER_RATE", "threshold": 1, "window": "PT1M"}
TURN: Fields = {"type": "SET_LIMIT", "limit_id": "t", "kind": "TURNOVER", "threshold": 15, "window": "PT1H"}
VAR: Fields = {"type": "SET_LIMIT", "limit_id": "m", "kind": "METRIC", "threshold": 1, "metric": "a", "operator": ">"}
LATER: Fields = {"effective_from": START + 50_000}
DECIMALS: tuple[object, ...] = (
    "+1", "1.", "0.5", ".5", "01", "1e2", "1E+2", " 1", "1_0", "１", "-0", "0x1", "1e-8", "1e-9", 1e9,
    "9999999999.99999999", "10000000000", "1e9", "1e10", True, [], "NaN", float("nan"),
)  # fmt: skip
TIMES: tuple[object, ...] = (
    1.5, "1e3", "2001-01-01T00:00:00z", "2001-01-01 00:00:00Z", "2001-01-01T00:00:00-00:00", -1, True, [],
    "2001-01-01T24:00:00Z", "2001-01-01T23:59:60Z", "2001-01-01T00:00:00.Z", START + 61_000,
    "2001-09-09T01:47:40.999999999Z", "2001-01-01T01:00:00+01:00", "2001-02-29T00:00:00Z",
)  # fmt: skip


def control(fields: Fields, **changes: object) -> Message:
    """A control by the desk."""
    return Message("controls", None, json.dumps({"actor": "a", "reason": "r"} | fields | changes).encode(), 0)


def value(**fields: object) -> Message:
    """A valuation of 1,000 that holds 10 at 100, unless told otherwise."""
    plain: Fields = {"portfolio_id": NAME, "total_value": 1000}
    plain["positions"] = [{"symbol": "A", "quantity": 10, "price": 100, "sector": "T"}]
    return Message("portfolio-values", NAME.encode(), json.dumps(plain | fields).encode())


def order(order_id: str, **fields: object) -> Message:
    """An order for 1 at 10, unless told otherwise."""
    plain: Fields = {"portfolio_id": NAME, "order_id": order_id, "symbol": "A", "side": "BUY", "quantity": 1}
    return Message("orders", NAME.encode(), json.dumps(plain | {"price": 10} | fields).encode())


CASES: dict[str, list[Message]] = {
    "paused between": [control(GROSS), value(), control(GROSS, mode="PAUSED"), control(GROSS), value()],
    "removed between": [
        control(GROSS), value(), control({"type": "REMOVE_LIMIT", "limit_id": "g"}), control(GROSS), value(),
    ],
    "symbol of the scope changed": [
        control(SIZE, scope={"symbol": "A"}), value(), control(SIZE, scope={"symbol": "B"}), value(),
    ],
    "scope away and back": [control(SIZE), value(), control(SIZE, scope={"portfolio_id": "x"}), control(SIZE), value()],
    "no standing limit and back": [
        control(SIZE), value(), control(SIZE, scope={"strategy_id": "x"}), control(SIZE), value(),
    ],
    "kind away and back": [control(SIZE), value(), control(SIZE, kind="SECTOR_EXPOSURE"), control(SIZE), value()],
    "kind changed": [control(GROSS), value(), control(GROSS, kind="NET_EXPOSURE"), value()],
    "unit changed": [control(SIZE), value(), control(SIZE, unit="amount"), value()],
    "window of a drawdown changed": [
        control(FALL), value(), value(total_value=500), control(FALL, window="P7D"), value(total_value=500),
    ],
    "metric changed": [
        control(VAR), value(metrics={"a": 2, "b": 2}), control(VAR, metric="b"), value(metrics={"a": 2, "b": 2}),
    ],
    "effective later and at once": [control(GROSS), value(), control(GROSS | LATER), control(GROSS), value()],
    "effective at the next valuation": [
        control(GROSS), value(), control(GROSS | LATER), value(ts=START + 50_000), value(ts=START + 50_000),
    ],
    "effective passed by an order": [
        control(GROSS), value(), control(GROSS | LATER), order("x"), order("y", ts=START + 55_000), value(),
    ],
    "turnover before the limit": [order("a"), control(TURN), order("b")],
    "attempts before the limit": [order("a"), order("b"), control(RATE), order("c")],
    "alike before the limit": [order("a"), order("b"), control(RATE, kind="DUPLICATE_ORDER"), order("c")],
    "window made longer": [
        control(TURN), order("a", ts=START - 3 * 86_400_000), control(TURN, window="P7D"), order("b"),
    ],
    "another symbol without a price": [
        control(GROSS), control(SIZE, limit_id="n", kind="NET_EXPOSURE", unit="amount", threshold=1), value(),
        order("m", symbol="B", order_type="MARKET", price=None, side="SELL"), order("k"), order("l", side="SELL"),
    ],
    "prices of market orders": [
        order("a", order_type="MARKET", price="x"), order("b", order_type="MARKET", price="5"),
    ],
    "cancelled without a symbol": [
        order("a"),
        value(type="EXECUTION", order_id="a", execution_id="e", status="CANCELLED"),
    ],
    "forms of decimals": [order(f"q{place}", quantity=text) for place, text in enumerate(DECIMALS)],
    "forms of times": [order(f"t{place}", ts=text) for place, text in enumerate(TIMES)],
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_engine_and_oracle_read_alike(name: str) -> None:
    """Whatever the oracle computes stands on the engine's logs."""
    inputs = InputLogs(1, START)
    for message in CASES[name]:
        inputs.append(message)
    verdict = replay(inputs, 0, 1, cut_share=0.5, sizes=(1,))
    assert verdict.holds, explain(verdict)
