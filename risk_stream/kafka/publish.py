"""Send good input records to one topic: an idempotent producer, batches, and the broker's word for every record."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from typing import Any, NamedTuple, Self

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder

from risk_stream.kafka.connection import Connection
from risk_stream.kafka.reader import missing

TIMEOUT_S = 30.0
UNACKNOWLEDGED_MAX = 5_000  # records in flight: 750 kB of orders, enough to fill every batch, little to lose on Ctrl-C
BATCH_BYTES = 16 * 1024  # the client's own default
BATCH_BYTES_MAX = 1_048_500
"""Of a batch that the broker takes by default."""


class Outbound(NamedTuple):
    """A record to send; its partition was computed by the caller."""

    key: bytes | None
    value: bytes
    partition: int


class Tally:
    """What the broker has acknowledged of the records of one run, numbered from 0 in the order they were sent."""

    def __init__(self) -> None:
        self._settled = 0
        self._open: deque[asyncio.Future[Any]] = deque()

    @property
    def acknowledged(self) -> int:
        """How many so far. Of the others some may be on the topic too, after a failure."""
        return self._settled + sum(map(_is_taken, self._open))

    @property
    def first_open(self) -> int:
        """The number of the first that is not acknowledged; that of the next one to send when all are."""
        open_ones = (number for number, one in enumerate(self._open) if not _is_taken(one))
        return self._settled + next(open_ones, len(self._open))

    def sent(self, answer: asyncio.Future[Any]) -> None:
        """One more was sent; this is how the broker will answer."""
        self._open.append(answer)

    async def settle(self) -> None:
        """Wait for the answer to the oldest open one; raises what it was refused with, or TimeoutError."""
        answer = self._open[0]
        if not answer.done():
            await asyncio.wait((answer,), timeout=TIMEOUT_S)  # unlike a plain await it never cancels the answer
        if not answer.done():
            raise TimeoutError(f"no acknowledgement for {TIMEOUT_S:.0f} s")
        answer.result()
        self._open.popleft()
        self._settled += 1


def _is_taken(answer: asyncio.Future[Any]) -> bool:
    return answer.done() and not answer.cancelled() and answer.exception() is None


class Publisher:
    """One topic's sender. Use it in `async with`; leaving the block does not wait for what is not acknowledged.

    What was sent is settled by then, so a broker that answers no more does not turn it into a failure.
    """

    def __init__(self, connection: Connection, topic: str, *, batch_bytes: int = BATCH_BYTES) -> None:
        self._topic = topic
        self._producer = AIOKafkaProducer(
            **connection.client_options(),
            acks="all",
            enable_idempotence=True,
            linger_ms=5,
            max_batch_size=batch_bytes,
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
        with suppress(TimeoutError):
            async with asyncio.timeout(TIMEOUT_S if kind is None else 1):
                await self._producer.stop()

    async def send_all(self, records: AsyncIterator[Outbound], tally: Tally | None = None) -> int:
        """Send each as it comes and return how many the broker acknowledged: all of them, or it raises.

        A broker that acknowledges nothing for 30 s is a TimeoutError: idempotent batches never expire by themselves.
        After an error, or when it was cancelled, the tally says how far it came.
        """
        tally = tally or Tally()
        unsettled: asyncio.Queue[bool] = asyncio.Queue(UNACKNOWLEDGED_MAX)  # True for each; False behind the last
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_settle_all(tally, unsettled))
                async for key, value, partition in records:
                    async with asyncio.timeout(TIMEOUT_S):
                        tally.sent(await self._producer.send(self._topic, value, key, partition))
                    await unsettled.put(True)
                await unsettled.put(False)
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        return tally.acknowledged

    async def send_one(self, value: bytes) -> int:
        """Send one value to partition 0; returns the timestamp that the broker gave it, epoch milliseconds."""
        async with asyncio.timeout(TIMEOUT_S):
            taken = await self._producer.send_and_wait(self._topic, value, partition=0)
        timestamp: int = taken.timestamp
        return timestamp

    async def send_together(self, values: Iterable[bytes]) -> AsyncIterator[int]:
        """Send values to partition 0 in as few batches as hold them; the broker takes a batch whole or not at all.

        Each waits for the one before it; yields how many records the broker has acknowledged with it.
        """
        batch = self._producer.create_batch()
        for value in values:
            if batch.append(timestamp=None, key=None, value=value) is None:
                yield await self._acknowledged(batch)
                batch = self._producer.create_batch()
                batch.append(timestamp=None, key=None, value=value)
        yield await self._acknowledged(batch)

    async def _acknowledged(self, batch: BatchBuilder) -> int:
        count: int = batch.record_count()
        async with asyncio.timeout(TIMEOUT_S):
            await (await self._producer.send_batch(batch, self._topic, partition=0))
        return count


async def _settle_all(tally: Tally, unsettled: asyncio.Queue[bool]) -> None:
    while await unsettled.get():
        await tally.settle()
