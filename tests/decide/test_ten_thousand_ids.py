"""The last 10,000 ids of a portfolio, of orders and of executions: both programs at both sides of the bound."""

import json
from itertools import count

from tests.decide.compare import Comparison
from tests.decide.streams import START_MS, Record, StreamStep

IDS_MAX = 10_000
KEY = b"P1"


def order(offset: int, order_id: str) -> Record:
    """A small order."""
    message = {"order_id": order_id, "portfolio_id": "P1", "symbol": "ACME", "side": "BUY", "quantity": 1, "price": 10}
    return Record(offset, START_MS + offset, KEY, json.dumps(message).encode())


def execution(offset: int, order_id: str, execution_id: str, status: str) -> Record:
    """A fill of one share, or a close."""
    message = {
        "type": "EXECUTION",
        "portfolio_id": "P1",
        "order_id": order_id,
        "execution_id": execution_id,
        "status": status,
        "symbol": "ACME",
        "side": "BUY",
        "last_quantity": "0.5",
        "last_price": 10,
    }
    return Record(offset, START_MS + offset, KEY, json.dumps(message).encode())


def open_orders_limit(offset: int) -> Record:
    """So that every decision tells how many orders are open."""
    message = {
        "type": "SET_LIMIT",
        "limit_id": "open",
        "kind": "OPEN_ORDERS",
        "threshold": 1_000_000,
        "warn_ratio": 0,
        "actor": "desk",
        "reason": "test",
    }
    return Record(offset, START_MS, None, json.dumps(message).encode())


def test_order_ids() -> None:
    """An id is known while it is one of the last 10,000; forgotten by number, its order may still be open."""
    both = Comparison(1)
    both.step(StreamStep(controls=[open_orders_limit(0)]))
    orders = count()
    for first in range(0, IDS_MAX + 1, 1000):
        last = min(first + 1000, IDS_MAX + 1)
        both.step(StreamStep(orders=[order(next(orders), f"o{n}") for n in range(first, last)]))
    assert both.codes["OK"] == IDS_MAX + 1
    both.step(StreamStep(orders=[order(next(orders), "o1")]))
    assert both.codes["DUPLICATE_ORDER_ID"] == 1
    both.step(StreamStep(orders=[order(next(orders), "o0")]))
    assert both.codes["OK"] == IDS_MAX + 2
    # o0 is open twice; what fills and closes mean for it must at least be the same for both.
    for offset, status in enumerate(["PARTIALLY_FILLED", "FILLED", "FILLED", "CANCELLED"]):
        both.step(StreamStep(values=[execution(offset, "o0", f"x{offset}", status)]))
        both.step(StreamStep(orders=[order(next(orders), f"after-{offset}")]))


def test_execution_ids() -> None:
    """A repeated execution id is ignored while it is one of the last 10,000 applied."""
    both = Comparison(2)
    both.step(StreamStep(controls=[open_orders_limit(0)]))
    offsets = count()
    for first in range(0, IDS_MAX + 1, 1000):
        last = min(first + 1000, IDS_MAX + 1)
        both.step(StreamStep(values=[execution(next(offsets), "never", f"x{n}", "FILLED") for n in range(first, last)]))
    assert both.codes["UNKNOWN_ORDER"] == IDS_MAX + 1
    both.step(StreamStep(values=[execution(next(offsets), "never", "x1", "FILLED")]))
    assert both.codes["UNKNOWN_ORDER"] == IDS_MAX + 1
    both.step(StreamStep(values=[execution(next(offsets), "never", "x0", "FILLED")]))
    assert both.codes["UNKNOWN_ORDER"] == IDS_MAX + 2
