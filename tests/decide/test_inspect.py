"""A portfolio looked at under limits that came after its last record."""

import json

from risk_stream.decide.engine import Engine
from risk_stream.decide.inspect import inspect
from risk_stream.messages.decode import decode_control
from risk_stream.messages.fault import Fault
from risk_stream.messages.records import NO_RECORDS
from risk_stream.rules.book import Controls
from risk_stream.state.arena import check_reserved
from tests.decide.compare import records_of
from tests.decide.streams import START_MS, Record
from tests.scenarios.engine_adapter import MemoryRows

WINDOWS = 100
"""More than a new state has room for."""


def test_each_of_many_new_windows_is_counted() -> None:
    """Counters are started for all of them, none in the place of another."""
    controls, engine = Controls(), Engine(0, 1, MemoryRows())
    order = {"order_id": "o", "portfolio_id": "P", "symbol": "A", "side": "BUY", "quantity": 1, "price": 1}
    engine.step(NO_RECORDS, records_of([Record(0, START_MS, b"P", json.dumps(order).encode())]), controls.plan())
    for number in range(WINDOWS):
        limit = {"type": "SET_LIMIT", "limit_id": f"L{number}", "kind": "ORDER_RATE", "threshold": 1}
        text = json.dumps({**limit, "window": f"PT{number + 1}M", "actor": "a", "reason": "r"}).encode()
        control = decode_control(text, START_MS)
        assert not isinstance(control, Fault)
        controls.append(number, control)
    view = inspect(engine, "P", controls.plan())
    assert view is not None
    assert [limit.observed for limit in view.limits] == ["1"] * WINDOWS
    check_reserved(engine._residents.state)
