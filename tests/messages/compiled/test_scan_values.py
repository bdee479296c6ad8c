"""The scanner of values against the exact decoder: whatever it accepts, the exact decoder reads as the same message."""

import json
from collections.abc import Iterable
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_stream.decide import value_batch
from risk_stream.decide.value_batch import ValueBatch, decode_values
from risk_stream.messages.compiled.value_row import NEEDS_EXACT
from risk_stream.messages.decode import Route, decode_value
from risk_stream.messages.records import Records, records_from
from tests.messages.compiled.odd_values import TIMESTAMP
from tests.messages.compiled.order_texts import PARTITIONS, Record, route_of
from tests.messages.compiled.value_rows import content_of, content_of_row
from tests.messages.compiled.value_texts import random_value

ALL = Route(0, 1)


def records_of(records: list[Record]) -> Records:
    """Records as columns, at odd offsets."""
    offsets = [7 + 2 * i for i in range(len(records))]
    keys, values = [record.key for record in records], [record.value for record in records]
    return records_from(offsets, [record.timestamp for record in records], keys, values)


def scan(records: list[Record], route: Route) -> ValueBatch:
    """What the scanner alone makes of the records."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(value_batch, "_decode_exactly", lambda _records, _route, batch, _text: batch)
        return decode_values(records_of(records), route)


def assert_same(records: list[Record], route: Route = ALL) -> int:
    """Every accepted record is the same message to the exact decoder; how many were accepted."""
    batch = scan(records, route)
    accepted = np.flatnonzero(batch.rows["type"] != NEEDS_EXACT).tolist()
    for i in accepted:
        exact = decode_value(records[i].value, records[i].key, records[i].timestamp, route)
        assert content_of_row(batch, i) == content_of(exact), records[i]
    return len(accepted)


def with_changes(usual: dict[str, str | None], changes: dict[str, str | None]) -> bytes:
    """An object with the JSON text of some members changed, or the member left out (None)."""
    texts = {**usual, **changes}
    return ("{" + ",".join(f'"{name}":{text}' for name, text in texts.items() if text is not None) + "}").encode()


def valuation(**changes: str | None) -> bytes:
    """An ordinary valuation, changed."""
    line = '{"symbol":"AAPL","quantity":-100,"price":"182.25","sector":"TECH"}'
    usual: dict[str, str | None] = {
        "portfolio_id": '"pf"',
        "total_value": "1000000.25",
        "positions": f"[{line}]",
        "metrics": '{"var_95":0.0123}',
    }
    return with_changes(usual, changes)


def execution(**changes: str | None) -> bytes:
    """An ordinary execution, changed."""
    usual: dict[str, str | None] = {
        "type": '"EXECUTION"',
        "portfolio_id": '"pf"',
        "order_id": '"o-1"',
        "execution_id": '"e-1"',
        "status": '"FILLED"',
        "symbol": '"AAPL"',
        "side": '"BUY"',
        "last_quantity": "100",
        "last_price": '"182.25"',
    }
    return with_changes(usual, changes)


def accepts(value: bytes, key: bytes | None = b"pf", timestamp: int = TIMESTAMP) -> bool:
    """Whether the scanner takes the record (and then the exact decoder agrees)."""
    return assert_same([Record(value, key, timestamp)]) == 1


@given(st.randoms(use_true_random=False), st.sampled_from([0.0, 0.02, 0.2]))
def test_accepted_means_exact(random: Random, odd: float) -> None:
    """Ordinary, perturbed and broken records: what is accepted is read alike."""
    record = random_value(random, odd)
    assert_same([record], Route(route_of(record), PARTITIONS))


@given(st.binary(max_size=80))
def test_any_bytes(value: bytes) -> None:
    """Arbitrary bytes are never accepted as something else than what they are."""
    assert_same([Record(value, b"pf", TIMESTAMP)])


@given(st.randoms(use_true_random=False))
def test_ordinary_values_are_accepted(random: Random) -> None:
    """What producers send does not need the exact decoder: blanks, unknown fields and any order of keys included."""
    record = random_value(random, 0.0)
    assert assert_same([record], Route(route_of(record), PARTITIONS)) == 1


@pytest.mark.parametrize(("seed", "odd"), [(1, 0.0), (2, 0.002), (3, 0.005), (4, 0.01), (5, 0.03), (6, 0.1)])
def test_six_thousand_records(seed: int, odd: float) -> None:
    """In bulk, from untouched records to such as are hardly ever read."""
    random = Random(seed)
    accepted = 0
    for _ in range(6):
        accepted += assert_same([random_value(random, odd) for _ in range(1_000)])
    assert accepted >= 6_000 * (1 - odd) ** 100  # with positions there are some hundred things that may be odd


@given(st.randoms(use_true_random=False), st.integers(0, 6))
def test_whole_batch_is_exact(random: Random, count: int) -> None:
    """decode_values gives for every record, accepted or not, what the exact decoder gives."""
    records = [random_value(random, 0.1) for _ in range(count)]
    batch = decode_values(records_of(records), ALL)
    assert batch.rows["offset"].tolist() == [7 + 2 * i for i in range(count)]
    assert batch.rows["timestamp"].tolist() == [record.timestamp for record in records]
    for i, record in enumerate(records):
        assert content_of_row(batch, i) == content_of(decode_value(record.value, record.key, record.timestamp, ALL))


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20), st.integers(0, 25))
def test_doubles_as_programs_write_them(numbers: list[float], decimals: int) -> None:
    """A double's shortest text, and its text with so many decimals, is read as `float` reads it, or not at all."""
    assert_same(
        metrics_records([text for x in numbers for text in (repr(x), f"{x:.{decimals}f}", f"{x:.{decimals}e}")])
    )


