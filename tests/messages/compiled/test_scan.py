"""The scanner against the exact decoder: whatever it accepts, the exact decoder reads as the same order."""

from calendar import isleap
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_stream.messages.compiled.order_batch import OrderBatch, decode_orders
from risk_stream.messages.compiled.order_row import NEEDS_EXACT, ORDER_ROW, WELL_FORMED
from risk_stream.messages.compiled.scan import scan_orders
from risk_stream.messages.compiled.write_time import TIME_MS_END
from risk_stream.messages.decode import Route, decode_order
from risk_stream.messages.records import records_from
from tests.messages.compiled.odd_values import TIMESTAMP
from tests.messages.compiled.order_texts import (
    PARTITIONS,
    Record,
    random_record,
    route_of,
)
from tests.messages.compiled.rows import order_of_row


def scan(records: list[Record], route: Route) -> OrderBatch:
    """What the scanner alone makes of the records."""
    values = [record.value or b"" for record in records]
    keys = [record.key or b"" for record in records]
    lengths = np.array([len(part) for part in values + keys], np.int64)
    ends = lengths.cumsum()
    starts = ends - lengths
    text = np.frombuffer(b"".join(values + keys) + b" ", np.uint8)
    rows = np.zeros(len(records), ORDER_ROW)
    count = len(records)
    doubtful = scan_orders(
        text,
        starts[:count],
        ends[:count],
        starts[count:],
        ends[count:],
        np.arange(count, dtype=np.int64),
        np.array([record.timestamp for record in records], np.int64),
        route.partition,
        route.partitions,
        rows,
    )
    assert doubtful == int((rows["status"] == NEEDS_EXACT).sum())
    assert set(rows["status"].tolist()) <= {WELL_FORMED, NEEDS_EXACT}
    return OrderBatch(rows, text, {})


def assert_same(records: list[Record], route: Route) -> int:
    """Every accepted record is the same order to the exact decoder; how many were accepted."""
    batch = scan(records, route)
    accepted = np.flatnonzero(batch.rows["status"] == WELL_FORMED)
    for i in accepted.tolist():
        exact = decode_order(records[i].value, records[i].key, records[i].timestamp, route)
        assert order_of_row(batch, i) == exact, records[i]
    return len(accepted)


def canonical(**changes: str | None) -> bytes:
    """The text of an ordinary order with the JSON text of some fields changed, or the field left out (None)."""
    fields: dict[str, str | None] = {
        "order_id": '"o-1"',
        "portfolio_id": '"pf"',
        "symbol": '"AAPL"',
        "side": '"BUY"',
        "quantity": "100",
        "price": '"182.25"',
        **changes,
    }
    return ("{" + ",".join(f'"{name}":{text}' for name, text in fields.items() if text is not None) + "}").encode()


def accepts(value: bytes, key: bytes = b"pf", timestamp: int = TIMESTAMP) -> bool:
    """Whether the scanner takes the record (and then the exact decoder agrees)."""
    record = Record(value, key, timestamp)
    return assert_same([record], Route(route_of(record), PARTITIONS)) == 1


@given(st.randoms(use_true_random=False), st.sampled_from([0.0, 0.02, 0.2]))
def test_accepted_means_exact(random: Random, odd: float) -> None:
    """Ordinary, perturbed and broken records: what is accepted is read alike."""
    record = random_record(random, odd)
    assert_same([record], Route(route_of(record), PARTITIONS))


@given(st.binary(max_size=80))
def test_any_bytes(value: bytes) -> None:
    """Arbitrary bytes are never accepted as something else than what they are."""
    assert_same([Record(value, b"pf", TIMESTAMP)], Route(0, 1))


@given(st.randoms(use_true_random=False))
def test_ordinary_orders_are_accepted(random: Random) -> None:
    """What producers send does not need the exact decoder: blanks, unknown fields and any order of keys included."""
    record = random_record(random, 0.0)
    assert assert_same([record], Route(route_of(record), PARTITIONS)) == 1


@pytest.mark.parametrize(("seed", "odd"), [(1, 0.0), (2, 0.005), (3, 0.01), (4, 0.02), (5, 0.05), (6, 0.1)])
def test_twenty_thousand_records(seed: int, odd: float) -> None:
    """In bulk, 120,000 records in all, from untouched ones to such as are hardly ever read."""
    random = Random(seed)
    accepted = 0
    for _ in range(10):
        records = [random_record(random, odd) for _ in range(2_000)]
        accepted += assert_same(records, Route(0, 1))
    assert accepted >= 20_000 * (1 - odd) ** 30  # there are fewer than 30 things that may be odd about a record


@given(st.randoms(use_true_random=False), st.integers(1, 6))
def test_whole_batch_is_exact(random: Random, count: int) -> None:
    """decode_orders gives for every record, accepted or not, what the exact decoder gives."""
    records = [random_record(random, 0.2) for _ in range(count)]
    route = Route(0, 1)
    batch = decode_orders(
        records_from(
            [7 + 2 * i for i in range(count)],
            [record.timestamp for record in records],
            [record.key for record in records],
            [record.value for record in records],
        ),
        route,
    )
    assert batch.rows["offset"].tolist() == [7 + 2 * i for i in range(count)]
    assert batch.rows["timestamp"].tolist() == [record.timestamp for record in records]
    for i, record in enumerate(records):
        assert order_of_row(batch, i) == decode_order(record.value, record.key, record.timestamp, route)


