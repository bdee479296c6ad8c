"""Standing limits of a portfolio with thousands of positions: both programs, event by event and in the same order."""

import json
import random
from typing import Any

from risk_stream.decide.engine import Engine
from risk_stream.messages.decode import decode_control
from risk_stream.messages.records import NO_RECORDS
from risk_stream.rules.book import Controls
from tests.decide.compare import Comparison, records_of
from tests.decide.streams import START_MS, Record, StreamStep
from tests.scenarios.engine_adapter import MemoryRows

SYMBOLS, SECTORS = 4_000, 500
KEY = b"P1"
LIMITS: list[dict[str, Any]] = [
    {"limit_id": "each-symbol", "kind": "POSITION_SIZE", "threshold": "0.0001"},
    {"limit_id": "each-symbol-amount", "kind": "POSITION_SIZE", "threshold": 150, "unit": "amount", "warn_ratio": 1},
    {"limit_id": "each-sector", "kind": "SECTOR_EXPOSURE", "threshold": "0.0005", "warn_ratio": 0.5},
    {"limit_id": "one-symbol", "kind": "POSITION_SIZE", "threshold": 50, "unit": "amount", "scope": {"symbol": "S7"}},
    {"limit_id": "no-symbol", "kind": "POSITION_SIZE", "threshold": 50, "unit": "amount", "scope": {"symbol": "X7"}},
    {"limit_id": "one-sector", "kind": "SECTOR_EXPOSURE", "threshold": "0.0003", "scope": {"sector": "Ä7"}},
    {"limit_id": "gross", "kind": "GROSS_EXPOSURE", "threshold": "0.3"},
]


def commands(first: int, limits: list[dict[str, Any]]) -> list[Record]:
    """SET_LIMITs from that offset on."""
    values = [json.dumps({"type": "SET_LIMIT", "actor": "desk", "reason": "test", **limit}) for limit in limits]
    return [Record(first + i, START_MS, None, value.encode()) for i, value in enumerate(values)]


def valuation(offset: int, total: int, positions: list[dict[str, Any]] | None) -> Record:
    """A valuation; None keeps the positions as they are."""
    message = {"type": "VALUATION", "portfolio_id": "P1", "total_value": total, "ts": START_MS + offset}
    held = {} if positions is None else {"positions": positions}
    return Record(offset, START_MS + offset, KEY, json.dumps({**message, **held}, ensure_ascii=False).encode())


def snapshot(chance: random.Random, share: float) -> list[dict[str, Any]]:
    """About that share of the symbols in any order, long and short; some without a sector."""
    places = [place for place in range(SYMBOLS) if chance.random() < share]
    chance.shuffle(places)
    return [
        {
            # Names that sort otherwise than their numbers, some of them beyond ASCII.
            "symbol": f"{'Sé' if place % 9 == 0 else 'S'}{place}",
            "quantity": chance.choice([-20, -10, -1, 0, 1, 5, 8, 9, 10, 15, 16]),
            "price": 10,
            **({} if place % 11 == 0 else {"sector": f"{'Ä' if place % 5 else 'A'}{place % SECTORS}"}),
        }
        for place in places
    ]


def test_thousands_of_positions_and_levels() -> None:
    """Levels come, change and go, of symbols and sectors that stay, move and are held no more, in code-point order."""
    chance = random.Random(1)
    both = Comparison(3)
    both.step(StreamStep(controls=commands(0, LIMITS)))
    totals = [1_000_000, 2_000_000, 1_000_000, -1, 1_000_000, 1_500_000]
    for offset, (share, total) in enumerate(zip([0.9, 0.8, 0.05, 0.9, 0.0, 0.9], totals, strict=True)):
        both.step(StreamStep(values=[valuation(2 * offset, total, snapshot(chance, share))]))
        both.step(StreamStep(values=[valuation(2 * offset + 1, total * 2, None)]))
    assert min(both.codes[event] for event in ("DETECTED", "WARNING", "RESOLVED")) > 1_000
    both.step(StreamStep(values=[valuation(99, 1_000_000, None)]))
    # The level of another arming or of another scope is no level of the limit: the same ones are told again.
    narrower = {**LIMITS[0], "scope": {"symbol": "S8"}}
    paused = [{**LIMITS[2], "mode": mode} for mode in ("PAUSED", "ACTIVE")]
    both.step(StreamStep(controls=commands(len(LIMITS), [narrower, *paused])))
    both.step(StreamStep(values=[valuation(100, 1_000_000, None)]))


def test_limits_without_a_level_take_no_room() -> None:
    """However many there are, and however much is held: of other people's orders, paused, or of a symbol each."""
    controls, count = Controls(), 300
    each = {"kind": "POSITION_SIZE", "threshold": 1}
    limits = [{"limit_id": f"T{number}", **each, "scope": {"trader_id": f"T{number}"}} for number in range(count)]
    limits += [{"limit_id": f"P{number}", **each, "mode": "PAUSED"} for number in range(count)]
    limits += [{"limit_id": f"S{number}", **each, "scope": {"symbol": f"S{number}"}} for number in range(count)]
    for record in commands(0, limits):
        controls.append(record.offset, decode_control(record.value, record.timestamp))
    engine = Engine(0, 1, MemoryRows())
    lines = [{"symbol": f"S{number}", "quantity": 1, "price": 2} for number in range(SYMBOLS)]
    output = engine.step(records_of([valuation(0, 1, lines)]), NO_RECORDS, controls.plan())
    assert output.violations.size == count
    assert len(engine._residents.state.levels) < SYMBOLS


def test_symbols_that_orders_alone_have_named_take_no_room_for_levels() -> None:
    """Nothing of them is held, so a valuation finds no level for them, with a snapshot of others or without."""
    controls = Controls()
    limits: list[dict[str, Any]] = [{"limit_id": "none", "kind": "MAX_ORDER_QUANTITY", "threshold": 0}]
    limits += [{"limit_id": f"P{number}", "kind": "POSITION_SIZE", "threshold": 1} for number in range(5)]
    for record in commands(0, limits):
        controls.append(record.offset, decode_control(record.value, record.timestamp))
    engine = Engine(0, 1, MemoryRows())
    order = {"portfolio_id": "P1", "side": "BUY", "quantity": 1, "price": 1, "sector": "A"}
    named = [{"order_id": f"o{number}", "symbol": f"S{number}", **order} for number in range(SYMBOLS)]
    orders = [Record(offset, START_MS, KEY, json.dumps(one).encode()) for offset, one in enumerate(named)]
    engine.step(NO_RECORDS, records_of(orders), controls.plan())
    before = len(engine._residents.state.levels)
    lines = [{"symbol": f"X{number}", "quantity": 1, "price": 2} for number in range(3)]
    output = engine.step(records_of([valuation(0, 1, None), valuation(1, 1, lines)]), NO_RECORDS, controls.plan())
    assert output.violations.size == len(lines) * 5
    assert len(engine._residents.state.levels) == before