def test_doubles_halfway() -> None:
    """Numbers at, just below and just above the middle of two doubles: all correctly rounded, and none refused."""
    random = Random(1)
    texts = []
    for _ in range(20_000):
        whole, decimals = random.randrange(10 ** random.randint(1, 18)), random.randint(0, 27)
        digits = str(whole).rjust(decimals + 1, "0")
        texts.append(f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits)
    for exponent in range(53, 59):
        middle = 2**exponent + (1 << exponent - 53)
        texts += [str(middle + (more << exponent - 52) + one) for more in range(50) for one in (-1, 0, 1)]
    texts += [f"{text}e{random.randint(-3, 3)}" for text in texts if len(text) < 15 and "." in text[:-3]]
    texts += ["4503599627370496.5", "4503599627370497.5", "9007199254740993", "9007199254740991.5", "0.5", "2.5"]
    records = metrics_records(texts)
    assert assert_same(records) == len(records)


def metrics_records(texts: Iterable[str]) -> list[Record]:
    """A valuation with one metric each."""
    return [Record(valuation(metrics=f'{{"m":{text}}}'), b"pf", TIMESTAMP) for text in texts]


@pytest.mark.parametrize(
    "value",
    [
        valuation(),
        valuation(type='"VALUATION"', cash_flow='"-12.5"', sequence="7", ts="1"),
        valuation(type="null", cash_flow="null", positions="null", metrics="null", sequence="null"),
        valuation(positions=None, metrics=None),
        valuation(positions="[ ]", metrics="{ }"),
        valuation(total_value="-99999999999999.9999", order_id='"o"', symbol='"S"', last_price="-1"),
        valuation(positions='[{"symbol":"A","quantity":0,"price":1,"note":"x y","sector":null}]'),
        execution(),
        execution(status='"PARTIALLY_FILLED"', side='"SELL"', note="true", total_value="1", positions="[]"),
        execution(status='"CANCELLED"', last_quantity=None, last_price=None),
        execution(status='"EXPIRED"', last_quantity="0", last_price="-1"),
        execution(status='"REJECTED"', last_quantity="null", last_price="0.0"),
    ],
)
def test_accepted(value: bytes) -> None:
    """What the fast path is for."""
    assert accepts(value)


