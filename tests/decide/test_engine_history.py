"""Work does not grow with history: entries, rows written and rows read are counted, never time."""

from risk_stream.decide.engine import Engine
from risk_stream.messages.control import SetLimit
from risk_stream.rules.book import Controls
from risk_stream.state.layout import (
    ATTEMPTS,
    CHUNK,
    COUNTERS,
    FREE_COUNT,
    HEAD,
    LATE_ATTEMPTS,
    PEAK_BUCKETS,
    PEAKS,
    TAIL,
)
from tests.decide.engine_lives import SavedRows
from tests.decide.engine_traffic import DAY_MS, SIGNED, Traffic, limits

FIVE_MINUTES_MS = 300_000


class CountedRows(SavedRows):
    """Rows that count how many were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.read = 0

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        """The rows of these keys."""
        self.read += len(keys)
        return super().get_many(keys)


def fallen(days: int) -> tuple[Engine, CountedRows, Traffic, Controls]:
    """An engine after so many days of steady decline, saved."""
    controls, rows, traffic = Controls(), CountedRows(), Traffic(1)
    for offset, limit in enumerate(limits()):
        controls.append(offset, SetLimit(limit, *SIGNED))
    engine = Engine(0, 1, rows)
    for step in traffic.decline(days * DAY_MS // FIVE_MINUTES_MS, FIVE_MINUTES_MS, 144):
        engine.step(step.values, step.orders, controls.plan())
    rows.take(engine.cut())
    engine.saved()
    return engine, rows, traffic, controls


def test_queue_and_snapshot_do_not_grow_with_history() -> None:
    """The longest queue is 30 days; a snapshot after 48 valuations writes what they changed, not what there is."""
    written = {}
    for days in (1, 31, 45):
        engine, rows, traffic, controls = fallen(days)
        chain = engine._residents.state.chains[0, PEAKS]
        assert chain[TAIL] - chain[HEAD] <= PEAK_BUCKETS[2]
        assert chain[TAIL] == days * DAY_MS // FIVE_MINUTES_MS  # each valuation was appended once, none moved again
        for step in traffic.decline(48, FIVE_MINUTES_MS, 48):
            engine.step(step.values, step.orders, controls.plan())
        cut = engine.cut()
        written[days] = len([row for row in cut.rows() if row[1] is not None])
        assert cut.size <= 2 * (48 // CHUNK + 1) + 1
        assert len(rows.rows) <= PEAK_BUCKETS[2] // CHUNK + 2
    assert written[1] == written[31] == written[45]


def test_bringing_a_portfolio_back_reads_each_of_its_rows_once() -> None:
    """One main row and the chunks of its queues: 541 rows after a month of decline."""
    _, rows, traffic, controls = fallen(31)
    rows.read = 0
    engine = Engine(0, 1, rows)
    for step in traffic.decline(2, FIVE_MINUTES_MS, 1):
        engine.step(step.values, step.orders, controls.plan())
    assert rows.read <= 1 + PEAK_BUCKETS[2] // CHUNK + 1


def test_memory_is_given_back() -> None:
    """Sixty trading days hold no more chunks and counters at their end than after forty."""
    controls, traffic = Controls(), Traffic(2, portfolios=1)
    for offset, limit in enumerate(limits()):
        controls.append(offset, SetLimit(limit, *SIGNED))
    engine, rows = Engine(0, 1, SavedRows()), SavedRows()
    held: list[tuple[int, int]] = []
    for _ in range(60):
        for step in traffic.flood(100, 50, 0.5):
            engine.step(step.values, step.orders, controls.plan())
        traffic.now += DAY_MS
        rows.take(engine.cut())
        engine.saved()
        state = engine._residents.state
        used = [len(state.chunks(ATTEMPTS)) - int(state.free[ATTEMPTS, FREE_COUNT])]
        used.append(len(state.counters) - int(state.free[COUNTERS, FREE_COUNT]))
        held.append((used[0], used[1]))
    assert max(held[40:]) <= max(held[:40])
    assert len(rows.rows) <= LATE_ATTEMPTS // CHUNK + 60
