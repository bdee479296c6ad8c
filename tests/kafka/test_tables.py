"""The changelog takes every row that the engine saves."""

import json

from risk_stream.decide.engine import Engine
from risk_stream.kafka.tables import ROW_BYTES_MAX
from risk_stream.messages.decode import decode_control
from risk_stream.messages.records import NO_RECORDS
from risk_stream.rules.book import Controls
from risk_stream.state.layout import MEMOS_MAX
from tests.decide.compare import records_of
from tests.decide.streams import START_MS, Record
from tests.scenarios.engine_adapter import MemoryRows

ORDERS = 2_000


def test_a_list_of_the_longest_names_fits() -> None:
    """One client can name as many symbols and sectors as a portfolio remembers, with orders that are all refused."""
    controls = Controls()
    limit = {"type": "SET_LIMIT", "limit_id": "none", "kind": "MAX_ORDER_QUANTITY", "threshold": 0}
    controls.append(0, decode_control(json.dumps({**limit, "actor": "a", "reason": "r"}).encode(), START_MS))
    order = {"portfolio_id": "P", "side": "BUY", "quantity": 1, "price": 1}
    orders = []
    for number in range(ORDERS):
        name = f"{number:x}".translate({ord(f"{digit:x}"): 0x1F600 + digit for digit in range(16)}).rjust(64, "😀")
        message = {"order_id": f"o{number}", "symbol": name, "sector": name, **order}
        orders.append(Record(number, START_MS, b"P", json.dumps(message, ensure_ascii=False).encode()))
    engine = Engine(0, 1, MemoryRows())
    engine.step(NO_RECORDS, records_of(orders), controls.plan())
    largest = max(len(row or b"") for _, row in engine.cut().rows())
    assert largest > ORDERS * 2 * 64 * 4
    # With room for a snapshot besides, and for 50,000 such symbols whose orders are open.
    assert largest * (MEMOS_MAX + 50_000) / ORDERS + 2**20 < ROW_BYTES_MAX
