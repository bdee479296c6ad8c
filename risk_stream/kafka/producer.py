"""The transactional producer of one partition: whole transactions of whole batches, each with a time limit."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient

from risk_stream.kafka.config import WorkerConfig
from risk_stream.kafka.coordinator import Transaction
from risk_stream.kafka.failstop import Doubt
from risk_stream.kafka.leaders import Leaders
from risk_stream.kafka.record_batch import RecordBatch, batches_of
from risk_stream.kafka.refusals import not_ended, silence
from risk_stream.messages.packed import Packed

BATCH_BYTES_MAX = 960 * 1024
"""Below the broker's default message.max.bytes of 1,048,588, with room for one record's headers."""

ENDED_POLL_S = 0.001
"""Markers are written some milliseconds after a commit is answered; the wait doubles up to ENDED_POLL_MAX_S."""
ENDED_POLL_MAX_S = 0.1


class Write(NamedTuple):
    """Records for one topic, all to the producer's own partition."""

    topic: str
    records: Packed


class Ending:
    """Whether a transaction that is committed is ended wherever it wrote.

    A broker may have answered and yet left a part of it open (left_open.py).
    """

    def __init__(self, leaders: Leaders, written: Mapping[str, int]) -> None:
        self._leaders = leaders
        self._turn = asyncio.Lock()
        self.open = dict(written)
        """The last offset written, of the topics where it is not seen to be ended."""

    async def seen(self) -> None:
        """Wait for it. A snapshot and the step after it may do so side by side; one of them asks."""
        async with self._turn:
            pause = ENDED_POLL_S
            while self.open:
                stable = await self._leaders.stable_ends(self.open)
                self.open = {topic: last for topic, last in self.open.items() if stable[topic] <= last}
                if self.open:
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, ENDED_POLL_MAX_S)


class PartitionProducer:
    """Writes partition `partition` of every output. Starting it fences whoever held its transactional id before."""

    def __init__(self, config: WorkerConfig, partition: int) -> None:
        self._partition = partition
        self._timeout = config.operation_timeout
        self._client = AIOKafkaClient(
            **config.connection.client_options(),
            client_id=f"{config.app_id}-producer-{partition}",
            request_timeout_ms=int(config.operation_timeout * 1000),
        )
        self._transaction = Transaction(
            self._client, config.transactional_id(partition), config.app_id, config.transaction_timeout
        )
        self._leaders = Leaders(self._client, partition, config.transactional_id(partition), config.operation_timeout)
        self._last = Ending(self._leaders, {})
        self._begun: asyncio.Task[set[str]] | None = None

    async def start(self) -> None:
        """Connect and take the transactional id: from here on every other holder of it is fenced."""
        async with self._limit():
            await self._client.bootstrap()
            self._leaders.sent_by(await self._transaction.start())

    async def learn(self, outputs: Iterable[TopicPartition]) -> None:
        """Find the leaders of what will be written."""
        async with self._limit():
            await self._leaders.learn(tp.topic for tp in outputs)

    async def abort_left_open(self, outputs: Sequence[TopicPartition]) -> None:
        """Abort whatever is open under our producer id there, though no transaction is known to be."""
        async with self._limit():
            await self._transaction.add(outputs)
            await self._transaction.end(commit=False)

    def begin(self, topics: Collection[str]) -> None:
        """Begin the next transaction, which will write to these topics as far as is known, while it is computed.

        The last one is committed; `transact` must follow. A topic that is not written to after all gets a marker.
        """
        self._begun = asyncio.create_task(self._add(set(topics)), name=f"begin-{self._partition}")

    async def _add(self, topics: set[str]) -> set[str]:
        await self._transaction.add([TopicPartition(topic, self._partition) for topic in sorted(topics)])
        return topics

    async def transact(
        self,
        writes: Sequence[Write],
        offsets: Mapping[TopicPartition, int],
        passed: Callable[[str], None],
    ) -> dict[str, int]:
        """Write everything and move the offsets, or nothing; the offset of the last record of each topic written, to
        which there is one write at most.

        `passed` is told each part that is behind: begin, produce, offsets if any move, commit. Any error leaves the
        transaction to the broker, which aborts it: the caller must stop writing, for it cannot know what others have
        seen.

        Nothing is committed on top of a transaction that is not seen to be ended: it is asked for beside the records,
        when the coordinator has begun another and so holds it for ended.
        """
        parts = [write for write in writes if write.records.size]
        async with self._limit():
            added, self._begun = (set() if self._begun is None else await self._begun), None
            if missing := {part.topic for part in parts} - added:
                added |= await self._add(missing)
            passed("begin")
            written = await self._produce_beside(parts, offsets, passed)
            if added or offsets:
                await self._transaction.end(commit=True)
            passed("commit")
        self._last = Ending(self._leaders, written)
        return written

    async def _produce_beside(
        self, parts: Sequence[Write], offsets: Mapping[TopicPartition, int], passed: Callable[[str], None]
    ) -> dict[str, int]:
        """`_produce`, while the offsets are moved, which is two round trips more, and the last transaction's end is
        looked for. What every step waits for has no task of its own: each is two passes of the loop."""
        beside = [asyncio.create_task(self._last.seen())]
        if offsets:
            beside.append(asyncio.create_task(self._move(offsets, passed)))
        try:
            written = await self._produce(parts, passed)
            await asyncio.gather(*beside)
        except BaseException as error:
            for task in beside:
                task.cancel()
            ends = await asyncio.gather(*beside, return_exceptions=True)
            failed = [end for end in ends if isinstance(end, Exception)]
            if failed and isinstance(error, asyncio.CancelledError):  # the time is up, and this is why
                raise failed[0] from None
            raise
        return written

    async def ended(self) -> None:
        """Wait until the last transaction is ended wherever it wrote; Doubt after the time limit."""
        async with self._limit():
            await self._last.seen()

    @contextlib.asynccontextmanager
    async def _limit(self) -> AsyncIterator[None]:
        """The time for one exchange, or a transaction; Doubt behind it."""
        last = self._last
        try:
            async with asyncio.timeout(self._timeout):
                yield
        except TimeoutError as error:
            if last.open:
                raise Doubt(not_ended(self._timeout, last.open)) from error
            raise Doubt(silence(self._timeout, self._leaders.unanswered)) from error

    async def _produce(self, parts: Sequence[Write], passed: Callable[[str], None]) -> dict[str, int]:
        """Send everything: the first batch of each topic, then the second ones, and so on."""
        now_ms = int(time.time() * 1000)
        turns: list[dict[str, RecordBatch]] = []
        for topic, records in parts:
            for number, batch in enumerate(batches_of(records, now_ms, BATCH_BYTES_MAX)):
                if number == len(turns):
                    turns.append({})
                turns[number][topic] = batch
                await batch.turn()
        written: dict[str, int] = {}
        for batches in turns:
            written |= await self._leaders.send(batches)
        passed("produce")
        return written

    async def _move(self, offsets: Mapping[TopicPartition, int], passed: Callable[[str], None]) -> None:
        await self._transaction.move(offsets)
        passed("offsets")

    async def close(self) -> None:
        """Disconnect. With a transaction still open the broker aborts it at the next take-over."""
        if self._begun is not None:
            self._begun.cancel()
            await asyncio.gather(self._begun, return_exceptions=True)
        async with asyncio.timeout(self._timeout):
            await self._client.close()
