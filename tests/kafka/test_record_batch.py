"""Record batches: byte for byte what aiokafka's own builder makes of the same records."""

from collections.abc import Sequence

import pytest
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch
from hypothesis import given
from hypothesis import strategies as st

from risk_stream.kafka.record_batch import batches_of
from risk_stream.messages.packed import Event, decode_headers, encode_headers, joined, pack

TIMESTAMP = 1_795_341_600_000
SIZE = 1_000_000
TEXTS = st.binary(max_size=200)
EVENTS = st.lists(
    st.builds(
        Event,
        st.none() | TEXTS,
        st.none() | TEXTS,
        st.lists(st.tuples(st.text("abc_é", min_size=1, max_size=70), TEXTS), max_size=3),
    ),
    max_size=40,
)


def built_by_aiokafka(events: Sequence[Event]) -> bytes:
    """One batch in the client's own way."""
    builder = BatchBuilder(SIZE, 0, is_transactional=1)
    for event in events:
        assert builder.append(timestamp=TIMESTAMP, key=event.key, value=event.value, headers=event.headers)
    builder._set_producer_state(7, 3, 11)
    return bytes(builder._build())


@given(EVENTS.filter(bool))
def test_same_bytes_as_the_client(events: list[Event]) -> None:
    """Any records."""
    (batch,) = batches_of(pack(events), TIMESTAMP, SIZE)
    batch.stamp(7, 3, 11)
    assert batch.data == built_by_aiokafka(events)


@given(EVENTS, st.integers(70, 2_000))
def test_cut_into_batches(events: list[Event], size: int) -> None:
    """No batch of several records is larger than it may be, and none could have taken the next record."""
    batches = list(batches_of(pack(events), TIMESTAMP, size))
    first = 0
    for batch in batches:
        behind = first + batch.count
        (alone,) = batches_of(pack(events[first:behind]), TIMESTAMP, SIZE)
        assert len(batch.data) == len(alone.data)
        assert len(batch.data) <= size or batch.count == 1
        if behind < len(events):
            (more,) = batches_of(pack(events[first : behind + 1]), TIMESTAMP, SIZE)
            assert len(more.data) > size
        first = behind
    assert first == len(events)


@given(EVENTS, EVENTS, EVENTS)
def test_joined_and_unpacked(first: list[Event], second: list[Event], third: list[Event]) -> None:
    """What was packed comes out again, headers included."""
    assert joined(pack(first), pack(second), pack(third)).events() == first + second + third


def test_large_record_alone() -> None:
    """A record beyond the size of a batch gets one to itself, its neighbours theirs."""
    events = [Event(b"a", b"1", []), Event(b"b", b"x" * 5_000, []), Event(b"c", b"2", [])]
    batches = list(batches_of(pack(events), TIMESTAMP, 1_000))
    assert [batch.count for batch in batches] == [1, 1, 1]


def test_the_client_reads_it() -> None:
    """Checksum and all."""
    (batch,) = batches_of(pack([Event(b"k", None, [("name", b"value")])]), TIMESTAMP, 1_000)
    batch.stamp(1, 2, 3)
    read = DefaultRecordBatch(bytes(batch.data))
    assert read.validate_crc()
    assert read.is_transactional
    (record,) = read
    assert (record.key, record.value, record.headers, record.timestamp) == (b"k", None, [("name", b"value")], TIMESTAMP)


@pytest.mark.parametrize("headers", [[], [("a" * 100, b"v" * 300)], [("a", b""), ("b", b"2")]])
def test_header_block(headers: list[tuple[str, bytes]]) -> None:
    """There and back."""
    assert decode_headers(encode_headers(headers)) == headers
