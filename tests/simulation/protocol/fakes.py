"""What the worker's code is given instead of Kafka and RocksDB: the same calls, over a cluster and disks in memory."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain, pairwise
from typing import Any, Self

from aiokafka import TopicPartition

from risk_stream.kafka.failstop import Doubt
from risk_stream.kafka.ports import Row
from risk_stream.kafka.producer import Write
from risk_stream.kafka.store import Saved
from risk_stream.messages.packed import Event
from tests.simulation.protocol.cluster import Cluster, Disk, Record
from tests.simulation.protocol.loop import in_thread

LIST_RECORDS = 50
ASKED = 5
APPLIED_LAST = 2
GROUP = "group"
"""Stands for the topic of the group's offsets."""


class Listed(list[Any]):
    """Stands for Packed: columns over buffers cost more than they save where a step has ten records."""

    @property
    def size(self) -> int:
        """How many records."""
        return len(self)

    def pairs(self) -> list[tuple[bytes | None, bytes | None]]:
        """Keys and values."""
        return [(key, value) for key, value, _ in self]

    rows = pairs

    def values_size(self) -> int:
        """Few."""
        return 0

    def part(self, start: int, stop: int) -> Listed:
        """The records start..stop."""
        return Listed(self[start:stop])

    def events(self) -> list[Event]:
        """Whole records."""
        return [Event(*record) for record in self]


class Taken(list[Record]):
    """Stands for Records, for the same reason."""

    @property
    def size(self) -> int:
        """How many records."""
        return len(self)

    @property
    def offsets(self) -> list[int]:
        """Of each."""
        return [record.offset for record in self]

    @property
    def timestamps(self) -> list[int]:
        """Of each."""
        return [record.timestamp for record in self]

    def below(self, offset: int) -> int:
        """How many lie below an offset."""
        return bisect_left(self, offset, key=lambda record: record.offset)

    def rise(self) -> bool:
        """Whether each offset is greater than the one before."""
        return all(one.offset < other.offset for one, other in pairwise(self))

    def rows(self) -> list[tuple[int, int, bytes | None, bytes | None]]:
        """Offset, timestamp, key and value of each."""
        return [(record.offset, record.timestamp, record.key, record.value) for record in self]

    def values_size(self) -> int:
        """Bytes of all values."""
        return sum(len(record.value or b"") for record in self)

    held_bytes = values_size

    def part(self, start: int, stop: int) -> Taken:
        """The records start..stop."""
        return Taken(self[start:stop])

    @staticmethod
    def joined(parts: Iterable[Iterable[Record]]) -> Taken:
        """The records of all parts."""
        return Taken(chain.from_iterable(parts))


def listed(*parts: Iterable[Any]) -> Listed:
    """Stands for pack and joined."""
    return Listed(chain.from_iterable(parts))


class Setting:
    """Stands for WorkerConfig. `chance` decides what a broker or a scheduler would."""

    step_records_max = 16
    resident_max = 12
    buffer_records_max = 40
    snapshot_interval = 0.006
    block_cache_bytes = 0
    partitions = 1

    def __init__(self, cluster: Cluster, chance: Chance) -> None:
        self.cluster = cluster
        self.chance = chance

    def topic(self, name: str) -> str:
        """Names are short here."""
        return name


class Chance:
    """What happens to an owner from outside; this one lets everything succeed."""

    async def delay(self) -> None:
        """The time an exchange with the broker takes."""

    async def asleep(self) -> None:
        """Called before a transaction is written: the owner may sleep while others go on."""

    def aborts(self) -> bool:
        """Whether the broker gives this transaction up."""
        return False

    def skipped(self, topics: Sequence[str]) -> Collection[str]:
        """Which of these topics get no marker at the end of a transaction."""
        return ()

    def passed(self, name: str) -> None:
        """The owner may die here."""


