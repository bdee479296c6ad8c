"""A subscriber that watches while things break: nothing it has seen may change, no commit may run ahead of outputs."""

from __future__ import annotations

import asyncio
import json
from hashlib import blake2b
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from tests.faults.topics import INPUTS, Progress
from tests.oracle.read import Reader

WATCHED = ("decisions", "violations", "journal")
SAMPLE_SECONDS = 0.5
FIELDS = {"orders": "orders", "portfolio-values": "values"}


class Watcher:
    """Follows the outputs, read committed, from the first record on, and samples the group's offsets (I5, I7)."""

    def __init__(self, bootstrap: str, prefix: str, partitions: int, group: str) -> None:
        self.bootstrap, self.prefix, self.partitions = bootstrap, prefix, partitions
        self.seen: dict[tuple[str, int, int], bytes] = {}
        self.acknowledged: dict[TopicPartition, int] = {}  # how far the journal on the log says inputs were handled
        self.findings: list[str] = []
        self.samples = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False,
            auto_offset_reset="earliest", metadata_max_age_ms=5_000,
        )  # fmt: skip
        self._progress = Progress(bootstrap, group)
        self._asking = AIOKafkaConsumer(
            bootstrap_servers=bootstrap, isolation_level="read_uncommitted", enable_auto_commit=False,
        )  # fmt: skip

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        await self._asking.start()
        self._consumer.assign(
            [TopicPartition(self.prefix + name, place) for name in WATCHED for place in range(self.partitions)]
        )
        self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._sample())]
        return self

    async def __aexit__(self, *failure: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._consumer.stop()
        await self._asking.stop()
        await self._progress.close()

    async def _follow(self) -> None:
        while True:
            try:
                found = await self._consumer.getmany(timeout_ms=200, max_records=5_000)
            except KafkaError:
                await asyncio.sleep(SAMPLE_SECONDS)
                continue
            for log, records in found.items():
                name = log.topic.removeprefix(self.prefix)
                for record in records:
                    self.seen[name, log.partition, record.offset] = _digest(record.key, record.value)
                    if name == "journal":
                        self._acknowledge(log.partition, record.value)

    def _acknowledge(self, partition: int, value: bytes | None) -> None:
        fields = json.loads(value or b"{}")
        for topic in INPUTS:
            log = TopicPartition(self.prefix + topic, partition)
            self.acknowledged[log] = max(self.acknowledged.get(log, 0), fields[FIELDS[topic]][1])

    async def _sample(self) -> None:
        """Every offset committed at one moment is covered by a journal record that can be read after it."""
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            try:
                offsets = await self._progress.committed()
                await self._caught_up()
            except (KafkaError, TimeoutError, OSError):
                continue
            self.samples += 1
            for log, offset in offsets.items():
                if log.topic.removeprefix(self.prefix) in INPUTS and offset > self.acknowledged.get(log, 0):
                    known = self.acknowledged.get(log, 0)
                    self.findings.append(f"I5 {log.topic}/{log.partition}: committed {offset}, journal says {known}")

    async def _caught_up(self) -> None:
        """Wait until everything that was written to the journal when called has ended, and has been followed.

        A commit reaches the group's offsets and the journal one after the other: between the two the offsets are ahead
        of what can be read. What is still open then must be committed; aborted, it leaves them ahead for good.
        """
        logs = [TopicPartition(f"{self.prefix}journal", place) for place in range(self.partitions)]
        ends = await asyncio.wait_for(self._asking.end_offsets(logs), 10)
        for log in logs:
            async with asyncio.timeout(30):
                while await self._consumer.position(log) < ends[log]:
                    await asyncio.sleep(0.02)
        await asyncio.sleep(0)

    async def changed(self) -> list[str]:
        """What was seen and is not on the logs any more as it was (I7)."""
        findings = []
        async with Reader(self.bootstrap, self.prefix) as reader:
            now: dict[tuple[str, int, int], bytes] = {}
            for name in WATCHED:
                for place in range(self.partitions):
                    for record in await reader.records(name, place):
                        now[name, place, record.offset] = _digest(record.key, record.value)
        for where, digest in self.seen.items():
            if now.get(where) != digest:
                findings.append(f"I7 {where[0]} {where[1]}@{where[2]} is not what a subscriber saw")
        return findings[:20]


def _digest(key: bytes | None, value: bytes | None) -> bytes:
    return blake2b(repr((key, value)).encode(), digest_size=12).digest()
