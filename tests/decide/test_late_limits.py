"""Counting limits with long windows, set when there are orders already: those of the window count, if they are few."""

import json

import pytest

from risk_stream.audit.naive.model import NaiveModel
from tests.scenarios.engine_adapter import EngineDecider

DAY_MS = 86_400_000
START_MS = 1_795_341_600_000
KEY = b"alpha"


def order(number: int, ts: int) -> bytes:
    """Always the same but for its id."""
    fields = {
        "order_id": f"o{number}",
        "portfolio_id": "alpha",
        "symbol": "A",
        "side": "BUY",
        "quantity": 1,
        "price": 2,
    }
    return json.dumps({**fields, "ts": ts}).encode()


@pytest.mark.parametrize("window", ["P2D", "P7D", "P30D"])
def test_earlier_orders_count(window: str) -> None:
    """600 orders over 20 days, then three limits, then orders for ten days more: engine and model agree on each."""
    engine, model = EngineDecider(0, 1), NaiveModel(0, 1)
    kinds = {"ORDER_RATE": "180", "TURNOVER": "450", "DUPLICATE_ORDER": "210"}
    codes = set()
    for number in range(900):
        if number == 600:
            for offset, (kind, threshold) in enumerate(kinds.items()):
                limit = {"type": "SET_LIMIT", "limit_id": kind, "kind": kind, "threshold": threshold, "window": window}
                value = json.dumps({**limit, "action": "WARN", "actor": "a", "reason": "r"}).encode()
                for decider in (engine, model):
                    decider.control(offset, START_MS, None, value)
        ts = START_MS + number * DAY_MS // 30
        expected = model.order(number, ts, KEY, order(number, ts))
        assert engine.order(number, ts, KEY, order(number, ts)) == expected, number
        codes |= {str(payload.get("limit_id")) for _, payload in expected}
    assert codes >= (set(kinds) if window != "P2D" else set())
