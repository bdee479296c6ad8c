"""Read whole topics for people and tools: no consumer group, nothing committed, committed records only."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from risk_stream.kafka.connection import Connection

TIMEOUT_S = 30.0
POLL_MS = 500
FOLLOW_METADATA_MS = 5_000


class TopicError(Exception):
    """The topic cannot be read or written; says which and why."""


class TopicReader:
    """All partitions of one topic. Use it in `async with`, then iterate over `to_end()` or `follow()`."""

    def __init__(self, connection: Connection, topic: str) -> None:
        self._topic = topic
        self._consumer = AIOKafkaConsumer(
            **connection.client_options(),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",  # when retention overtakes a slow reader
            isolation_level="read_committed",
            metadata_max_age_ms=FOLLOW_METADATA_MS,
        )
        self._partitions: list[TopicPartition] = []

    async def __aenter__(self) -> Self:
        async with asyncio.timeout(TIMEOUT_S):
            await self._consumer.start()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                self._partitions = await self._find_partitions()
            self._consumer.assign(self._partitions)
        except BaseException:
            await self._consumer.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def from_beginning(self) -> None:
        """Start with the first record that is kept."""
        await self._seek(await self._consumer.beginning_offsets(self._partitions))

    async def from_last(self, count: int) -> None:
        """Start at most `count` offsets before the end of each partition (fewer records: markers have offsets too)."""
        first = await self._consumer.beginning_offsets(self._partitions)
        last = await self._consumer.end_offsets(self._partitions)
        await self._seek({tp: max(first[tp], last[tp] - count) for tp in self._partitions})

    async def to_end(self) -> AsyncIterator[list[Any]]:
        """Record lists up to where the topic ends now; each list is of one partition, in its order."""
        ends = await self._consumer.end_offsets(self._partitions)  # with read_committed: the last stable offset
        left = dict(ends)
        while left := {tp: end for tp, end in left.items() if await self._consumer.position(tp) < end}:
            for tp, records in (await self._consumer.getmany(*left, timeout_ms=POLL_MS)).items():
                inside = [record for record in records if record.offset < ends[tp]]
                if len(inside) < len(records):
                    self._consumer.seek(tp, ends[tp])  # what was committed meanwhile is left to `follow`
                if inside:
                    yield inside

    async def follow(self) -> AsyncIterator[list[Any]]:
        """Record lists as they are committed, without end."""
        while True:
            for records in (await self._consumer.getmany(timeout_ms=POLL_MS)).values():
                yield records

    async def _seek(self, offsets: dict[TopicPartition, int]) -> None:
        for tp, offset in offsets.items():
            self._consumer.seek(tp, offset)

    async def _find_partitions(self) -> list[TopicPartition]:
        # All topics, not this one: asking for one that is not there may create it on a foreign cluster. The consumer's
        # own topics() asks for all too, but keeps the names only.
        metadata = await self._consumer._client.fetch_all_metadata()
        numbers = metadata.partitions_for_topic(self._topic)
        if not numbers:
            raise missing(self._topic)
        return [TopicPartition(self._topic, number) for number in sorted(numbers)]


def missing(topic: str) -> TopicError:
    """The error for a topic that is not there."""
    return TopicError(f"There is no topic {topic}: `risk-stream topics create` makes the topics.")
