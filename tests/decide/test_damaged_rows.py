"""Rows that cannot be what was written are refused by name, whichever of a portfolio's they are."""

from collections.abc import Callable

import pytest

from risk_stream.decide.engine import Engine
from risk_stream.decide.residents import CHUNKS_RESERVED, DamagedRows
from risk_stream.messages.records import NO_RECORDS
from risk_stream.rules.book import Controls
from risk_stream.state.layout import CHUNK
from tests.decide.engine_lives import SavedRows
from tests.decide.test_position_lists import cancellation, orders, values

CHUNKS = CHUNKS_RESERVED + 6
"""Of execution ids: more than room is made for at once."""


@pytest.fixture(scope="module")
def saved() -> SavedRows:
    """One portfolio with so many full chunks of execution ids, and some attempts."""
    engine, rows, plan = Engine(0, 1, SavedRows()), SavedRows(), Controls().plan()
    engine.step(values(0, *map(cancellation, range(CHUNKS * CHUNK + 3))), orders(3 * CHUNK), plan)
    rows.take(engine.cut())
    return rows


def key_of(letter: bytes, number: int) -> bytes:
    """The key of a chunk row."""
    return b"%cP\0%b" % (letter, number.to_bytes(8, "big"))


def brought(rows: SavedRows) -> int:
    """How many portfolios are in memory after one more order."""
    engine = Engine(0, 1, rows)
    engine.step(NO_RECORDS, orders(1), Controls().plan())
    return engine.resident_count


def test_whole_rows_are_taken(saved: SavedRows) -> None:
    """Nothing is damaged: the cases below differ in one row only."""
    assert brought(saved) == 1


@pytest.mark.parametrize(("letter", "kind", "number"), [(b"X", 1, 0), (b"X", 1, CHUNKS - 1), (b"A", 0, 2)])
def test_a_missing_chunk_is_named(saved: SavedRows, letter: bytes, kind: int, number: int) -> None:
    """A row that the main row counts on is not there."""
    rows = SavedRows(saved.rows)
    del rows.rows[key_of(letter, number)]
    with pytest.raises(DamagedRows, match=f"portfolio b'P': chunk {number} of kind {kind} is missing"):
        brought(rows)


@pytest.mark.parametrize("damage", [lambda row: b"", lambda row: b"\xff" + row[1:], lambda row: row[:2] + b"\x0f"])
@pytest.mark.parametrize(("letter", "kind", "number"), [(b"X", 1, 0), (b"X", 1, CHUNKS - 1), (b"A", 0, 2)])
def test_a_chunk_that_lacks_entries_is_named(
    saved: SavedRows, letter: bytes, kind: int, number: int, damage: Callable[[bytes], bytes]
) -> None:
    """Empty, of another version, or with one entry less than the main row counts on."""
    rows = SavedRows(saved.rows)
    rows.rows[key_of(letter, number)] = damage(rows.rows[key_of(letter, number)])
    with pytest.raises(DamagedRows, match=f"portfolio b'P': chunk {number} of kind {kind} lacks entries"):
        brought(rows)
