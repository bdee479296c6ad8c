"""Read the decisions as a subscriber does, while they come: count them, and note how long each took."""

import asyncio
from collections import Counter
from typing import Self

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from risk_stream.demo.worker import Worker, WorkerError
from risk_stream.kafka.connection import Connection
from risk_stream.kafka.range_reader import fetch_while_records_wait

TIMEOUT_S = 30.0
POLL_MS = 500
STALL_S = 90.0
"""Longer than a restarted worker needs to take its partitions back."""


class Decided(msgspec.Struct, frozen=True, gc=False):
    """What is looked at."""

    order_id: str
    decision: str
    code: str


class Watch:
    """Reads committed records only. Use it in `async with`; both times of a latency are this process's own."""

    def __init__(self, connection: Connection, topic: str, partitions: int, worker: Worker) -> None:
        self._partitions = [TopicPartition(topic, number) for number in range(partitions)]
        self._worker = worker
        self._consumer = AIOKafkaConsumer(
            **connection.client_options(),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        self._decoder = msgspec.json.Decoder(Decided)
        self.count = 0
        self.codes: Counter[str] = Counter()
        self.approved: set[str] = set()
        """Since they were last taken."""
        self.sent_at: dict[str, float] = {}
        """Loop time at which an order was sent, for those that are waited for."""
        self.latencies: list[float] = []
        """Seconds."""

    async def __aenter__(self) -> Self:
        async with asyncio.timeout(TIMEOUT_S):
            await self._consumer.start()
        fetch_while_records_wait(self._consumer)
        self._consumer.assign(self._partitions)
        return self

    async def __aexit__(self, *_: object) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            await self._consumer.stop()

    async def until(self, count: int, stall_s: float = STALL_S) -> None:
        """Read on until there are so many decisions. WorkerError when the worker ended, or none came for so long."""
        loop = asyncio.get_running_loop()
        heard = loop.time()
        while self.count < count:
            lists = await self._consumer.getmany(timeout_ms=POLL_MS)
            now = loop.time()
            if lists:
                heard = now
                self._take([record.value for records in lists.values() for record in records], now)
                continue
            self._worker.check()
            if now - heard > stall_s:
                raise self._worker.error(f"No decision for {stall_s:g} s; {self.count} of {count} are there.")

    def take_approved(self) -> set[str]:
        """Ids of the orders approved since the last call."""
        approved, self.approved = self.approved, set()
        return approved

    def _take(self, payloads: list[bytes], now: float) -> None:
        for payload in payloads:
            decided = self._decoder.decode(payload)
            self.codes[decided.code] += 1
            if decided.decision == "APPROVED":
                self.approved.add(decided.order_id)
            sent = self.sent_at.pop(decided.order_id, None)
            if sent is not None:
                self.latencies.append(now - sent)
        self.count += len(payloads)


__all__ = ["Watch", "WorkerError"]
