"""A cursor that takes consecutive records out of a stream of them, without a copy where it can. Pure."""

from collections import deque
from collections.abc import AsyncIterator

from risk_stream.messages.records import Recorded, Records


class Cursor:
    """Stands somewhere in a partition and moves forward only. Holds the lists that were looked at, not taken."""

    def __init__(self, lists: AsyncIterator[Recorded]) -> None:
        self._lists = lists
        self._waiting: deque[Recorded] = deque()
        self._count = 0

    async def below(self, stop: int) -> Records:
        """Take all records whose offset is below `stop`."""
        taken: list[Records] = []
        while self._waiting or await self._load():
            part = self._waiting[0]
            place = part.below(stop)
            taken.append(part.part(0, place).inputs)
            self.skip(place)
            if place < part.size:
                break
        return Records.joined(taken)

    async def peek(self, count: int) -> list[Recorded]:
        """The next records, at most `count`, without taking them; fewer only where the partition ends. In the lists in
        which they were read, none of them empty."""
        while self._count < count and await self._load():
            pass
        found = []
        for part in self._waiting:
            if count <= 0:
                break
            found.append(part.part(0, count))
            count -= part.size
        return found

    def skip(self, count: int) -> None:
        """Take that many of the records last peeked at."""
        self._count -= count
        while count > 0:
            part = self._waiting.popleft()
            if count < part.size:
                self._waiting.appendleft(part.part(count, part.size))
            count -= part.size

    async def _load(self) -> bool:
        """Have one more list waiting; whether there is one."""
        while True:
            try:
                part = await anext(self._lists)  # without a default: that form breaks on 3.11
            except StopAsyncIteration:
                return False
            if part.size:
                self._waiting.append(part)
                self._count += part.size
                return True