@pytest.mark.parametrize(
    "value",
    [
        valuation(total_value=None),
        valuation(total_value="null"),
        valuation(total_value="1.00001"),
        valuation(total_value="100000000000000"),
        valuation(total_value="1e5"),
        valuation(type='"OTHER"'),
        valuation(type='"FILLED"'),
        valuation(sequence="-1"),
        valuation(sequence='"1"'),
        valuation(positions="{}"),
        valuation(positions='[{"symbol":"A","quantity":1}]'),
        valuation(positions='[{"symbol":"A","quantity":1,"price":0}]'),
        valuation(positions='[{"symbol":"A","quantity":1,"price":-1}]'),
        valuation(positions='[{"symbol":"A","quantity":1,"price":1,"price":1}]'),
        valuation(positions='[{"symbol":"A","quantity":1,"price":1},{"symbol":"A","quantity":1,"price":1}]'),
        valuation(positions='[{"symbol":"A","quantity":1,"price":1},]'),
        valuation(metrics='{"m":1,"m":1}'),
        valuation(metrics='{"m":null}'),
        valuation(metrics='{"":1}'),
        valuation(metrics='{"a b":1}'),
        valuation(metrics="{" + ",".join(f'"m{i}":1' for i in range(65)) + "}"),
        valuation(ts=str(TIMESTAMP + 60_001)),
        execution(status='"FILLED"', last_quantity="0"),
        execution(last_price="-1"),
        execution(last_price=None),
        execution(order_id=None),
        execution(execution_id="null"),
        execution(symbol='"a b"'),
        execution(side='"FILLED"'),
        execution(status='"BUY"'),
        execution(portfolio_id='"other"'),
    ],
)
def test_left_to_the_exact_decoder(value: bytes) -> None:
    """Invalid, or valid but out of the ordinary: no answer is given here."""
    assert not accepts(value)


@pytest.mark.parametrize("make", [valuation, execution])
def test_every_cut_is_refused(make: type) -> None:
    """A record cut off anywhere is none, and nothing behind its end is looked at."""
    whole: bytes = make(ts='"2026-11-22T10:00:00.5Z"', note="true")
    for length in range(len(whole)):
        assert assert_same([Record(whole[:length], whole[length:] or None, TIMESTAMP)]) == 0


@pytest.mark.parametrize("make", [valuation, execution])
def test_repeated_key(make: type) -> None:
    """Which of two values counts is for the exact decoder to say, whether or not the record's type has the field."""
    value: bytes = make(type='"EXECUTION"' if make is execution else None, ts="1")
    for name in json.loads(value):
        assert accepts(value) and not accepts(value[:-1] + f',"{name}":null}}'.encode())


def test_snapshots_do_not_mix() -> None:
    """The same symbols in record after record, one given up in between: only a symbol twice in one record is odd."""
    names = [f"S{i}" for i in range(300)]
    lines = [f'{{"symbol":"{name}","quantity":1,"price":1}}' for name in names]
    good, twice = valuation(positions=f"[{','.join(lines)}]"), valuation(positions=f"[{','.join([*lines, lines[7]])}]")
    records = [Record(value, b"pf", TIMESTAMP) for value in (good, twice, good, b"{", twice, good)]
    assert assert_same(records) == 3


def test_wrong_partition() -> None:
    """A record on another partition than its key's is not taken."""
    record = Record(execution(), b"pf", TIMESTAMP)
    for partition in range(PARTITIONS):
        assert assert_same([record], Route(partition, PARTITIONS)) == (partition == route_of(record))


@pytest.mark.parametrize("timestamp", [-1, 253_402_300_800_000, 2**62])
def test_unusual_record_timestamp(timestamp: int) -> None:
    """A record without a time, or with one that RFC 3339 cannot write, is not taken for the message's."""
    assert not accepts(valuation(), timestamp=timestamp)
