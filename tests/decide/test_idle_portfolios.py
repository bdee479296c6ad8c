"""Who is not used for a day of record time leaves memory, looked for once an hour of it."""

import orjson

from risk_stream.decide.engine import Engine
from risk_stream.decide.residents import IDLE_LOOK_MS, IDLE_MS_MAX
from risk_stream.messages.records import NO_RECORDS, records_from
from risk_stream.rules.book import Controls
from tests.decide.engine_lives import SavedRows

TS = 1_795_341_600_000
SECOND_MS = 1_000


class Day:
    """An engine whose state is saved after every order."""

    def __init__(self) -> None:
        self.rows, self.plan, self.sent = SavedRows(), Controls().plan(), 0
        self.engine = Engine(0, 1, self.rows)

    def residents_after(self, portfolio: str, timestamp: int) -> int:
        """How many portfolios are in memory after an order of this one at that record time."""
        order = {"order_id": f"o{self.sent}", "portfolio_id": portfolio, "symbol": "A", "side": "BUY", "quantity": 1}
        text = orjson.dumps({**order, "price": 1})
        self.engine.step(NO_RECORDS, records_from([self.sent], [timestamp], [portfolio.encode()], [text]), self.plan)
        self.sent += 1
        self.rows.take(self.engine.cut())
        self.engine.saved()
        return self.engine.resident_count


def test_an_idle_portfolio_leaves_at_the_next_look() -> None:
    """P at first, Q twice half a day later: P goes when a day is over and an hour since the last look."""
    day = Day()
    assert day.residents_after("P", TS) == 1
    assert day.residents_after("Q", TS + IDLE_MS_MAX // 2) == 2
    assert day.residents_after("Q", TS + IDLE_MS_MAX - SECOND_MS) == 2  # a look: P is not a day old
    assert day.residents_after("Q", TS + IDLE_MS_MAX + SECOND_MS) == 2  # it is, but nobody looks
    assert day.residents_after("Q", TS + IDLE_MS_MAX - SECOND_MS + IDLE_LOOK_MS) == 1
    assert day.residents_after("P", TS + IDLE_MS_MAX + IDLE_LOOK_MS) == 2  # and comes back from its row
