"""Runs every compiled path once, so that nothing is compiled while orders wait: it takes a second or more a function.

tests/decide/test_warm.py proves that later work, evictions and growth included, needs nothing new.
"""

import json

from risk_stream.decide.engine import Engine
from risk_stream.messages.decode import decode_control
from risk_stream.messages.records import Records, records_from
from risk_stream.rules.book import Controls
from risk_stream.state.arena import new_state
from risk_stream.state.layout import CHUNK
from risk_stream.state.sweep import sweep_strings

PORTFOLIOS = 200
"""More than the first size of the columns, so that they grow, and than the one that may stay: some are evicted."""

ROUNDS = 2
"""What the first round saves the second loads."""

TIME_MS = 1_700_000_000_000

POSITIONS = 100
"""With a limit on each, more violations than a step makes room for at first."""

LIMIT = {
    "type": "SET_LIMIT",
    "limit_id": "warm-up",
    "kind": "POSITION_SIZE",
    "threshold": "0.0000001",
    "actor": "warm-up",
    "reason": "warm-up",
}


class _Rows:
    """Saved rows in a dict."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bytes | None] = {}

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        return [self.rows.get(key) for key in keys]


def warm_up() -> None:
    """Decide, save, evict and load a few portfolios on engines that are thrown away."""
    rows, controls = _Rows(), Controls()
    sweep_strings(new_state())  # rare, and in mid-flight when it comes
    controls.append(0, decode_control(json.dumps(LIMIT).encode(), TIME_MS))
    for number in range(ROUNDS):
        engine = Engine(0, 1, rows, resident_max=1)
        engine.step(_values(number), _orders(number), controls.plan())
        rows.rows.update(engine.cut().rows())
        engine.saved()
        # Only what the last step left alone is evicted.
        engine.step(_records(number, []), _records(number, [{"order_id": "last", "quantity": "0"}], 1), controls.plan())
        engine.saved()


def _values(number: int) -> Records:
    valuation: dict[str, object] = {
        "total_value": "1000000",
        "positions": [
            {"symbol": f"S{place}", "quantity": "10", "price": "100", "sector": "A"} for place in range(POSITIONS)
        ],
        "metrics": {"m": 1.5},
    }
    execution: dict[str, object] = {
        "type": "EXECUTION",
        "order_id": f"o{number}",
        "execution_id": f"e{number}",
        "status": "FILLED",
        "symbol": "S0",
        "side": "BUY",
        "last_quantity": "1",
        "last_price": "100",
    }
    return _records(number, [valuation, execution])


def _orders(number: int) -> Records:
    order: dict[str, object] = {"symbol": "S0", "side": "BUY", "quantity": "1", "price": "100"}
    refused = {**order, "order_id": "r", "quantity": "0"}
    # So many that a chunk is full, and a row of its own.
    return _records(number, [{"order_id": f"o{number + step}", **order} for step in range(CHUNK)] + [refused])


def _records(number: int, messages: list[dict[str, object]], portfolios: int = PORTFOLIOS) -> Records:
    names = [f"warm-up-{name}" for name in range(portfolios)]
    values: list[bytes | None] = [
        json.dumps({"portfolio_id": name, **message}).encode() for message in messages for name in names
    ]
    keys: list[bytes | None] = [name.encode() for _ in messages for name in names]
    offsets = [number * 10_000 + index for index in range(len(values))]
    return records_from(offsets, [TIME_MS + offset for offset in offsets], keys, values)
