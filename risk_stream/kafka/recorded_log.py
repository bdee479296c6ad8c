"""The recorded topics of a cluster, for audits: assigned by hand, no group, committed records only, nothing written."""

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from risk_stream.audit.findings import Finding
from risk_stream.audit.log import Bounds, LogError
from risk_stream.kafka.connection import Connection
from risk_stream.kafka.fetched import column_options
from risk_stream.kafka.reader import missing
from risk_stream.messages.records import Recorded

TIMEOUT_S = 60.0
POLL_MS = 1_000
FETCH_BYTES_MAX = 1024 * 1024
"""Per partition and fetch. A larger one is slower: the client copies what it has while more arrives."""
SETTLE_S = 0.2
"""A commit becomes visible partition by partition, within milliseconds."""


class KafkaLog:
    """A RecordedLog. Every stream has a consumer of its own, so that streams are read at their own pace."""

    def __init__(self, connection: Connection, prefix: str) -> None:
        self.name = f"Kafka at {connection.bootstrap}"
        self.prefix = prefix
        self.partitions = 0
        self._connection = connection
        self._open: list[AIOKafkaConsumer] = []

    async def __aenter__(self) -> Self:
        self._asking = await self._consumer()
        metadata = await self._asking._client.fetch_all_metadata()
        self.partitions = len(metadata.partitions_for_topic(f"{self.prefix}orders") or ())
        if not self.partitions:
            await self._asking.stop()
            raise missing(f"{self.prefix}orders")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for consumer in self._open:
            await consumer.stop()

    async def damage(self) -> list[Finding]:
        """The broker checks its own records."""
        return []

    async def settle(self) -> None:
        """Wait until the marks of a transaction have reached all partitions."""
        await asyncio.sleep(SETTLE_S)

    async def bounds(self, topic: str, partition: int) -> Bounds:
        """First offset kept, and the one behind the last committed record."""
        tp = TopicPartition(self.prefix + topic, partition)
        async with asyncio.timeout(TIMEOUT_S):
            first = await self._asking.beginning_offsets([tp])
            end = await self._asking.end_offsets([tp])
        return Bounds(first[tp], end[tp])

    async def records(self, topic: str, partition: int, start: int, end: int) -> AsyncIterator[Recorded]:
        """Lists of some thousand records. LogError when the broker falls silent."""
        if start >= end:
            return
        tp = TopicPartition(self.prefix + topic, partition)
        consumer = await self._consumer()
        consumer.assign([tp])
        consumer.seek(tp, start)
        loop = asyncio.get_running_loop()
        heard = loop.time()
        while (position := await consumer.position(tp)) < end:
            try:
                fetched = (await consumer.getmany(tp, timeout_ms=POLL_MS)).get(tp, ())
            except OffsetOutOfRangeError as error:
                raise LogError(
                    f"{tp.topic}/{tp.partition}: retention has deleted offset {position} while it was to be read. "
                    "Replay an archive (--archive), or begin again"
                ) from error
            for part in fetched:
                heard = loop.time()
                yield part.part(0, part.below(end))
            if fetched:
                continue
            if await consumer.position(tp) > position:
                heard = loop.time()
            elif loop.time() - heard > TIMEOUT_S:
                raise LogError(f"{tp.topic}/{partition}: nothing read at {position} of {end} in {TIMEOUT_S:g} s")
        self._open.remove(consumer)
        await consumer.stop()

    async def _consumer(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            **self._connection.client_options(),
            **column_options(),
            client_id="risk-stream-audit",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            fetch_max_wait_ms=100,
            max_partition_fetch_bytes=FETCH_BYTES_MAX,
        )
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await consumer.start()
        except BaseException:
            await consumer.stop()
            raise
        self._open.append(consumer)
        return consumer
