"""Reading the logs of a broker to their ends, record by record, as a subscriber that trusts only what is committed."""

from __future__ import annotations

import marshal
import os
import tempfile
import weakref
from array import array
from collections.abc import AsyncIterator, Sequence
from time import monotonic
from typing import NamedTuple, Self, overload

from aiokafka import AIOKafkaConsumer, TopicPartition

POLL_MS = 500
STALL_SECONDS = 60  # without a record before the end of a topic: the last transaction on it hangs


class Record(NamedTuple):
    """One record; `timestamp` is the broker's, in ms."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Spool(Sequence[Record]):
    """Records in the order they were added, in a file without a name: a soak's are more than a machine's memory."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="oracle-")  # noqa: SIM115 - closed by its owner's end
        weakref.finalize(self, self._file.close)
        self._ends = array("q", [0])

    def add(self, record: Record) -> None:
        """One more."""
        self._ends.append(self._ends[-1] + self._file.write(marshal.dumps(tuple(record))))

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, place: int) -> Record: ...
    @overload
    def __getitem__(self, place: slice) -> list[Record]: ...
    def __getitem__(self, place: int | slice) -> Record | list[Record]:
        """One, or a list of several."""
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        begin, end = self._ends[place % len(self)], self._ends[place % len(self) + 1]
        self._file.flush()
        return Record(*marshal.loads(os.pread(self._file.fileno(), end - begin, begin)))


class Hanging(Exception):
    """A topic does not become readable to its end: a transaction was left open."""


class Reader:
    """Reads what is committed, outside every group; the raw twin only tells where the logs end."""

    def __init__(self, broker: str, prefix: str) -> None:
        self.prefix = prefix
        self._committed = _consumer(broker, "read_committed")
        self._raw = _consumer(broker, "read_uncommitted")

    async def __aenter__(self) -> Self:
        await self._committed.start()
        await self._raw.start()
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self._committed.stop()
        await self._raw.stop()

    async def partitions(self, name: str) -> int:
        """How many partitions a topic has; 0 when there is none of that name."""
        cluster = await self._committed._client.fetch_all_metadata()
        return len(cluster.partitions_for_topic(self.prefix + name) or ())

    async def records(self, name: str, partition: int) -> Spool:
        """All that `each` gives."""
        found = Spool()
        async for record in self.each(name, partition):
            found.add(record)
        return found

    async def each(self, name: str, partition: int) -> AsyncIterator[Record]:
        """Everything committed on one partition, to the end the log has when reading starts.

        The position of a consumer passes aborted records and transaction markers, so that it reaches the end of the
        log unless a transaction is still open.
        """
        log = TopicPartition(self.prefix + name, partition)
        end = (await self._raw.end_offsets([log]))[log]
        self._committed.assign([log])
        await self._committed.seek_to_beginning(log)
        position, progressed = await self._committed.position(log), monotonic()
        while position < end:
            found = await self._committed.getmany(log, timeout_ms=POLL_MS, max_records=20_000)
            for one in found.get(log, ()):
                yield Record(one.offset, one.timestamp, one.key, one.value, tuple(one.headers))
            before, position = position, await self._committed.position(log)
            if position != before:
                progressed = monotonic()
            elif monotonic() - progressed > STALL_SECONDS:
                raise Hanging(f"{log.topic}/{partition} is not readable from {position} to {end}: an open transaction")


def _consumer(broker: str, isolation: str) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=broker, isolation_level=isolation, enable_auto_commit=False, auto_offset_reset="earliest"
    )
