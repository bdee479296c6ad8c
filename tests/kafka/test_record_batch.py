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
TEXTS = st.binary(max_size=200)
# Header names in ASCII: of others the client counts the characters when it asks whether a batch is full.
EVENTS = st.lists(
    st.builds(
        Event,
        st.none() | TEXTS,
        st.none() | TEXTS,
        st.lists(st.tuples(st.text("abc_-", min_size=1, max_size=70), TEXTS), max_size=3),
    ),
    max_size=40,
)


def built_by_aiokafka(events: Sequence[Event], size: int) -> list[bytes]:
    """The same in the client's own way."""
    batches, builder = [], None
    for event in events:
        for _ in range(2):
            builder = builder or BatchBuilder(size, 0, is_transactional=1)
            if builder.append(timestamp=TIMESTAMP, key=event.key, value=event.value, headers=event.headers):
                break
            batches.append(builder)
            builder = None
    if builder is not None:
        batches.append(builder)
    for number, batch in enumerate(batches):
        batch._set_producer_state(7, 3, number)
    return [bytes(batch._build()) for batch in batches]


@given(EVENTS, st.sampled_from([200, 500, 100_000]))
def test_same_bytes_as_the_client(events: list[Event], size: int) -> None:
    """Any records, cut into batches of any size."""
    batches = list(batches_of(pack(events), TIMESTAMP, size))
    for number, batch in enumerate(batches):
        batch._set_producer_state(7, 3, number)
    assert [bytes(batch._build()) for batch in batches] == built_by_aiokafka(events, size)
    assert sum(batch.record_count() for batch in batches) == len(events)


@given(EVENTS, EVENTS, EVENTS)
def test_joined_and_unpacked(first: list[Event], second: list[Event], third: list[Event]) -> None:
    """What was packed comes out again, headers included."""
    assert joined(pack(first), pack(second), pack(third)).events() == first + second + third


def test_large_record_alone() -> None:
    """A record beyond the size of a batch gets one to itself, its neighbours theirs."""
    events = [Event(b"a", b"1", []), Event(b"b", b"x" * 5_000, []), Event(b"c", b"2", [])]
    batches = list(batches_of(pack(events), TIMESTAMP, 1_000))
    assert [batch.record_count() for batch in batches] == [1, 1, 1]


def test_the_client_reads_it() -> None:
    """Checksum and all."""
    (batch,) = batches_of(pack([Event(b"k", None, [("name", b"value")])]), TIMESTAMP, 1_000)
    batch._set_producer_state(1, 2, 3)
    read = DefaultRecordBatch(bytes(batch._build()))
    assert read.validate_crc()
    assert read.is_transactional
    (record,) = read
    assert (record.key, record.value, record.headers, record.timestamp) == (b"k", None, [("name", b"value")], TIMESTAMP)


@pytest.mark.parametrize("headers", [[], [("a" * 100, b"v" * 300)], [("a", b""), ("b", b"2")]])
def test_header_block(headers: list[tuple[str, bytes]]) -> None:
    """There and back."""
    assert decode_headers(encode_headers(headers)) == headers
