"""A header's name that is no UTF-8 costs the rest of its batch, and nothing else."""

import gzip
from struct import pack
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from risk_stream.kafka.foreign_names import ReadableRecords
from risk_stream.kafka.inflation import BoundedRecords
from tests.kafka.by_hand import sealed

NONE, GZIP = 0, 1
READ_COMMITTED = 1


def batch(first: int, names: list[bytes], codec: int = NONE) -> bytes:
    """A batch from offset `first` on, a record for each name of a header of two bytes."""
    builder = DefaultRecordBatchBuilder(2, NONE, 0, -1, -1, -1, 1 << 20)
    for number in range(len(names)):
        builder.append(number, 1_000 + number, b"k", b"v", [(f"{number:02}", b"x")])
    data = bytearray(builder.build())
    for number, name in enumerate(names):
        at = data.index(f"{number:02}".encode(), 61)
        data[at : at + 2] = name
    if codec:
        data[61:] = gzip.compress(bytes(data[61:]))
        data[22] |= codec
    data[:8] = pack(">q", first)
    return sealed(data)


def read(*batches: bytes, start: int = 0) -> list[Any]:
    """What a consumer gets of an answer."""
    records = BoundedRecords(b"".join(batches))
    tp = TopicPartition("t", 0)
    return list(ReadableRecords(tp, records, [], start, None, None, True, READ_COMMITTED))


@pytest.mark.parametrize("codec", [NONE, GZIP])
def test_a_stand_in_for_the_rest_of_the_batch(codec: int) -> None:
    """What lies before it in the batch, and the batches behind it, are read."""
    found = read(batch(0, [b"ok", b"\xff\xfe", b"ok"], codec), batch(3, [b"\xff\xff"], codec), batch(4, [b"ok"], codec))
    assert [(one.offset, one.timestamp) for one in found] == [(0, 1_000), (2, 1_002), (3, 1_000), (4, 1_000)]
    assert found[1].value == b"offsets 1 to 2 not read: a header's name is no UTF-8"
    assert (found[0].value, found[3].value) == (b"v", b"v")


def test_a_reader_goes_on_behind_it() -> None:
    """Where it stands is past the batch."""
    records = ReadableRecords(
        TopicPartition("t", 0), BoundedRecords(batch(5, [b"\xff\xff", b"ok"])), [], 5, None, None, True, READ_COMMITTED
    )
    assert [one.offset for one in records] == [6]
    assert records.next_fetch_offset == 7