class Producer:
    """Stands for PartitionProducer."""

    def __init__(self, config: Any, partition: int) -> None:
        self._setting: Setting = config
        self._epoch = -1
        self._wrote: list[str] = []

    async def start(self) -> None:
        """Take the transactional id; what its last owner began is aborted."""
        cluster = self._setting.cluster
        cluster.epoch += 1
        self._epoch = cluster.epoch
        self._mark([], commit=False)

    async def close(self) -> None:
        """Nothing is open."""

    def begin(self, topics: Collection[str]) -> None:
        """At once, unless another has started."""
        if self._epoch == self._setting.cluster.epoch:
            self._setting.cluster.begun = list(topics)

    async def transact(
        self, writes: Sequence[Write], offsets: Mapping[TopicPartition, int], passed: Callable[[str], None]
    ) -> dict[str, int]:
        """All or nothing, unless markers are skipped; fenced once another has started."""
        cluster, chance = self._setting.cluster, self._setting.chance
        self._check()
        await chance.asleep()
        self._check()
        staged = {write.topic: write.records.pairs() for write in writes}
        cluster.begun += [*staged, *([GROUP] if offsets else [])]
        passed("begin")
        try:
            passed("produce")
            await chance.delay()
            passed("offsets")
            await self.ended()
            self._check()
            if chance.aborts():
                raise Doubt("no answer to a transaction")
        except BaseException:
            if self._epoch == cluster.epoch:  # else it was aborted when the next owner started
                self._write(staged)
                self._mark([], commit=False)
            raise
        chance.passed("broker.before_commit")
        last = self._write(staged)
        cluster.pending.update({tp.topic: offset for tp, offset in offsets.items()})
        self._mark([], commit=True)
        chance.passed("broker.after_commit")
        passed("commit")
        self._wrote = list(last)
        return last

    async def learn(self, outputs: Sequence[TopicPartition]) -> None:
        """Nothing to learn."""

    async def abort_left_open(self, outputs: Iterable[TopicPartition]) -> None:
        """Markers everywhere, but for those the broker skips; dying meanwhile comes to the same."""
        self._check()
        self._setting.chance.passed("broker.before_abort")
        self._mark([tp.topic for tp in outputs], commit=False)

    async def ended(self) -> None:
        """As the worker's own asks the broker, some times; others may go on meanwhile."""
        for _ in range(ASKED):
            if not any(self._setting.cluster.topic(topic).open for topic in self._wrote):
                return
            await self._setting.chance.asleep()
            await self._setting.chance.delay()
        raise Doubt("the last transaction is committed and not seen to be ended")

    def _write(self, staged: Mapping[str, Sequence[Any]]) -> dict[str, int]:
        now_ms = int(asyncio.get_running_loop().time() * 1000)
        last = {topic: self._setting.cluster.topic(topic).write(pairs, now_ms) for topic, pairs in staged.items()}
        return {topic: offset for topic, offset in last.items() if offset >= 0}

    def _mark(self, others: Sequence[str], commit: bool) -> None:
        """End what was begun: markers there and elsewhere, but for those the broker skips."""
        cluster = self._setting.cluster
        topics, cluster.begun = sorted({*cluster.begun, *others}), []
        skipped = self._setting.chance.skipped(topics)
        for topic in topics:
            if topic in skipped:
                continue
            if topic == GROUP:
                cluster.committed.update(cluster.pending if commit else {})
                cluster.pending.clear()
            else:
                cluster.topic(topic).mark(commit)

    def _check(self) -> None:
        if self._epoch != self._setting.cluster.epoch:
            raise Doubt("fenced: another worker has taken the partition over")


