"""Fetched records as columns: a reader that asks for them gets one Recorded for many, not an object for each.

aiokafka's fetcher still looks at every batch: checksum, aborted transactions, markers, where it stands. What it would
unpack record by record is parsed here in one compiled pass; a compressed batch is inflated within the bound of
inflation.py before. Its own reading, record by record, is the twin that tests/kafka/test_fetched.py holds this against.

A consumer made with `column_options()` has this; others of the process read as those of foreign_names.py do.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from struct import Struct
from typing import Any

import numpy as np
from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.errors import CorruptRecordException

from risk_stream.kafka.compiled.read_records import read_records
from risk_stream.kafka.foreign_names import ReadableRecords
from risk_stream.kafka.inflation import RECORD_BYTES_MAX, BoundedBatch, BoundedRecords, stand_in
from risk_stream.messages.packed import Packed, Span, encode_headers, span_of
from risk_stream.messages.records import Recorded

FETCHED_RECORDS_MAX = 2_000
"""Of one list, and the rest of its last batch: about 0.2 ms. A batch may be made to hold more: a compressed MiB at most
some 1.3 million empty records, which take 90 MB and a second or two."""

RECORD_BYTES_MIN = 7
"""Length, attributes, time, offset, no key, no value, no headers, a byte each. No batch has more records than that."""

_MAGIC_AT, _ATTRIBUTES_AT, _RECORDS_AT = 16, 21, 61
_HEAD = Struct(">h4xqq14xi")
"""From the attributes on: these, base timestamp, largest timestamp, number of records."""
_APPEND_TIME = 0x08
_COLUMNS = 8


def column_options() -> dict[str, Any]:
    """Keyword arguments for a consumer of aiokafka whose `getmany` returns lists of Recorded: `max_records` counts
    these. The fetcher hands its deserializer on to what unpacks its answers, and that is all it does with it."""
    fetcher.PartitionRecords = _unpacker
    return {"key_deserializer": _as_columns}


def _as_columns(_key: bytes) -> bytes:
    raise NotImplementedError("a mark, never called")


def _unpacker(tp: Any, records: Any, aborted: Any, offset: int, key_deserializer: Any, *others: Any) -> Any:
    kind = ColumnRecords if key_deserializer is _as_columns else ReadableRecords
    return kind(tp, records, aborted, offset, key_deserializer, *others)


class ColumnRecords(PartitionRecords):  # type: ignore[misc]
    """aiokafka's list of the records of one answer and partition; each of its items is a Recorded."""

    def __init__(self, tp: Any, records: BoundedRecords, aborted: Any, offset: int, *others: Any) -> None:
        super().__init__(tp, _WholeBatches(records), aborted, offset, *others)
        self._position = offset

    def _consumer_record(self, _tp: Any, record: "_Batch") -> "_Batch":
        return record

    def __next__(self) -> Recorded:
        # Nothing is kept back here: aiokafka takes all that was asked of its own iterator for handed out.
        while True:
            batches = [super().__next__()]
            count = batches[0].count
            while count < FETCHED_RECORDS_MAX and (batch := next(self._records_iterator, None)) is not None:
                batches.append(batch)
                count += batch.count
            found = _read(batches, self._position)
            self._position = max(self._position, batches[-1].next_offset)
            if len(found.offsets):
                return found


class _WholeBatches:
    """The batches of an answer, each with a single record in it: itself. Markers stay as they are."""

    def __init__(self, records: BoundedRecords) -> None:
        self._records = records
        self.has_next = records.has_next

    def next_batch(self) -> Any:
        batch = self._records.next_batch()
        return batch if batch.is_control_batch else _Batch(batch, *self._records.last_batch())


