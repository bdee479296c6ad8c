"""Compressed batches are inflated here, up to a bound: a gzip of 400 KiB may hold 400 MiB, and aiokafka has none.

A batch beyond the bound is not read: one record stands in for all of its offsets, and its words end as one dead letter.
So does a single record that is larger than any the broker takes uncompressed, for no dead letter could hold it. What
stands in is a function of the log alone, so live reading, recovery and audits see the same records.

`bound_inflation` replaces aiokafka's reader of fetched batches for the whole process; connection.py calls it, and so
every client of this package has it.
"""

import zlib
from collections.abc import Callable, Iterator, Sequence
from struct import Struct
from typing import Any, NamedTuple

import cramjam
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords

INFLATED_BYTES_MAX = 64 * 1024 * 1024
"""Of one batch: 64 times what the broker takes by default (1 MiB), while JSON orders shrink to a tenth. It takes 0.2 s
and, for a moment, three times the memory. What is left of an answer then waits for the next fetch."""

RECORD_BYTES_MAX = 1_048_588
"""Key and value of one record out of a compressed batch: the broker's default for one that is not compressed."""

Payload = bytes | memoryview

_LENGTH = Struct(">i")
_LENGTH_AT, _LENGTH_COUNTS_FROM = 8, 12
_MAGIC_AT, _ATTRIBUTES_AT, _RECORDS_AT = 16, 22, 61
_CODEC_BITS = 0x07
_GZIP_CONTAINER = 31  # zlib's window bits for gzip


class StandIn(NamedTuple):
    """A record in place of one or more that are not read."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes
    headers: Sequence[tuple[str, bytes]] = ()
    timestamp_type: int = 1
    """LogAppendTime, as of every topic of ours."""
    checksum: None = None


class BoundedRecords:
    """The batches of one fetched partition; takes the place of aiokafka's MemoryRecords, which it asks for them."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._records = MemoryRecords(data)
        self._start = self._at = 0
        self._inflated = 0

    def size_in_bytes(self) -> int:
        """Of everything fetched, a batch that was cut off included."""
        return len(self._data)

    def has_next(self) -> bool:
        """Whether another whole batch is there, and not too much was inflated for one list of records."""
        return self._inflated < INFLATED_BYTES_MAX and bool(self._records.has_next())

    def next_batch(self) -> Any:
        """aiokafka's own batch, or ours around it when it is compressed."""
        self._start = start = self._at
        batch, data = self._records.next_batch(), self._data
        self._at = start + _LENGTH_COUNTS_FROM + _LENGTH.unpack_from(data, start + _LENGTH_AT)[0]
        if data[start + _MAGIC_AT] < 2 or not data[start + _ATTRIBUTES_AT] & _CODEC_BITS:
            return batch
        return BoundedBatch(batch, data[start : self._at], self._count)

    def last_batch(self) -> tuple[bytes, int, int]:
        """The fetched bytes, and from where to where the last batch lies in them."""
        return self._data, self._start, self._at

    def _count(self, size: int) -> None:
        self._inflated += size


