"""Fetched batches as columns hold what aiokafka, its twin, reads from them record by record."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import pytest
from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_stream.kafka import fetched, inflation
from risk_stream.kafka.fetched import column_options
from risk_stream.kafka.inflation import BoundedRecords
from risk_stream.messages.records import Recorded
from tests.kafka.by_hand import sealed

LOG = TopicPartition("orders", 0)
COUNT_AT, ATTRIBUTES_AT, LARGEST_MS_AT, LAST_DELTA_AT = 57, 21, 35, 23
APPEND_TIME, CONTROL = 0x08, 0x20
NO_TIME = -1
ABORT_MARKER = b"\x00\x00\x00\x00"
Row = tuple[int, int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]

keys = st.none() | st.binary(max_size=40)
headers = st.lists(st.tuples(st.text(max_size=5), st.none() | st.binary(max_size=200)), max_size=3)
record = st.tuples(st.integers(0, 10**7), keys, st.none() | st.binary(max_size=300), headers)


def batch(
    records: list[Any], base: int, codec: int = 0, attributes: int = 0, producer: int = -1, transactional: bool = False
) -> bytes:
    """A batch as it lies on the log."""
    builder = DefaultRecordBatchBuilder(2, codec, int(transactional), producer, 0, 0, 1 << 30)
    for place, (later, key, value, named) in enumerate(records):
        builder.append(place, 1_700_000_000_000 + later, key, value, named)
    data = bytearray(builder.build())
    struct.pack_into(">q", data, 0, base)
    data[ATTRIBUTES_AT + 1] |= attributes
    return sealed(bytes(data))


def read(data: bytes, start: int = 0, aborted: Any = ()) -> tuple[list[Row], int]:
    """What a consumer with `column_options` gets of fetched bytes, and where it stands then."""
    mark = column_options()["key_deserializer"]
    lists = fetcher.PartitionRecords(
        LOG, BoundedRecords(data), list(aborted), start, mark, None, True, READ_COMMITTED
    )  # fmt: skip
    assert isinstance(lists, fetched.ColumnRecords)
    found = [row for part in lists for row in rows(part)]
    return found, lists.next_fetch_offset


def rows(part: Recorded) -> list[Row]:
    """The records of a list."""
    pairs = zip(part.offsets.tolist(), part.timestamps.tolist(), part.packed.events(), strict=True)
    assert [row[2:] for row in part.inputs.rows()] == part.packed.pairs()
    return [(offset, timestamp, key, value, list(named)) for offset, timestamp, (key, value, named) in pairs]


def twin(data: bytes, start: int = 0, aborted: Any = (), records: Any = BoundedRecords) -> tuple[list[Row], int]:
    """The same, record by record."""
    lists = PartitionRecords(LOG, records(data), list(aborted), start, None, None, True, READ_COMMITTED)
    found = [(one.offset, one.timestamp, one.key, one.value, list(one.headers)) for one in lists]
    return found, lists.next_fetch_offset


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.lists(record, min_size=1, max_size=12), st.integers(0, 9), st.sampled_from([0, 0, 0, 1, 2, 3, 4]),
            st.booleans(),
        ),
        max_size=6,
    ),
    st.integers(0, 60), st.integers(1, 30),
)  # fmt: skip
def test_columns_are_what_is_read_one_by_one(batches: Any, start: int, at_once: int) -> None:
    """Any batches that clients write: gaps, codecs, times of both kinds, nulls, headers; from within a batch, too."""
    data, base = b"", 0
    for records, gap, codec, appended in batches:
        data += batch(records, base + gap, codec, APPEND_TIME * appended)
        base += gap + len(records)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetched, "FETCHED_RECORDS_MAX", at_once)
        patch.setattr(inflation, "INFLATED_BYTES_MAX", 1 << 20)  # inflating makes room for as much
        # An answer begins with the batch that holds the offset asked for.
        start = min(start, batches[0][1] + len(batches[0][0]) - 1) if batches else 0
        assert read(data, start) == twin(data, start) == twin(data, start, records=MemoryRecords)


def test_aborted_records_and_markers_are_passed_over() -> None:
    """As aiokafka does it: that part is its own."""
    some: list[Any] = [(0, b"k", b"v", [])] * 3
    marker = batch([(0, ABORT_MARKER, b"\x00" * 6, [])], 6, attributes=CONTROL, producer=7, transactional=True)
    data = (
        batch(some, 0, producer=7, transactional=True) + batch(some, 3, producer=8, transactional=True) + marker
        + batch(some, 7, producer=7, transactional=True)
    )  # fmt: skip
    found, behind = read(data, aborted=[(7, 0)])
    assert ([row[0] for row in found], behind) == ([3, 4, 5, 7, 8, 9], 10)
    assert (found, behind) == twin(data, aborted=[(7, 0)])
    assert read(marker, 6) == twin(marker, 6) == ([], 7)


def test_what_compaction_left_of_a_batch() -> None:
    """Its last offset counts, though no record has it; a batch may have none at all."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, 0, 0, 1 << 30)
    for delta in (2, 5):
        builder.append(delta, 1_000, b"k", b"%d" % delta, [])
    left = bytearray(builder.build())
    struct.pack_into(">q", left, 0, 10)
    struct.pack_into(">i", left, LAST_DELTA_AT, 9)
    empty = bytearray(batch([], 20))
    struct.pack_into(">i", empty, LAST_DELTA_AT, 4)
    data = sealed(bytes(left)) + sealed(bytes(empty))
    found, behind = read(data)
    assert ([row[0] for row in found], behind) == ([12, 15], 25)
    assert (found, behind) == twin(data)