class _Batch:
    """A batch that was not unpacked yet, with the part of aiokafka's interface that its fetcher uses."""

    def __init__(self, batch: Any, data: bytes, start: int, end: int) -> None:
        self.batch = batch
        self._data, self._start, self._end = data, start, end
        self.validate_crc = batch.validate_crc
        self.producer_id: int = batch.producer_id
        self.is_transactional: bool = batch.is_transactional
        self.is_control_batch = False
        self.compressed = isinstance(batch, BoundedBatch)
        self.base_offset: int = batch.base_offset
        self.next_offset: int = batch.next_offset
        self.offset = self.next_offset - 1
        """Its last, asked of it as of a record."""
        self.payload: tuple[Any, int, int] | None = None
        """In which buffer its records lie, from where to where; None when they have to be read one by one."""
        self.count = 0
        if data[start + _MAGIC_AT] >= 2:
            head = _HEAD.unpack_from(data, start + _ATTRIBUTES_AT)
            attributes, self._base_ms, self._largest_ms, self.count = head
            self._appended = bool(attributes & _APPEND_TIME)

    def __iter__(self) -> Iterator["_Batch"]:
        # Inflated before the next batch is looked for, which there is none of when this one was large.
        self.payload = self._find_payload()
        return iter((self,))

    def _find_payload(self) -> tuple[Any, int, int] | None:
        if self._data[self._start + _MAGIC_AT] < 2:
            return None
        if not isinstance(self.batch, BoundedBatch):
            return self._data, self._start + _RECORDS_AT, self._end
        inflated = self.batch.payload()
        return None if inflated is None else (inflated, 0, len(inflated))

    def told(self, start: int, end: int) -> tuple[int, ...]:
        """What `read_records` is told of it."""
        if not 0 <= self.count <= (end - start) // RECORD_BYTES_MIN:
            raise _corrupt(self)
        appended = self._largest_ms if self._appended else -1
        return self.base_offset, self.next_offset, self._base_ms, appended, start, end, self.count


def _read(batches: Sequence[_Batch], position: int) -> Recorded:
    parts = []
    for (readable, compressed), run in groupby(batches, lambda batch: (batch.payload is not None, batch.compressed)):
        some = list(run)
        parts.append(_columns(some, position, compressed) if readable else _one_by_one(some, position))
        position = max(position, some[-1].next_offset)
    return Recorded.joined(parts)


def _columns(batches: Sequence[_Batch], position: int, compressed: bool) -> Recorded:
    payloads = [batch.payload for batch in batches if batch.payload is not None]
    if any(data is not payloads[0][0] for data, _, _ in payloads):
        payloads = _in_one_buffer(payloads)
    told = [batch.told(start, end) for batch, (_, start, end) in zip(batches, payloads, strict=True)]
    data = payloads[0][0] or b" "
    columns = np.empty((_COLUMNS, sum(batch.count for batch in batches)), np.int64)
    count = read_records(np.frombuffer(data, np.uint8), np.array(told, np.int64).reshape(-1), position, *columns)
    if count < 0:
        raise _corrupt(batches[-1 - count])
    offsets, timestamps, *edges = columns[:, :count]
    spans = (Span(data, starts, ends) for starts, ends in zip(edges[::2], edges[1::2], strict=True))
    found = Recorded(offsets, timestamps, Packed(*spans))
    return _bounded(found) if compressed else found


def _in_one_buffer(payloads: Sequence[tuple[Any, int, int]]) -> list[tuple[Any, int, int]]:
    data = b"".join(memoryview(buffer)[start:end] for buffer, start, end in payloads)
    ends = np.cumsum([end - start for _, start, end in payloads]).tolist()
    return [(data, start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def _bounded(found: Recorded) -> Recorded:
    """With a stand-in for each record that is larger than any the broker takes uncompressed."""
    keys, values, _ = found.packed
    sizes = np.maximum(keys.lengths(), 0) + np.maximum(values.lengths(), 0)
    parts, behind = [], 0
    for i in np.flatnonzero(sizes > RECORD_BYTES_MAX).tolist():  # 64 and more are over INFLATED_BYTES_MAX
        record = stand_in(int(found.offsets[i]), int(found.timestamps[i]), keys.field(i), int(sizes[i]))
        parts += [found.part(behind, i), _of([record])]
        behind = i + 1
    return Recorded.joined([*parts, found.part(behind, len(found.offsets))]) if parts else found


def _one_by_one(batches: Sequence[_Batch], position: int) -> Recorded:
    """A stand-in for each batch that does not inflate within its bound; what an old format holds."""
    records = []
    for batch in batches:
        for record in batch.batch:
            if position <= record.offset < batch.next_offset:
                records.append(record)
                position = record.offset + 1
        position = max(position, batch.next_offset)
    return _of(records)


def _of(records: Sequence[Any]) -> Recorded:
    count = len(records)
    keys, values = [record.key for record in records], [record.value for record in records]
    laid = span_of([*keys, *values, *(encode_headers(record.headers) for record in records)])
    return Recorded(
        np.array([record.offset for record in records], np.int64),
        np.array([record.timestamp for record in records], np.int64),
        Packed(*(laid.part(number * count, (number + 1) * count) for number in range(3))),
    )


def _corrupt(batch: _Batch) -> CorruptRecordException:
    return CorruptRecordException(f"the batch from offset {batch.base_offset} on does not hold what its head says")