class BoundedBatch:
    """A compressed batch, with the part of aiokafka's interface that its fetcher uses."""

    def __init__(self, batch: Any, data: bytes, count: Callable[[int], None]) -> None:
        self._batch = batch
        self._data = data
        self._count = count
        self._is_inflated = False
        self._payload: bytes | None = None
        self.validate_crc = batch.validate_crc
        self.producer_id: int = batch.producer_id
        self.is_transactional: bool = batch.is_transactional
        self.is_control_batch: bool = batch.is_control_batch
        self.base_offset: int = batch.base_offset
        self.next_offset: int = batch.next_offset

    def __iter__(self) -> Iterator[Any]:
        payload = self.payload()
        if payload is None:
            return iter((self._whole(),))
        header = bytearray(self._data[:_RECORDS_AT])
        header[_ATTRIBUTES_AT] &= ~_CODEC_BITS
        _LENGTH.pack_into(header, _LENGTH_AT, len(header) + len(payload) - _LENGTH_COUNTS_FROM)
        return map(_readable, DefaultRecordBatch(bytes(header) + payload))

    def payload(self) -> bytes | None:
        """Its records inflated, once; None when they are none, or too large."""
        if not self._is_inflated:
            self._is_inflated = True
            self._payload = inflate(self._data[_ATTRIBUTES_AT] & _CODEC_BITS, memoryview(self._data)[_RECORDS_AT:])
            self._count(INFLATED_BYTES_MAX if self._payload is None else len(self._payload))
        return self._payload

    def _whole(self) -> StandIn:
        """At the last offset: a reader that starts within the batch passes over what lies before its position."""
        last = self.next_offset - 1
        what = f"offsets {self.base_offset} to {last}"
        text = f"{what} not read: inflated they are no batch of {INFLATED_BYTES_MAX} bytes or less"
        return StandIn(last, self._batch.max_timestamp, None, text.encode())


def _readable(record: Any) -> Any:
    size = len(record.key or b"") + len(record.value or b"")
    return record if size <= RECORD_BYTES_MAX else stand_in(record.offset, record.timestamp, record.key, size)


def stand_in(offset: int, timestamp: int, key: bytes | None, size: int) -> StandIn:
    """In place of a record of so many bytes; a key that takes more than half of what is allowed goes, too."""
    kept = key if len(key or b"") <= RECORD_BYTES_MAX // 2 else None
    text = f"offset {offset} not read: {size} bytes, more than {RECORD_BYTES_MAX}"
    return StandIn(offset, timestamp, kept, text.encode())


def inflate(codec: int, payload: Payload) -> bytes | None:
    """The records of a compressed batch; None when they are none, or more than INFLATED_BYTES_MAX."""
    try:
        return _INFLATE[codec](payload)
    except (ValueError, IndexError, zlib.error, cramjam.DecompressionError):
        return None


def _gzip(payload: Payload) -> bytes:
    parts: list[bytes] = []
    left = INFLATED_BYTES_MAX
    while payload:  # a gzip may be several, one behind the other
        inflater = zlib.decompressobj(_GZIP_CONTAINER)
        parts.append(inflater.decompress(payload, left + 1))
        left -= len(parts[-1])
        if left < 0 or not inflater.eof:
            raise ValueError
        payload = inflater.unused_data
    return b"".join(parts)


def _snappy(payload: Payload) -> bytes:
    blocks = [bytes(payload)] if bytes(payload[:8]) != b"\x82SNAPPY\x00" else list(_xerial_blocks(payload))
    if sum(map(cramjam.snappy.decompress_raw_len, blocks)) > INFLATED_BYTES_MAX:
        raise ValueError
    return b"".join(bytes(cramjam.snappy.decompress_raw(block)) for block in blocks)


def _xerial_blocks(payload: Payload) -> Iterator[bytes]:
    """The framing of Java's clients: sixteen bytes of head, then blocks behind their lengths."""
    at = 16
    while at < len(payload):
        size = int.from_bytes(payload[at : at + 4])
        yield bytes(payload[at + 4 : at + 4 + size])
        at += 4 + size


def _lz4(payload: Payload) -> bytes:
    return _into(cramjam.lz4.decompress_into, payload)


def _zstd(payload: Payload) -> bytes:
    return _into(cramjam.zstd.decompress_into, payload)


def _into(decompress_into: Any, payload: Payload) -> bytes:
    room = bytearray(INFLATED_BYTES_MAX)  # pages that are never touched cost nothing; an error when it is full
    size: int = decompress_into(bytes(payload), room)
    return bytes(memoryview(room)[:size])


_INFLATE = {1: _gzip, 2: _snappy, 3: _lz4, 4: _zstd}
"""By the number in a batch's attributes."""


def bound_inflation() -> None:
    """Let every consumer of this process read through BoundedRecords."""
    fetcher.MemoryRecords = BoundedRecords
