"""Send messages to the partitions of their keys in whole batches, at once or at a steady pace."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Self

from aiokafka import AIOKafkaProducer

from risk_stream.demo.rounds import Message
from risk_stream.kafka.connection import Connection
from risk_stream.messages.murmur2 import partition_of

TIMEOUT_S = 30.0
BATCH_BYTES_MAX = 256 * 1024
TICK_S = 0.005
"""A steady pace means as many as are due, every so often: an order waits half of it for its turn, on average."""


class Feed:
    """One idempotent producer: what goes to one partition arrives in order. Use it in `async with`."""

    def __init__(self, connection: Connection, partitions: int) -> None:
        self._partitions = partitions
        self._producer = AIOKafkaProducer(
            **connection.client_options(),
            acks="all",
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES_MAX,
            request_timeout_ms=int(TIMEOUT_S * 1000),
        )

    async def __aenter__(self) -> Self:
        async with asyncio.timeout(TIMEOUT_S):
            await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            await self._producer.stop()

    async def send(self, topic: str, messages: Sequence[Message]) -> None:
        """Send all and wait until the broker has them."""
        async with asyncio.timeout(TIMEOUT_S):
            await asyncio.gather(*await self._submit(topic, messages))

    async def send_paced(
        self,
        topic: str,
        messages: Sequence[Message],
        per_second: float,
        sending: Callable[[int, int], None] = lambda first, behind: None,
    ) -> None:
        """Send them evenly in time; `sending` hears each slice (first, behind the last) at the moment it is sent."""
        loop = asyncio.get_running_loop()
        started, sent, waiting = loop.time(), 0, []
        while sent < len(messages):
            due = min(len(messages), 1 + int((loop.time() - started) * per_second))
            if due > sent:
                sending(sent, due)
                waiting += await self._submit(topic, messages[sent:due])
                sent = due
            await asyncio.sleep(TICK_S)
        async with asyncio.timeout(TIMEOUT_S):
            await asyncio.gather(*waiting)

    async def _submit(self, topic: str, messages: Sequence[Message]) -> "list[asyncio.Future[Any]]":
        by_partition: dict[int, list[Message]] = defaultdict(list)
        for one in messages:
            by_partition[partition_of(one.key, self._partitions)].append(one)
        waiting = []
        for partition, mine in by_partition.items():
            batch = self._producer.create_batch()
            for key, value in mine:
                if batch.append(timestamp=None, key=key, value=value) is None:
                    waiting.append(await self._producer.send_batch(batch, topic, partition=partition))
                    batch = self._producer.create_batch()
                    batch.append(timestamp=None, key=key, value=value)
            waiting.append(await self._producer.send_batch(batch, topic, partition=partition))
        return waiting
