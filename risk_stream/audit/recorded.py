"""Recorded records as columns, and a cursor that takes consecutive ones out of a stream of them. Pure."""

from bisect import bisect_left
from collections.abc import AsyncIterator
from itertools import chain
from typing import NamedTuple

import numpy as np

from risk_stream.messages import packed
from risk_stream.messages.packed import Packed
from risk_stream.messages.records import Records, records_in


class Recorded(NamedTuple):
    """Consecutive records of one topic-partition in offset order, all columns equally long."""

    offsets: list[int]
    timestamps: list[int]
    """Epoch milliseconds."""
    packed: Packed
    """Key, value and headers of each."""

    @property
    def inputs(self) -> Records:
        """As the engine takes them."""
        return records_in(
            np.array(self.offsets, np.int64),
            np.array(self.timestamps, np.int64),
            self.packed.keys,
            self.packed.values,
        )

    def part(self, start: int, stop: int) -> "Recorded":
        """The records start..stop by their number in the list, not by offset."""
        return Recorded(self.offsets[start:stop], self.timestamps[start:stop], self.packed.part(start, stop))


NOTHING = Recorded([], [], packed.NOTHING)


def joined(parts: list[Recorded]) -> Recorded:
    """The records of all parts, in order."""
    filled = [part for part in parts if part.offsets]
    if len(filled) == 1:
        return filled[0]
    return Recorded(
        list(chain.from_iterable(part.offsets for part in filled)),
        list(chain.from_iterable(part.timestamps for part in filled)),
        packed.joined(*(part.packed.trimmed() for part in filled)),
    )


class Cursor:
    """Stands somewhere in a partition and moves forward only. Holds what one fetch brought and what was peeked at."""

    def __init__(self, lists: AsyncIterator[Recorded]) -> None:
        self._lists = lists
        self._waiting = NOTHING
        self._at = 0

    async def below(self, stop: int) -> Recorded:
        """Take all records whose offset is below `stop`."""
        taken = []
        while True:
            place = bisect_left(self._waiting.offsets, stop, self._at)
            taken.append(self._waiting.part(self._at, place))
            self._at = place
            if place < len(self._waiting.offsets) or not await self._load(1):
                return joined(taken)

    async def peek(self, count: int) -> Recorded:
        """The next records, at most `count`, without taking them; fewer only where the partition ends."""
        await self._load(count)
        return self._waiting.part(self._at, self._at + count)

    def skip(self, count: int) -> None:
        """Take that many of the records last peeked at."""
        self._at += count

    async def _load(self, count: int) -> bool:
        """Have so many records waiting; whether there are."""
        parts, missing = [], count - (len(self._waiting.offsets) - self._at)
        while missing > 0:
            try:
                parts.append(await anext(self._lists))  # without a default: that form breaks on 3.11
            except StopAsyncIteration:
                break
            missing -= len(parts[-1].offsets)
        if parts:
            self._waiting = joined([self._waiting.part(self._at, len(self._waiting.offsets)), *parts])
            self._at = 0
        return missing <= 0