def test_empty_batch() -> None:
    """No records, no rows."""
    batch = decode_orders(records_from([], [], [], []), Route(0, 1))
    assert batch.rows.size == 0 and batch.faults == {}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"quantity": "0.00000001"},
        {"quantity": '"9999999999.99999999"'},
        {"price": "182.2500"},
        {"order_type": '"LIMIT"'},
        {"order_type": "null"},
        {"order_type": '"MARKET"'},
        {"order_type": '"MARKET"', "price": None},
        {"order_type": '"MARKET"', "price": "null"},
        {"sector": "null", "trader_id": '"t"'},
        {"reference_price": "1"},
        {"ts": "0"},
        {"ts": str(TIMESTAMP + 60_000)},
        {"ts": '"2024-02-29T23:59:59.9999Z"'},
        {"ts": '"2000-02-29T00:00:00Z"'},
        {"ts": '"2000-02-29T00:00:00.123456+00:00"'},
        {"note": '"any thing"', "more": "-1.5", "yes": "true"},
    ],
)
def test_accepted(changes: dict[str, str | None]) -> None:
    """What the fast path is for."""
    assert accepts(canonical(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"quantity": "0"},
        {"quantity": "-1"},
        {"quantity": "1e2"},
        {"quantity": "01"},
        {"quantity": "1."},
        {"quantity": "1.500000000"},
        {"quantity": "10000000000"},
        {"quantity": '"+1"'},
        {"quantity": '"1'},
        {"price": None},
        {"price": "null"},
        {"price": "0", "order_type": '"MARKET"'},
        {"side": '"buy"'},
        {"side": "null"},
        {"symbol": '""'},
        {"symbol": '"a b"'},
        {"symbol": f'"{"x" * 65}"'},
        {"symbol": r'"\u0041"'},
        {"symbol": '"\u00e9"'},
        {"order_type": '"STOP"'},
        {"ts": str(TIMESTAMP + 60_001)},
        {"ts": "1.0"},
        {"ts": '"2025-02-29T00:00:00Z"'},
        {"ts": '"1900-02-29T00:00:00Z"'},
        {"ts": '"2026-06-30T23:59:60Z"'},
        {"ts": '"2026-11-22T10:00:00-00:00"'},
        {"ts": '"2026-11-22T10:00:00+00:0"'},
        {"ts": '"2026-11-22T10:00:00.Z"'},
        {"note": '"a\\nb"'},
        {"note": "[1]"},
        {"note": "1e5"},
        {"portfolio_id": '"other"'},
    ],
)
def test_left_to_the_exact_decoder(changes: dict[str, str | None]) -> None:
    """Invalid, or valid but out of the ordinary: no answer is given here."""
    assert not accepts(canonical(**changes))


def test_every_cut_is_refused() -> None:
    """An order cut off anywhere is no order, and nothing behind its end is looked at."""
    whole = canonical(ts='"2026-11-22T10:00:00.5Z"', note="true")
    for length in range(len(whole)):
        head = Record(whole[:length], whole[length:] or None, TIMESTAMP)
        assert assert_same([head], Route(0, 1)) == 0


@pytest.mark.parametrize("name", ["order_id", "price", "ts", "sector"])
def test_repeated_key(name: str) -> None:
    """Which of two values counts is for the exact decoder to say."""
    value = canonical(sector='"TECH"', ts="1")
    repeated = value[:-1] + f',"{name}":null}}'.encode()
    assert accepts(value) and not accepts(repeated)


def test_wrong_partition() -> None:
    """A record on another partition than its key's is not taken."""
    record = Record(canonical(), b"pf", TIMESTAMP)
    for partition in range(PARTITIONS):
        assert assert_same([record], Route(partition, PARTITIONS)) == (partition == route_of(record))


@pytest.mark.parametrize("timestamp", [-1, 253_402_300_800_000, 2**62])
def test_unusual_record_timestamp(timestamp: int) -> None:
    """A record without a time, or with one that RFC 3339 cannot write, is not taken for the order's."""
    assert not accepts(canonical(), timestamp=timestamp)


@pytest.mark.parametrize("year", [1970, 1972, 1999, 2000, 2024, 2099, 2100, 2200, 2300, 2400, 2800, 4000, 9999])
def test_calendar(year: int) -> None:
    """Every day from 0 to 32 of every month from 0 to 13, leap years of all kinds, against the calendar of Python."""
    last = TIME_MS_END - 60_001
    dates = [f'"{year}-{month:02}-{day:02}T23:59:59.999Z"' for month in range(14) for day in range(33)]
    accepted = assert_same([Record(canonical(ts=date), b"pf", last) for date in dates], Route(0, 1))
    assert accepted == 365 + isleap(year)
