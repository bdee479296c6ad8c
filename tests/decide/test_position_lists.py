"""Portfolios of many positions: a list of them as a row, and main rows with what changed since."""

from collections import Counter
from collections.abc import Iterator

import orjson
import pytest

from risk_stream.decide.engine import Engine
from risk_stream.messages.packed import Packed
from risk_stream.messages.records import NO_RECORDS, Records, records_from
from risk_stream.rules.book import Controls
from risk_stream.state.layout import INLINE_POSITIONS
from tests.decide.engine_lives import History, SavedRows, answer_of
from tests.decide.engine_traffic import Step, Traffic

TS = 1_795_341_600_000


def story(seed: int, symbols: int, steps: int, size: int) -> Iterator[Step]:
    """Traffic in so many symbols; limits change seldom, so that positions are most of what changes."""
    traffic = Traffic(seed)
    traffic.symbols = [f"S{number}" for number in range(symbols)]
    yield traffic.opening()
    for step in traffic.mixed(steps, size):
        if step.controls and traffic.chance.random() < 0.8:
            step.controls = []
        yield step


@pytest.mark.parametrize(("seed", "symbols", "steps", "size"), [(1, 40, 120, 30), (2, 40, 150, 6), (3, 90, 100, 60)])
def test_evicted_and_reloaded_portfolios_answer_alike(seed: int, symbols: int, steps: int, size: int) -> None:
    """Whatever was in the list, in the main row, or in both with different numbers."""
    history = History(story(seed, symbols, steps, size))
    stored, copies = history.live_evicted(seed, 0.6)
    for first in list(copies)[:: 1 + len(copies) // 5]:
        history.live_on(copies[first], first, first + 30)
    assert Counter(key[:1] for key in stored.rows)[b"L"] > 0
    assert history.evictions > 0


def values(offset: int, *messages: dict[str, object]) -> Records:
    """Records of portfolio P."""
    count = len(messages)
    return records_from(
        list(range(offset, offset + count)), [TS] * count, [b"P"] * count, [*map(orjson.dumps, messages)]
    )


def valuation(symbols: int) -> dict[str, object]:
    """Of as many positions of 1."""
    positions = [{"symbol": f"S{number}", "quantity": 1, "price": 10} for number in range(symbols)]
    return {"portfolio_id": "P", "type": "VALUATION", "total_value": 10**6, "ts": TS, "positions": positions}


def fill(number: int, symbol: str) -> dict[str, object]:
    """Of 1 at 7."""
    known = {"portfolio_id": "P", "type": "EXECUTION", "order_id": f"o{number}", "execution_id": f"e{number}"}
    return {
        **known,
        "symbol": symbol,
        "side": "BUY",
        "status": "FILLED",
        "last_quantity": 1,
        "last_price": 7,
        "ts": TS + 5,
    }


def sizes(cut: Packed) -> dict[bytes, int]:
    """Bytes of the rows of a cut, by the first letter of their keys."""
    return {key[:1]: len(value or b"") for key, value in cut.rows()}


@pytest.mark.parametrize("symbols", [INLINE_POSITIONS, INLINE_POSITIONS + 1, 64, 200])
def test_a_reload_has_room_for_the_list_and_what_came_after_it(symbols: int) -> None:
    """Positions of the main row that the list does not have need places of their own."""
    rows, plan = SavedRows(), Controls().plan()
    engine = Engine(0, 1, rows)
    engine.step(values(0, valuation(symbols)), NO_RECORDS, plan)
    rows.take(engine.cut())
    engine.saved()
    engine.step(values(1, *(fill(number, f"NEW{number}") for number in range(10))), NO_RECORDS, plan)
    rows.take(engine.cut())
    engine.saved()
    later = values(20, {"portfolio_id": "P", "type": "VALUATION", "total_value": 10**6, "ts": TS + 10})
    reloaded = Engine(0, 1, SavedRows(rows.rows))
    answer = answer_of(reloaded.step(later, NO_RECORDS, plan))
    assert answer == answer_of(engine.step(later, NO_RECORDS, plan))
    (picture,) = answer[0][3]
    assert orjson.loads(picture.value or b"")["gross_exposure"] == str(10 * symbols + 70)


def test_what_changes_is_written_and_not_what_there_is() -> None:
    """One of 400 positions: a small main row; the list again when as many were repeated, never more than twice."""
    plan, engine = Controls().plan(), Engine(0, 1, SavedRows())
    engine.step(values(0, valuation(400)), NO_RECORDS, plan)
    whole = sizes(engine.cut())[b"L"]
    engine.saved()
    written = 0
    for number in range(200):
        engine.step(values(1 + number, fill(number, f"S{number}")), NO_RECORDS, plan)
        written += sum(sizes(engine.cut()).values())
        engine.saved()
    # sqrt(2 x 400) = 28 cuts between two lists, and as much again for the positions that main rows repeat.
    assert written < 2 * (1 + 200 / 28) * whole + 200 * 300


def orders(count: int) -> Records:
    """Of 1 each, of as many symbols; no limit forbids one."""
    known = {"portfolio_id": "P", "side": "BUY", "quantity": 1, "price": 10, "ts": TS}
    texts = [orjson.dumps({**known, "order_id": f"o{number}", "symbol": f"NEW{number}"}) for number in range(count)]
    return records_from(list(range(count)), [TS] * count, [b"P"] * count, texts)


def cancellation(number: int) -> dict[str, object]:
    """The end of an order of `orders`, without a fill."""
    known = {"portfolio_id": "P", "type": "EXECUTION", "order_id": f"o{number}", "execution_id": f"e{number}"}
    return {**known, "symbol": f"NEW{number}", "side": "BUY", "status": "CANCELLED", "ts": TS + 5}


def test_a_snapshot_changes_what_it_replaces_and_no_symbol_that_orders_alone_have_named() -> None:
    """300 symbols of which only an order's price is known, and a valuation of five others."""
    plan, engine = Controls().plan(), Engine(0, 1, SavedRows())
    engine.step(NO_RECORDS, orders(300), plan)
    engine.step(values(0, *map(cancellation, range(300))), NO_RECORDS, plan)
    whole = sizes(engine.cut())[b"L"]
    engine.saved()
    engine.step(values(300, valuation(5)), NO_RECORDS, plan)
    cut = sizes(engine.cut())
    assert b"L" not in cut
    assert cut[b"P"] < whole / 5