class Reader:
    """Stands for RangeReader."""

    def __init__(self, config: Any, committed: bool = True, columns: bool = False) -> None:
        self._setting: Setting = config
        self._committed = committed
        self._starts: dict[TopicPartition, int] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Nothing is open."""

    def assign(self, starts: dict[TopicPartition, int]) -> None:
        """Read these from there on."""
        self._starts = dict(starts)

    async def bounds(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, tuple[int, int]]:
        """From 0 to the end, of each: of what is committed or aborted, or of all."""
        await self._setting.chance.delay()
        topics = {tp: self._setting.cluster.topic(tp.topic) for tp in partitions}
        return {tp: (0, topic.stable if self._committed else topic.end) for tp, topic in topics.items()}

    async def topic_ids(self, topics: Sequence[str]) -> list[str]:
        """Topics are never made anew here."""
        return list(topics)

    async def last(
        self,
        partitions: Iterable[TopicPartition],
        wanted: Callable[[TopicPartition, Record], bool] = lambda tp, record: True,
    ) -> dict[TopicPartition, Record]:
        """The last one wanted that is committed, or was ever written, of each that has any."""
        topics = {tp: self._setting.cluster.topic(tp.topic) for tp in partitions}
        records = {tp: topic.records if self._committed else topic.written for tp, topic in topics.items()}
        found = {tp: next((one for one in reversed(some) if wanted(tp, one)), None) for tp, some in records.items()}
        return {tp: record for tp, record in found.items() if record is not None}

    async def read(self, tp: TopicPartition, end: int) -> AsyncIterator[Sequence[Record]]:
        """Short lists."""
        found = self._setting.cluster.topic(tp.topic).between(self._starts[tp], end)
        for start in range(0, len(found), LIST_RECORDS):
            yield found[start : start + LIST_RECORDS]

    async def read_inputs(self, tp: TopicPartition, end: int) -> AsyncIterator[Taken]:
        """The same, as a step takes them."""
        async for found in self.read(tp, end):
            yield Taken(found)


class Store:
    """Stands for RowStore, over a disk that outlives it."""

    def __init__(self, disk: Disk, passed: Callable[[str], None] = lambda name: None) -> None:
        self._disk = disk
        self._passed = passed
        if disk.saved is None:
            disk.empty()

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        """The values of these keys."""
        return [self._disk.rows.get(key) for key in keys]

    def saved(self) -> Saved | None:
        """The mark it stands at."""
        return self._disk.saved

    def written_ms(self) -> int:
        """Lately: nothing is old here."""
        return 1 << 60

    def begun(self) -> int | None:
        """The step whose snapshot is there in part."""
        return self._disk.begun

    def apply(self, rows: Sequence[Row], saved: Saved) -> Callable[[], None] | None:
        """Rows, and the mark with the last of them: that part is left to the loop when this is called in a thread."""
        some, last = rows[:-APPLIED_LAST], rows[-APPLIED_LAST:]
        if some:
            self._disk.put_some(some, saved.mark.seq)
            self._passed("disk.between")
        if in_thread():
            return lambda: self._disk.put(last, saved)
        self._disk.put(last, saved)
        return None

    def load(self, rows: Iterable[Row]) -> None:
        """Rows, and no mark any more."""
        self._disk.put(rows, None)

    def empty(self) -> None:
        """Forget all."""
        self._disk.empty()

    def close(self) -> None:
        """Nothing is open."""


class ControlsFake:
    """Stands for ControlsReader: a plan is its version, which rises now and then."""

    def __init__(self, version: int) -> None:
        self.version = version

    def on_change(self, listener: Callable[[], None]) -> None:
        """Nobody is told; the next step sees it."""

    def forget(self, listener: Callable[[], None]) -> None:
        """Nor forgotten."""

    def unanswered(self, answered: int) -> list[int]:
        """None is refused."""
        return []

    def plan(self, version: int) -> int:
        """Its version."""
        return version

    async def wait_for(self, version: int) -> None:
        """Read on: what the journal has seen is there."""
        self.version = max(self.version, version)


class NoMetrics:
    """Stands for WorkerMetrics."""

    def engine(self, seconds: float) -> None:
        """Nobody looks."""

    def step(self, partition: int, records: int, seconds: float, counts: dict[str, int]) -> None:
        """Nobody looks."""

    def snapshot(self, rows: int, seconds: float) -> None:
        """Nobody looks."""
