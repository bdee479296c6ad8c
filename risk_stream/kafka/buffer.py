"""Fetched and not yet handled records of one input partition: bounded, in offset order, taken out as a range."""

from collections import deque
from collections.abc import Sequence
from itertools import accumulate, takewhile
from typing import NamedTuple, Protocol

from risk_stream.kafka.failstop import Doubt
from risk_stream.kafka.journal import Range
from risk_stream.messages.records import Records

EMPTY = Records([], [], [], [])

WAITING_BYTES_MAX = 64 * 1024 * 1024
"""Of values, beside the count of records: 20,000 orders are 3 MB, but a record may be 1 MiB. One list comes on top."""

STEP_BYTES_MAX = 16 * 1024 * 1024
"""Of values that one step takes of one input: 8,000 orders are 1.2 MB. One record is always taken."""


class FetchedRecord(Protocol):
    """What the Kafka client hands over for each record."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...


class Chunk(NamedTuple):
    """Consecutive records, and the time of the values' last answer if that was older than the one with these records.

    None: what the broker had of the values when it sent these records is known.
    """

    records: Sequence[FetchedRecord]
    old_answer: int | None
    bytes: int
    """Of the values."""


class InputBuffer:
    """Records between the fetcher and the step. `next_offset` is where the next range starts."""

    def __init__(self, name: str, next_offset: int, records_max: int) -> None:
        self._name = name
        self._chunks: deque[Chunk] = deque()
        self._records_max = records_max
        self.next_offset = next_offset
        self.position = next_offset
        """Behind the last record put in, transaction markers included: all below it is here or handled."""
        self.count = 0
        self._bytes = 0
        self.taken_timestamp = -1
        """Timestamp of the last record taken; those still to come are not older (the broker appends in time order)."""

    def has_room(self) -> bool:
        """Whether more may be fetched. One fetch may still arrive after this turned false."""
        return self.count < self._records_max and self._bytes < WAITING_BYTES_MAX

    def put(
        self,
        records: Sequence[FetchedRecord],
        position: int,
        old_answer: int | None = None,
        start: int | None = None,
    ) -> None:
        """Append what the reader found on its way from `start` to `position`, nothing included.

        Doubt when offsets do not rise, as after a topic was made anew, or when it started beyond where it stood last:
        what was found between was lost on its way here, and would pass for transaction markers. None: not known.
        """
        if start is not None and start > self.position:
            raise Doubt(
                f"{self._name}: fetched from {start} on, expected from {self.position}: records in between lost"
            )
        if not records:
            self.position = max(self.position, position)
            return
        first, last = records[0].offset, records[-1].offset
        if first < self.position or last - first < len(records) - 1 or position <= last:
            raise Doubt(f"{self._name}: fetched [{first},{last}] position {position}, expected from {self.position}")
        self.position = position
        size = sum(map(_value_bytes, records))
        self._chunks.append(Chunk(records, old_answer, size))
        self.count += len(records)
        self._bytes += size

    def markers_behind(self, position: int) -> bool:
        """Whether nothing waits, yet the reader stands further on: there were only transaction markers."""
        return not self.count and position > self.next_offset

    def take_markers(self, position: int) -> Range:
        """The range up to the reader's position when no record lies in it, else an empty one."""
        start = self.next_offset
        if self.markers_behind(position):
            self.position = self.next_offset = position
        return start, self.next_offset

    def first_timestamp(self) -> int | None:
        """Timestamp of the oldest waiting record, None when nothing waits."""
        return self._chunks[0].records[0].timestamp if self._chunks else None

    def take(self, limit: int, timestamp_max: int | None = None, answer: int | None = None) -> tuple[Records, Range]:
        """At most `limit` records and the range of offsets they cover; empty when nothing may be taken yet.

        A record may be taken when its timestamp is at most `timestamp_max` (None: every record may), or when `answer`,
        the time of the values' last answer, all of which is handled, is another than the one too old for its chunk.
        """
        start, room = self.next_offset, STEP_BYTES_MAX
        parts: list[Sequence[FetchedRecord]] = []
        while self._chunks and limit > 0 and room > 0:
            chunk = self._chunks[0]
            allowed = _allowed(chunk, min(limit, len(chunk.records)), timestamp_max, answer)
            if chunk.bytes > room:
                allowed = min(allowed, _fitting(chunk.records, room))
            if not allowed:
                break
            parts.append(chunk.records[:allowed])
            left = chunk.records[allowed:]
            size = chunk.bytes if not left else sum(map(_value_bytes, parts[-1]))
            limit -= allowed
            room -= size
            self.count -= allowed
            self._bytes -= size
            if left:
                self._chunks[0] = Chunk(left, chunk.old_answer, chunk.bytes - size)
                break
            self._chunks.popleft()
        if not parts:
            return EMPTY, (start, start)
        self.next_offset = self._chunks[0].records[0].offset if self._chunks else self.position
        self.taken_timestamp = parts[-1][-1].timestamp
        return columns(parts), (start, self.next_offset)


def _allowed(chunk: Chunk, count: int, timestamp_max: int | None, answer: int | None) -> int:
    """How many of the chunk's first `count` records may be taken. Timestamps rise, so the last decides for most."""
    if timestamp_max is None or (answer is not None and answer != chunk.old_answer):
        return count
    records = chunk.records
    if records[count - 1].timestamp <= timestamp_max:
        return count
    return next(index for index in range(count) if records[index].timestamp > timestamp_max)


def _fitting(records: Sequence[FetchedRecord], room: int) -> int:
    """How many of the first records fit into so many bytes, and one in any case."""
    sizes = accumulate(map(_value_bytes, records))
    return max(1, sum(1 for _ in takewhile(lambda size: size <= room, sizes)))


def columns(parts: Sequence[Sequence[FetchedRecord]]) -> Records:
    """The records of these lists, one after the other, as columns."""
    return Records(
        [record.offset for part in parts for record in part],
        [record.timestamp for part in parts for record in part],
        [record.key for part in parts for record in part],
        [record.value for part in parts for record in part],
    )


def _value_bytes(record: FetchedRecord) -> int:
    return len(record.value or b"")
