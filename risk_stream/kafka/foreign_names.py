"""Records with a header whose name is no UTF-8: aiokafka cannot unpack one, and raises at it again after every start.

No record of ours has such a name, so its batch is somebody else's: one record stands in for what is left of the batch,
as for those of inflation.py. This is for a process that reads record by record; fetched.py reads names as bytes.
"""

from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import PartitionRecords

from risk_stream.kafka.inflation import StandIn


def pass_over_foreign_names() -> None:
    """Let every consumer of this process read through ReadableRecords."""
    fetcher.PartitionRecords = ReadableRecords


class ReadableRecords(PartitionRecords):  # type: ignore[misc]
    """aiokafka's list of the records of one answer and partition, with a stand-in for what it cannot unpack."""

    next_fetch_offset: int

    def __init__(self, tp: Any, records: Any, *others: Any) -> None:
        self._batches = _Remembered(records)
        super().__init__(tp, self._batches, *others)

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except UnicodeDecodeError:
            record = _in_place_of(self._batches.last, self.next_fetch_offset)
            self.next_fetch_offset = record.offset + 1
            self._records_iterator = self._unpack_records()  # the old one has ended; this one goes on behind the batch
            return self._consumer_record(self._tp, record)


class _Remembered:
    """Batches, the last one taken of which is known."""

    def __init__(self, records: Any) -> None:
        self._records = records
        self.has_next = records.has_next
        self.last: Any = None

    def next_batch(self) -> Any:
        self.last = self._records.next_batch()
        return self.last


def _in_place_of(batch: Any, start: int) -> StandIn:
    """At the last offset of the batch, as old as its newest record."""
    last = batch.next_offset - 1
    newest = getattr(batch, "_batch", batch).max_timestamp  # a BoundedBatch has one of aiokafka's in it
    return StandIn(last, newest, None, f"offsets {start} to {last} not read: a header's name is no UTF-8".encode())
