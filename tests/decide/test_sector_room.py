"""Room for sectors is made where they come from: many new ones in one part of a step, and many loaded at once."""

import json

from risk_stream.decide.engine import Engine
from risk_stream.messages.records import NO_RECORDS, Records, records_from
from risk_stream.rules.book import Controls
from tests.scenarios.engine_adapter import MemoryRows

PORTFOLIOS, SYMBOLS = 9, 12
NOW_MS = 1_700_000_000_000


class Sender:
    """Orders, each in a sector of its own symbol's."""

    def __init__(self) -> None:
        self.offset = 0

    def orders(self, wanted: list[tuple[int, int]]) -> Records:
        """One for each portfolio and symbol."""
        start, self.offset = self.offset, self.offset + len(wanted)
        offsets = list(range(start, self.offset))
        keys: list[bytes | None] = [b"p%d" % portfolio for portfolio, _ in wanted]
        return records_from(offsets, [NOW_MS + one for one in offsets], keys, [order(*one) for one in wanted])


def order(portfolio: int, symbol: int) -> bytes:
    """As a strategy writes it."""
    fields = {
        "portfolio_id": f"p{portfolio}",
        "order_id": f"o{symbol}.{portfolio}",
        "symbol": f"S{symbol}",
        "side": "BUY",
        "quantity": "1",
        "price": "1",
        "sector": f"X{symbol}",
    }
    return json.dumps(fields).encode()


def test_room_is_made_for_new_sectors_and_for_loaded_ones() -> None:
    """A part takes what was reserved for it, which the engine looks at before it tells anything."""
    rows, plan, sender = MemoryRows(), Controls().plan(), Sender()
    engine = Engine(0, 1, rows)
    for portfolio in range(PORTFOLIOS):
        engine.step(NO_RECORDS, sender.orders([(portfolio, symbol) for symbol in range(SYMBOLS)]), plan)
    rows.save(engine.cut())
    loaded = Engine(0, 1, rows)
    output = loaded.step(NO_RECORDS, sender.orders([(portfolio, SYMBOLS) for portfolio in range(PORTFOLIOS)]), plan)
    assert output.decisions.size == PORTFOLIOS
