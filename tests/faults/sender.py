"""Sends traffic at a rate and remembers how far the broker took it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from time import monotonic
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from tests.faults.traffic import Message
from tests.oracle.wire import partition_of

TICK_SECONDS = 0.05
WAITING_MAX = 5_000  # records not acknowledged yet
BATCH_BYTES = 1 << 18  # a full batch is waited for, with all that is to follow it


class Sender:
    """A producer of inputs that outlives a broker's restart; what it cannot send is simply not part of the input."""

    def __init__(self, bootstrap: str, prefix: str, partitions: int) -> None:
        self.bootstrap, self.prefix, self.partitions = bootstrap, prefix, partitions
        self.last: dict[TopicPartition, int] = {}  # greatest offset acknowledged
        self.sent = 0
        self.refused = 0
        self._waiting: set[asyncio.Future[Any]] = set()

    async def send(self, messages: Iterable[Message], rate: float = 1e9) -> None:
        """Send all, at most `rate` a second, and wait until each is acknowledged or given up."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self.bootstrap, linger_ms=2, request_timeout_ms=20_000, max_request_size=1 << 21,
            metadata_max_age_ms=5_000, max_batch_size=BATCH_BYTES,
        )  # fmt: skip
        await producer.start()
        began = monotonic()
        try:
            for number, message in enumerate(messages, 1):
                await self._one(producer, message)
                ahead = number / rate - (monotonic() - began)
                if ahead > TICK_SECONDS or len(self._waiting) > WAITING_MAX:
                    await asyncio.sleep(max(ahead, 0.002))
            if self._waiting:
                await asyncio.wait(self._waiting)
        finally:
            await producer.stop()

    async def _one(self, producer: AIOKafkaProducer, message: Message) -> None:
        partition = message.partition
        if partition is None:
            partition = partition_of(message.key or b"", self.partitions)
        try:
            sent = await producer.send(
                self.prefix + message.topic, message.value, message.key, partition, headers=list(message.headers)
            )
        except (KafkaError, ValueError, AssertionError):
            self.refused += 1
            return
        self._waiting.add(sent)
        sent.add_done_callback(self._answered)

    def _answered(self, sent: asyncio.Future[Any]) -> None:
        self._waiting.discard(sent)
        if sent.cancelled() or sent.exception() is not None:
            self.refused += 1
            return
        taken = sent.result()
        log = TopicPartition(taken.topic, taken.partition)
        self.last[log] = max(self.last.get(log, -1), taken.offset)
        self.sent += 1
