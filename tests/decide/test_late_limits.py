"""Counting limits that are set when there are orders already: those of the window count, however many they are."""

import json
from itertools import accumulate, product

import pytest

from risk_stream.audit.naive.model import NaiveModel
from tests.decide.compare import Comparison
from tests.decide.streams import Record, StreamStep
from tests.scenarios.engine_adapter import EngineDecider

DAY_MS = 86_400_000
START_MS = 1_795_341_600_000
KEY = b"alpha"
WINDOWS = ["PT1M", "PT30M", "PT1H", "PT2H", "P1D", "P7D", "P30D"]


def order(number: int, ts: int, quantity: int = 1) -> bytes:
    """Always the same but for its id, and its quantity."""
    fields = {
        "order_id": f"o{number}",
        "portfolio_id": "alpha",
        "symbol": "A",
        "side": "BUY",
        "quantity": quantity,
        "price": 2,
    }
    return json.dumps({**fields, "ts": ts}).encode()


def limit(limit_id: str, kind: str, threshold: str, window: str) -> bytes:
    """One that only tells."""
    fields = {"type": "SET_LIMIT", "limit_id": limit_id, "kind": kind, "threshold": threshold, "window": window}
    return json.dumps({**fields, "action": "WARN", "actor": "a", "reason": "r"}).encode()


@pytest.mark.parametrize("window", ["P2D", "P7D", "P30D"])
def test_earlier_orders_count(window: str) -> None:
    """600 orders over 20 days, then three limits, then orders for ten days more: engine and model agree on each."""
    engine, model = EngineDecider(0, 1), NaiveModel(0, 1)
    kinds = {"ORDER_RATE": "180", "TURNOVER": "450", "DUPLICATE_ORDER": "210"}
    codes = set()
    for number in range(900):
        if number == 600:
            for offset, (kind, threshold) in enumerate(kinds.items()):
                for decider in (engine, model):
                    decider.control(offset, START_MS, None, limit(kind, kind, threshold, window))
        ts = START_MS + number * DAY_MS // 30
        expected = model.order(number, ts, KEY, order(number, ts))
        assert engine.order(number, ts, KEY, order(number, ts)) == expected, number
        codes |= {str(payload.get("limit_id")) for _, payload in expected}
    assert codes >= (set(kinds) if window != "P2D" else set())


def test_more_orders_than_are_kept_one_by_one_count() -> None:
    """9,000 orders within three days and 15,000 within the next 50 minutes, then limits, then a month with few orders:
    the model, which keeps them all, says the same; the engine is saved and started again in between."""
    both = Comparison(1)
    pauses = [*[3 * DAY_MS // 9_000] * 9_000, *[200] * 15_000, 1, 59_999, 30_000, *[600_000] * 12, *[DAY_MS // 3] * 99]
    times = list(accumulate(pauses, initial=START_MS))
    orders = [Record(n, ts, KEY, order(n, ts, 1 + n % 7)) for n, ts in enumerate(times)]
    for first in range(0, 24_000, 1_000):
        both.step(StreamStep(orders=orders[first : first + 1_000]))
    kinds = enumerate(product(["ORDER_RATE", "TURNOVER"], WINDOWS))
    set_late = [
        Record(n, times[24_000], None, limit(f"{kind}-{window}", kind, "1", window)) for n, (kind, window) in kinds
    ]
    both.step(StreamStep(controls=set_late))
    for one in orders[24_000:]:
        both.step(StreamStep(orders=[one]))
    assert both.codes["DETECTED"] > 100 * len(WINDOWS)
