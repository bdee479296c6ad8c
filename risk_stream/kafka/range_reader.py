"""Reads given offset ranges of a few partitions, outside any consumer group."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from risk_stream.kafka.config import WorkerConfig
from risk_stream.kafka.failstop import Doubt
from risk_stream.kafka.fetched import column_options
from risk_stream.kafka.refusals import UNREACHABLE
from risk_stream.kafka.topic_ids import topic_ids
from risk_stream.messages.records import NO_RECORDS, Records

POLL_RECORDS_MAX = 2_000
"""Unpacking 2,000 records takes about 6 ms: the loop's other work waits no longer."""
POLL_MS = 20
"""The longest wait for records; where only markers or aborted records are left, none come, and it is for nothing."""
FETCH_WAIT_MS = 5
"""What is read is there already; a longer fetch would hold up every other request on its connection."""

LOOK_BACK = 16
"""Offsets to look back for a last record, then as many times more: most of the last offsets are markers."""


def fetch_while_records_wait(consumer: AIOKafkaConsumer, after_s: float = 0.0) -> None:
    """Fetch other partitions although records of one have waited to be taken for so long: aiokafka holds them back for
    0.1 s."""
    consumer._fetcher._prefetch_backoff = after_s


class RangeReader:
    """One consumer, assigned by hand. Every wait has a limit: a silent broker is a Doubt."""

    def __init__(self, config: WorkerConfig, *, committed: bool = True, columns: bool = False) -> None:
        """Reads committed records only, or, with `committed` false, whatever was written; objects, or columns."""
        self._timeout = config.takeover_timeout
        self._lists_max = 1 if columns else POLL_RECORDS_MAX
        self._consumer = AIOKafkaConsumer(
            **config.connection.client_options(),
            **(column_options() if columns else {}),
            client_id=f"{config.app_id}-reader",
            group_id=None,
            isolation_level="read_committed" if committed else "read_uncommitted",
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=FETCH_WAIT_MS,
            max_partition_fetch_bytes=1024 * 1024,
            request_timeout_ms=int(config.operation_timeout * 1000),
        )

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(self._timeout):
                await self._consumer.start()
        except BaseException:
            await self._consumer.stop()
            raise
        fetch_while_records_wait(self._consumer)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        async with asyncio.timeout(self._timeout):
            await self._consumer.stop()

    def assign(self, starts: dict[TopicPartition, int]) -> None:
        """Read these partitions from these offsets on, and no others."""
        self._consumer.assign(list(starts))
        for tp, offset in starts.items():
            self._consumer.seek(tp, offset)

    async def bounds(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, tuple[int, int]]:
        """First offset kept and the offset behind the last record to be read, of each partition."""
        wanted = list(partitions)
        # One by one, at once: of several partitions aiokafka finds the leaders one after the other, 0.1 s each.
        async with asyncio.timeout(self._timeout):
            first, last = await asyncio.gather(
                asyncio.gather(*(self._consumer.beginning_offsets([tp]) for tp in wanted)),
                asyncio.gather(*(self._consumer.end_offsets([tp]) for tp in wanted)),
            )
        return {tp: (first[i][tp], last[i][tp]) for i, tp in enumerate(wanted)}

    async def topic_ids(self, topics: Sequence[str]) -> list[str]:
        """What Kafka knows these topics by: another id is another topic of the same name."""
        try:
            async with asyncio.timeout(self._timeout):
                return await topic_ids(self._consumer._client, topics)
        except TimeoutError as error:
            names = ", ".join(topics)
            raise Doubt(f"{names}: the broker did not tell their ids in {self._timeout:g} s. {UNREACHABLE}") from error

    async def last(
        self,
        partitions: Iterable[TopicPartition],
        wanted: Callable[[TopicPartition, Any], bool] = lambda tp, record: True,
    ) -> dict[TopicPartition, Any]:
        """The last record to be read, of those that are wanted, of each partition that has any; the assignment is
        lost."""
        bounds = await self.bounds(partitions)
        found: dict[TopicPartition, Any] = {}
        left = {tp for tp, (first, end) in bounds.items() if end > first}
        back = LOOK_BACK
        while left:
            starts = {tp: max(bounds[tp][0], bounds[tp][1] - back) for tp in left}
            self.assign(starts)
            for tp in left:
                async for records in self.read(tp, bounds[tp][1]):
                    if some := [record for record in records if wanted(tp, record)]:
                        found[tp] = some[-1]
            left = {tp for tp in left if tp not in found and starts[tp] > bounds[tp][0]}
            back *= LOOK_BACK
        return found

    async def read(self, tp: TopicPartition, end: int) -> AsyncIterator[Sequence[Any]]:
        """Record lists from where this partition stands up to offset `end`; markers between them are passed over."""
        async for records in self._lists(tp, end):
            inside = records if records[-1].offset < end else [record for record in records if record.offset < end]
            if inside:
                yield inside

    async def read_inputs(self, tp: TopicPartition, end: int) -> AsyncIterator[Records]:
        """The same as columns, with `columns`: parsed as the worker's consumer does it, whatever a producer wrote."""
        async for lists in self._lists(tp, end):
            for fetched in lists:
                inside = fetched.inputs.part(0, fetched.inputs.below(end))
                if inside.size:
                    yield inside

    async def _lists(self, tp: TopicPartition, end: int) -> AsyncIterator[Sequence[Any]]:
        loop = asyncio.get_running_loop()
        heard = loop.time()
        while (position := await self._position(tp)) < end:
            batches = await self._consumer.getmany(tp, timeout_ms=POLL_MS, max_records=self._lists_max)
            records = batches.get(tp, ())
            if records or await self._position(tp) > position:
                heard = loop.time()
            elif loop.time() - heard > self._timeout:
                raise Doubt(f"{tp.topic}/{tp.partition}: nothing read at {position} of {end} in {self._timeout:g} s")
            if records:
                yield records
            await asyncio.sleep(0)

    async def _position(self, tp: TopicPartition) -> int:
        async with asyncio.timeout(self._timeout):
            position: int = await self._consumer.position(tp)
        return position


class RangeCursor:
    """Takes consecutive ranges out of one partition: what a replay needs, step by step."""

    def __init__(self, reader: RangeReader, tp: TopicPartition, end: int) -> None:
        self._lists = reader.read_inputs(tp, end)
        self._waiting = NO_RECORDS

    async def take(self, stop: int) -> Records:
        """All records below offset `stop` that were not taken yet."""
        parts: list[Records] = []
        while True:
            if not self._waiting.size:
                try:
                    # Not anext() with a default: Python 3.11 raises SystemError when the generator awaited meanwhile.
                    self._waiting = await anext(self._lists)
                except StopAsyncIteration:
                    break
            inside = self._waiting.below(stop)
            if inside:
                parts.append(self._waiting.part(0, inside))
            self._waiting = self._waiting.part(inside, self._waiting.size)
            if self._waiting.size:
                break
        return parts[0].joined(parts) if parts else NO_RECORDS
