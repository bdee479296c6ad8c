"""Where recorded topics are read from: a cluster (kafka/recorded_log.py) or an archive (archive_log.py), alike.

Nothing here joins a consumer group or writes: reading never disturbs a worker, whether it runs or not.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol, runtime_checkable

from risk_stream.audit.cursor import Cursor
from risk_stream.audit.findings import Finding
from risk_stream.messages.records import Recorded

ORDERS, VALUES, CONTROLS = "orders", "portfolio-values", "controls"
JOURNAL, DECISIONS, VIOLATIONS, DEAD_LETTERS = "journal", "decisions", "violations", "dead-letters"
OUTPUTS = (DECISIONS, VIOLATIONS, DEAD_LETTERS)
KEYED = (ORDERS, VALUES, JOURNAL, *OUTPUTS)
"""Topics with a partition for each partition of orders; `controls` has one. `portfolio-risk` is compacted, so only its
digest is proven."""


class LogError(Exception):
    """The logs cannot be read, or hold too little to start from; says what is missing."""


class Bounds(NamedTuple):
    """Offsets of a partition: the first kept, and the one behind the last committed record."""

    first: int
    end: int


class RecordedLog(Protocol):
    """The recorded topics of one installation. Records are those a read_committed subscriber sees."""

    name: str
    prefix: str
    partitions: int

    async def damage(self) -> list[Finding]:
        """What is wrong with the store itself, before anything is read from it."""
        ...

    async def settle(self) -> None:
        """Wait until what was committed together is visible together."""
        ...

    async def bounds(self, topic: str, partition: int) -> Bounds:
        """The present bounds of a topic (named without the prefix)."""
        ...

    def records(self, topic: str, partition: int, start: int, end: int) -> AsyncIterator[Recorded]:
        """The records with start <= offset < end, in lists of moderate size: memory does not grow with the range."""
        ...


@runtime_checkable
class EndedLog(Protocol):
    """A RecordedLog that ends somewhere, whatever goes on elsewhere; one that is not is known up to now."""

    def known_ms(self, partition: int) -> int | None:
        """Up to which time of the broker's clock (epoch ms) it holds all inputs and controls that the broker had taken;
        None when that is not known."""
        ...


OpenLog = Callable[[], AbstractAsyncContextManager[RecordedLog]]
"""Opens a log; can be sent to another process, which opens it for itself."""


class PartitionBounds(NamedTuple):
    """What there is of a partition, taken so that every output below `published` has its step in the journal, and
    every step of the journal has its outputs below `outputs`, also while a worker goes on deciding."""

    partition: int
    journal: Bounds
    inputs: dict[str, Bounds]
    outputs: dict[str, Bounds]
    published: dict[str, int]


async def partition_bounds(log: RecordedLog, partition: int) -> PartitionBounds:
    """Ask in the order that makes the promise true: outputs, journal, outputs again. One transaction covers a step."""
    published = {topic: (await log.bounds(topic, partition)).end for topic in OUTPUTS}
    await log.settle()
    journal = await log.bounds(JOURNAL, partition)
    await log.settle()
    inputs = {topic: await log.bounds(topic, partition) for topic in (ORDERS, VALUES)}
    outputs = {topic: await log.bounds(topic, partition) for topic in OUTPUTS}
    return PartitionBounds(partition, journal, inputs, outputs, published)


async def all_bounds(log: RecordedLog, partitions: Iterable[int]) -> list[PartitionBounds]:
    """Of several partitions, in their order, asked at once: most of it is waiting."""
    return list(await asyncio.gather(*(partition_bounds(log, one) for one in partitions)))


async def kept_now(log: RecordedLog, bounds: PartitionBounds) -> PartitionBounds:
    """The same bounds, without the outputs that retention has deleted while the partition waited for its turn.

    LogError when it has deleted all that was to be looked at.
    """
    outputs = {}
    for topic, known in bounds.outputs.items():
        first = (await log.bounds(topic, bounds.partition)).first
        if first > known.end:
            raise LogError(f"{topic}/{bounds.partition}: retention has deleted it up to {first}; begin again")
        outputs[topic] = known._replace(first=first)
    return bounds._replace(outputs=outputs)


def cursor(log: RecordedLog, topic: str, partition: int, bounds: Bounds) -> Cursor:
    """A cursor at the first record kept."""
    return Cursor(log.records(topic, partition, bounds.first, bounds.end))
