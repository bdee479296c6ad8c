"""Send good input records to one topic: an idempotent producer, batches, and the broker's word for every record."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NamedTuple, Self

from aiokafka import AIOKafkaProducer

from risk_stream.kafka.connection import Connection
from risk_stream.kafka.reader import missing

TIMEOUT_S = 30.0
UNACKNOWLEDGED_MAX = 5_000  # records in flight: 750 kB of orders, enough to fill every batch, little to lose on Ctrl-C


class Outbound(NamedTuple):
    """A record to send; its partition was computed by the caller."""

    key: bytes | None
    value: bytes
    partition: int


class Publisher:
    """One topic's sender. Use it in `async with`; leaving the block does not wait for what is not acknowledged."""

    def __init__(self, connection: Connection, topic: str) -> None:
        self._topic = topic
        self._producer = AIOKafkaProducer(
            **connection.client_options(),
            acks="all",
            enable_idempotence=True,
            linger_ms=5,
            request_timeout_ms=int(TIMEOUT_S * 1000),
        )
        self.partitions = 0
        """How many partitions the topic has; known once the block is entered."""

    async def __aenter__(self) -> Self:
        async with asyncio.timeout(TIMEOUT_S):
            await self._producer.start()
            try:
                # All names, not this one: asking for a topic that is not there may create it on a foreign cluster.
                metadata = await self._producer.client.fetch_all_metadata()
                self.partitions = len(metadata.partitions_for_topic(self._topic) or ())
                if not self.partitions:
                    raise missing(self._topic)
            except BaseException:
                await self._producer.stop()
                raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S if kind is None else 1):
                await self._producer.stop()
        except TimeoutError:
            if kind is None:
                raise

    async def send_all(self, records: AsyncIterator[Outbound]) -> int:
        """Send all and return how many the broker acknowledged: all of them, or it raises.

        A broker that acknowledges nothing for 30 s is a TimeoutError: idempotent batches never expire by themselves.
        """
        waiting: list[asyncio.Future[Any]] = []
        acknowledged = 0
        async for key, value, partition in records:
            async with asyncio.timeout(TIMEOUT_S):
                waiting.append(await self._producer.send(self._topic, value, key, partition))
            if len(waiting) == UNACKNOWLEDGED_MAX:
                acknowledged += await _acknowledged(waiting)
                waiting = []
        return acknowledged + await _acknowledged(waiting)


async def _acknowledged(waiting: list[asyncio.Future[Any]]) -> int:
    async with asyncio.timeout(TIMEOUT_S):
        await asyncio.gather(*waiting)
    return len(waiting)
