"""Runs every compiled path once before the worker joins its group: compiling takes seconds, heartbeats cannot wait."""

import json

from risk_stream.kafka.ports import ControlsPort, EngineFactory, Row
from risk_stream.messages.records import Records

PORTFOLIO = b"warm-up"
TIME_MS = 1_700_000_000_000


class _Rows:
    """Saved rows in a dict."""

    def __init__(self) -> None:
        self._rows: dict[bytes, bytes | None] = {}

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        return [self._rows.get(key) for key in keys]

    def put(self, rows: list[Row]) -> None:
        self._rows.update(rows)


def warm_up(engines: EngineFactory, controls: ControlsPort) -> None:
    """Decide, save and load one portfolio on an engine that is thrown away. `controls` may be any, also empty ones."""
    rows, plan = _Rows(), controls.plan(controls.version)
    for round_number in range(2):  # the second engine loads what the first saved
        engine = engines(0, 1, rows)
        engine.step(_values(round_number), _orders(round_number), plan)
        rows.put(list(engine.cut()))
        engine.saved()


def _values(round_number: int) -> Records:
    valuation: dict[str, object] = {
        "portfolio_id": "warm-up",
        "total_value": "1000000",
        "positions": [{"symbol": "S", "quantity": "10", "price": "100", "sector": "A"}],
        "metrics": {"m": 1.5},
    }
    execution: dict[str, object] = {
        "type": "EXECUTION",
        "portfolio_id": "warm-up",
        "order_id": f"o{round_number}",
        "execution_id": f"e{round_number}",
        "status": "FILLED",
        "symbol": "S",
        "side": "BUY",
        "last_quantity": "1",
        "last_price": "100",
    }
    return _records(round_number, [valuation, execution])


def _orders(round_number: int) -> Records:
    order: dict[str, object] = {
        "portfolio_id": "warm-up",
        "symbol": "S",
        "side": "BUY",
        "quantity": "1",
        "price": "100",
    }
    return _records(round_number, [{"order_id": f"o{round_number + step}", **order} for step in range(2)])


def _records(round_number: int, messages: list[dict[str, object]]) -> Records:
    count = len(messages)
    offsets = [round_number * 100 + index for index in range(count)]
    values: list[bytes | None] = [json.dumps(message).encode() for message in messages]
    return Records(offsets, [TIME_MS + offset for offset in offsets], [PORTFOLIO] * count, values)
