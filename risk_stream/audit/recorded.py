"""Recorded records as columns, and a cursor that takes consecutive ones out of a stream of them. Pure."""

from bisect import bisect_left
from collections.abc import AsyncIterator
from typing import NamedTuple

from risk_stream.messages.records import Records

Headers = tuple[tuple[str, bytes], ...]


class Recorded(NamedTuple):
    """Consecutive records of one topic-partition in offset order, all five lists equally long."""

    offsets: list[int]
    timestamps: list[int]
    """Epoch milliseconds."""
    keys: list[bytes | None]
    values: list[bytes | None]
    headers: list[Headers]

    @property
    def inputs(self) -> Records:
        """As the engine takes them."""
        return Records(self.offsets, self.timestamps, self.keys, self.values)

    def part(self, start: int, stop: int) -> "Recorded":
        """The records start..stop by their number in the list, not by offset."""
        return Recorded(
            self.offsets[start:stop],
            self.timestamps[start:stop],
            self.keys[start:stop],
            self.values[start:stop],
            self.headers[start:stop],
        )

    def joined(self, more: "Recorded") -> "Recorded":
        """These records, then those."""
        return Recorded(
            self.offsets + more.offsets,
            self.timestamps + more.timestamps,
            self.keys + more.keys,
            self.values + more.values,
            self.headers + more.headers,
        )


NOTHING = Recorded([], [], [], [], [])


class Cursor:
    """Stands somewhere in a partition and moves forward only. Holds what one fetch brought and what was peeked at."""

    def __init__(self, lists: AsyncIterator[Recorded]) -> None:
        self._lists = lists
        self._waiting = NOTHING
        self._at = 0

    async def below(self, stop: int) -> Recorded:
        """Take all records whose offset is below `stop`."""
        taken = NOTHING
        while True:
            place = bisect_left(self._waiting.offsets, stop, self._at)
            part = self._waiting.part(self._at, place)
            self._at = place
            taken = taken.joined(part) if taken.offsets else part
            if place < len(self._waiting.offsets) or not await self._load():
                return taken

    async def peek(self, count: int) -> Recorded:
        """The next records, at most `count`, without taking them; fewer only where the partition ends."""
        while len(self._waiting.offsets) - self._at < count and await self._load():
            pass
        return self._waiting.part(self._at, self._at + count)

    def skip(self, count: int) -> None:
        """Take that many of the records last peeked at."""
        self._at += count

    async def _load(self) -> bool:
        try:
            more = await anext(self._lists)  # without a default: that form breaks on 3.11
        except StopAsyncIteration:
            return False
        self._waiting = self._waiting.part(self._at, len(self._waiting.offsets)).joined(more)
        self._at = 0
        return True
