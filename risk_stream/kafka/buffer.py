"""Fetched and not yet handled records of one input partition: bounded, in offset order, taken out as a range."""

from collections import deque
from typing import NamedTuple

import numpy as np

from risk_stream.kafka.failstop import Doubt
from risk_stream.kafka.journal import Range
from risk_stream.messages.records import NO_RECORDS, Records

WAITING_BYTES_MAX = 64 * 1024 * 1024
"""Of what was fetched, beside the count of records: 20,000 orders are 5 MB, but a record may be 1 MiB, and what waits
keeps all that came with it, aborted records too. What lies in several lists counts in each. One list comes on top."""

STEP_BYTES_MAX = 16 * 1024 * 1024
"""Of values that one step takes of one input: 8,000 orders are 1.2 MB. One record is always taken."""


class Chunk(NamedTuple):
    """Consecutive records, and the time of the values' last answer if that was older than the one with these records.

    None: what the broker had of the values when it sent these records is known.
    """

    records: Records
    old_answer: int | None
    bytes: int
    """Of the values."""
    held: int
    """Bytes that stay in memory until the last of its records is taken."""


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
        self._held = 0
        self.taken_timestamp = -1
        """Timestamp of the last record taken; those still to come are not older (the broker appends in time order)."""

    def has_room(self) -> bool:
        """Whether more may be fetched. One fetch may still arrive after this turned false."""
        return self.count < self._records_max and self._held < WAITING_BYTES_MAX

    def put(
        self,
        records: Records,
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
        if not records.size:
            self.position = max(self.position, position)
            return
        first, last = int(records.offsets[0]), int(records.offsets[-1])
        if first < self.position or not records.rise() or position <= last:
            raise Doubt(f"{self._name}: fetched [{first},{last}] position {position}, expected from {self.position}")
        self.position = position
        held = records.held_bytes()
        self._chunks.append(Chunk(records, old_answer, records.values_size(), held))
        self.count += records.size
        self._held += held

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
        return int(self._chunks[0].records.timestamps[0]) if self._chunks else None

    def take(self, limit: int, timestamp_max: int | None = None, answer: int | None = None) -> tuple[Records, Range]:
        """At most `limit` records and the range of offsets they cover; empty when nothing may be taken yet.

        A record may be taken when its timestamp is at most `timestamp_max` (None: every record may), or when `answer`,
        the time of the values' last answer, all of which is handled, is another than the one too old for its chunk.
        """
        start, room = self.next_offset, STEP_BYTES_MAX
        parts: list[Records] = []
        while self._chunks and limit > 0 and room > 0:
            chunk = self._chunks[0]
            allowed = _allowed(chunk, min(limit, chunk.records.size), timestamp_max, answer)
            if chunk.bytes > room:
                allowed = min(allowed, chunk.records.fitting(room))
            if not allowed:
                break
            parts.append(chunk.records.part(0, allowed))
            left = chunk.records.part(allowed, chunk.records.size)
            size = parts[-1].values_size() if left.size else chunk.bytes
            limit -= allowed
            room -= size
            self.count -= allowed
            if left.size:
                self._chunks[0] = chunk._replace(records=left, bytes=chunk.bytes - size)
                break
            self._held -= self._chunks.popleft().held
        if not parts:
            return NO_RECORDS, (start, start)
        self.next_offset = int(self._chunks[0].records.offsets[0]) if self._chunks else self.position
        self.taken_timestamp = int(parts[-1].timestamps[-1])
        return parts[0].joined(parts), (start, self.next_offset)


def _allowed(chunk: Chunk, count: int, timestamp_max: int | None, answer: int | None) -> int:
    """How many of the chunk's first `count` records may be taken. Timestamps rise, so the last decides for most."""
    if timestamp_max is None or (answer is not None and answer != chunk.old_answer):
        return count
    timestamps = chunk.records.timestamps[:count]
    if timestamps[-1] <= timestamp_max:
        return count
    return int(np.argmax(np.asarray(timestamps) > timestamp_max))
