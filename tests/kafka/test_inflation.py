"""Compressed batches, inflated up to a bound: what fits reads as aiokafka reads it, what does not is one record."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import cramjam
import pytest
from aiokafka.codec import lz4_encode, snappy_encode, zstd_encode
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition

from risk_stream.kafka import inflation
from risk_stream.kafka.inflation import BoundedRecords

CODECS = {0: "none", 1: "gzip", 2: "snappy", 3: "lz4", 4: "zstd"}
BOUND = 20_000


def batch(codec: int, values: list[bytes | None], base: int = 0) -> bytes:
    """A batch as it lies on the log, from offset `base` on."""
    builder = DefaultRecordBatchBuilder(2, codec, 0, 1, 0, 0, 1 << 30)
    for place, value in enumerate(values):
        builder.append(place, 1_000 + place, b"k%d" % place, value, [("h", b"x")])
    data = bytearray(builder.build())
    data[:8] = base.to_bytes(8)
    return bytes(data)


def read(data: bytes, records: Any = BoundedRecords, start: int = 0) -> list[Any]:
    """What a consumer gets of fetched bytes, as the fetcher unpacks them."""
    log = TopicPartition("orders", 0)
    return list(PartitionRecords(log, records(data), [], start, None, None, True, READ_COMMITTED))


@pytest.mark.parametrize("codec", CODECS, ids=CODECS.get)
def test_what_fits_reads_as_before(codec: int) -> None:
    """Offsets, timestamps, keys, values, headers; a broken checksum is still one."""
    values = [b"a" * 1_000, None, b"", b"b"]
    data = batch(codec, values) + batch(codec, values, 10) + batch(0, values, 20)
    assert read(data) == read(data, MemoryRecords)
    assert [record.offset for record in read(batch(codec, values, 10), start=11)] == [11, 12, 13]
    with pytest.raises(Exception, match="Invalid CRC"):
        read(data + batch(codec, values, 30)[:-1] + b"?")


@pytest.mark.parametrize("codec", [1, 2, 3, 4], ids=CODECS.get)
def test_a_bomb_is_one_record(codec: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the last offset of its batch, dated as the batch is; its neighbours are untouched."""
    monkeypatch.setattr(inflation, "INFLATED_BYTES_MAX", BOUND)
    data = batch(0, [b"before"]) + batch(codec, [b" " * 9_000] * 3, 1)
    before, bomb = read(data)
    assert before.value == b"before"
    assert (bomb.offset, bomb.timestamp, bomb.key) == (3, 1_002, None)
    assert bomb.value == b"offsets 1 to 3 not read: inflated they are no batch of 20000 bytes or less"
    assert [record.offset for record in read(data, start=2)] == [3]


def test_the_rest_is_left_to_the_next_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many batches, each below the bound, are not inflated for one list."""
    monkeypatch.setattr(inflation, "INFLATED_BYTES_MAX", BOUND)
    data = b"".join(batch(1, [b" " * 15_000], base) for base in range(5))
    assert [record.offset for record in read(data)] == [0, 1]
    assert [record.offset for record in read(data[len(batch(1, [b" " * 15_000])) :], start=1)] == [1, 2]


@pytest.mark.parametrize("codec", [1, 2, 3, 4], ids=CODECS.get)
def test_a_record_too_large_for_a_dead_letter_keeps_its_key(codec: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only out of compressed batches: of the others the broker itself bounds the size."""
    monkeypatch.setattr(inflation, "RECORD_BYTES_MAX", 100)
    values: list[bytes | None] = [b"a", b" " * 200, b"c"]
    first, large, last = read(batch(codec, values))
    assert (first.value, last.value) == (b"a", b"c")
    assert (large.offset, large.key, large.timestamp) == (1, b"k1", 1_001)
    assert large.value == b"offset 1 not read: 202 bytes, more than 100"
    assert [record.value for record in read(batch(0, values))] == values


@pytest.mark.parametrize("codec", [1, 2, 3, 4], ids=CODECS.get)
def test_what_is_no_compressed_data_does_not_inflate(codec: int) -> None:
    """Nor what is cut off."""
    assert inflation.inflate(codec, b"no such thing") is None
    good = {1: gzip.compress, 2: snappy_encode, 3: lz4_encode, 4: zstd_encode}[codec](b"abc" * 1_000)
    assert inflation.inflate(codec, good) == b"abc" * 1_000
    assert inflation.inflate(codec, good[:-5]) is None


def test_other_framings() -> None:
    """A gzip of several members, and snappy without the framing of Java's clients."""
    assert inflation.inflate(1, gzip.compress(b"a") + gzip.compress(b"b")) == b"ab"
    assert inflation.inflate(2, bytes(cramjam.snappy.compress_raw(b"ab" * 100))) == b"ab" * 100


def test_a_whole_bomb_costs_no_more_than_the_bound() -> None:
    """400 MiB of nothing in 400 KiB: given up at the bound."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join([*(packer.compress(b" " * (1 << 20)) for _ in range(400)), packer.flush()])
    assert len(bomb) < 500_000
    assert inflation.inflate(1, bomb) is None