def test_stand_ins_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a bomb, and for a record too large for a dead letter; neighbours in the same list are untouched."""
    monkeypatch.setattr(inflation, "INFLATED_BYTES_MAX", 20_000)
    monkeypatch.setattr(inflation, "RECORD_BYTES_MAX", 5_000)
    monkeypatch.setattr(fetched, "RECORD_BYTES_MAX", 5_000)
    plain: list[Any] = [(0, b"k", b"v", [("h", b"x")]), (1, None, None, []), (2, b"", b"", [])]
    larges: Any = ((1, b"k", b" " * 6_000, [("h", None)]), (1, b"k" * 6_000, None, []), (1, None, b"x" * 25_000, []))
    for large in larges:
        data = batch(plain, 0) + batch([*plain, large, *plain], 3, 4) + batch(plain, 10)
        found = read(data)
        assert any(b"not read" in (value or b"") for _, _, _, value, _ in found[0])
        assert found == twin(data)
        # What is left behind a bomb waits for the next answer.
        assert len(found[0]) == (4 if large[2] and len(large[2]) > 20_000 else 13)


def varint(number: int) -> bytes:
    """Zigzag, then 7 bits a byte, the lowest first."""
    rest, out = (number << 1) ^ (number >> 63), bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*out, rest])


def sized(field: bytes | None, null: int) -> bytes:
    """A field behind its length; null by a length of its own."""
    return varint(null) if field is None else varint(len(field)) + field


@dataclass(frozen=True)
class Odd:
    """A record as only a program that writes its own bytes would make it; brokers let it pass."""

    delta: int
    key: bytes | None = b"k"
    value: bytes | None = b"v"
    headers: tuple[tuple[bytes, bytes | None], ...] = ()
    attributes: int = 0
    null: int = -1

    def bytes(self) -> bytes:
        """As it lies in its batch."""
        named = b"".join(sized(name, 0) + sized(value, self.null) for name, value in self.headers)
        body = bytes([self.attributes]) + varint(0) + varint(self.delta)
        body += sized(self.key, self.null) + sized(self.value, self.null) + varint(len(self.headers)) + named
        return varint(len(body)) + body


def odd_batch(records: list[Odd], base: int, last: int) -> bytes:
    """A batch of such records, whose head names `last` as its last offset delta."""
    data = bytearray(batch([], base)) + b"".join(one.bytes() for one in records)
    struct.pack_into(">i", data, LAST_DELTA_AT, last)
    struct.pack_into(">i", data, COUNT_AT, len(records))
    return sealed(bytes(data))


odd_records = st.builds(
    Odd, st.integers(-3, 6) | st.sampled_from([-1_000, 1_000, 2**31 - 1]), keys, keys,
    st.lists(st.tuples(st.binary(max_size=3), keys), max_size=2).map(tuple), st.integers(0, 255),
    st.sampled_from([-1, -2, -(2**31)]),
)  # fmt: skip


odd_lists = st.lists(odd_records, max_size=5)


@settings(max_examples=200)
@given(
    st.lists(st.tuples(odd_lists, st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=5),
    st.integers(0, 5), st.integers(1, 12), st.data(),
)  # fmt: skip
def test_whatever_a_producer_writes_offsets_rise(batches: Any, start: int, at_once: int, data: Any) -> None:
    """A record that lies outside its batch, or not behind those before it, is passed over: the same ones from wherever
    reading begins, so that live reading, recovery and audits see the same log. Gaps are what markers leave."""
    written, expected, base, edges = b"", [], 0, []
    for records, last, gap in batches:
        base += gap
        least = base
        for one in records:
            offset = base + one.delta
            if least <= offset <= base + last:
                expected.append((offset, one.key, one.value, [value for _, value in one.headers]))
                least = offset + 1
        edges.append((base, len(written)))
        written += odd_batch(records, base, last)
        base += last + 1
    begin, at = data.draw(st.sampled_from(edges))
    start = min(begin + start, max(base - 1, begin))
    at = max(place for first, place in edges if first <= start)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetched, "FETCHED_RECORDS_MAX", at_once)
        found, behind = read(written[at:], start)
    assert behind == base
    assert [(offset, key, value, [one for _, one in named]) for offset, _, key, value, named in found] == [
        one for one in expected if one[0] >= start
    ]


def test_one_producers_offsets_hide_no_other_producers_records() -> None:
    """A batch that counts backwards, between two good ones."""
    good: list[Any] = [(0, b"k", b"v", [])] * 400
    data = batch(good, 1_000) + odd_batch([Odd(-1_000)] * 200, 1_400, 199) + batch(good, 1_600)
    found, behind = read(data, 1_000)
    assert [row[0] for row in found] == [*range(1_000, 1_400), *range(1_600, 2_000)]
    assert behind == 2_000


@settings(max_examples=300)
@given(st.lists(record, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_damage_behind_a_good_checksum_is_refused_or_read(records: Any, draw: Any) -> None:
    """Any bytes behind the head: refused, or records that lie within the batch, whose offsets rise."""
    data = bytearray(batch(records, 0))
    for _ in range(draw.randint(1, 3)):
        data[draw.randrange(COUNT_AT, len(data))] = draw.choice((0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF, draw.randrange(256)))
    try:
        found, _ = read(sealed(bytes(data)))
    except CorruptRecordException:
        return
    offsets = [row[0] for row in found]
    assert offsets == sorted(set(offsets) & set(range(len(records))))
    assert sum(len(key or b"") + len(value or b"") for _, _, key, value, _ in found) < len(data)


@pytest.mark.parametrize("count", [-1, 2, 1 << 30])
def test_a_count_that_cannot_be_is_refused(count: int) -> None:
    """Before there is room made for so many."""
    data = bytearray(batch([(0, b"k", b"v", [])], 0))
    struct.pack_into(">i", data, COUNT_AT, count)
    with pytest.raises(CorruptRecordException, match="does not hold what its head says"):
        read(sealed(bytes(data)))


def test_a_broken_checksum_is_one() -> None:
    """It is aiokafka that looks."""
    data = batch([(0, b"k", b"v", [])], 0)
    with pytest.raises(CorruptRecordException, match="Invalid CRC"):
        read(data[:-1] + b"?")


def test_other_consumers_read_as_before() -> None:
    """The mark is a consumer's own."""
    column_options()
    lists = fetcher.PartitionRecords(
        LOG, BoundedRecords(batch([(0, b"k", b"v", [])], 0)), [], 0, None, None, True, READ_COMMITTED
    )  # fmt: skip
    assert [one.value for one in lists] == [b"v"]


def test_lengths_are_of_32_bits() -> None:
    """A varint of five bytes has three more; Java drops them, and brokers let them pass. Six bytes are refused."""
    value = b"\x82\x80\x80\x80\x70" + b"v"
    for first, reads in ((b"\x82\x80\x80\x80\x70", True), (b"\x82\x80\x80\x80\x80\x00", False)):
        body = b"\x00\x00" + b"\x80\x80\x80\x80\x70" + first + b"k" + value + b"\x80\x80\x80\x80\x70"
        size = bytes([2 * len(body)])
        data = bytearray(batch([], 5)) + size + body
        struct.pack_into(">i", data, COUNT_AT, 1)
        struct.pack_into(">i", data, LAST_DELTA_AT, 0)
        if reads:
            assert read(sealed(bytes(data)))[0] == [(5, NO_TIME, b"k", b"v", [])]
        else:
            with pytest.raises(CorruptRecordException):
                read(sealed(bytes(data)))
