"""The transactional producer of one partition: whole transactions of whole batches, each with a time limit."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple, NoReturn

import aiokafka.producer.sender as aiokafka_sender
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import IllegalOperation, KafkaError, ProducerFenced
from aiokafka.structs import OffsetAndMetadata

from risk_stream.kafka.config import WorkerConfig
from risk_stream.kafka.failstop import Doubt
from risk_stream.kafka.record_batch import RecordBatch, batches_of
from risk_stream.kafka.refusals import REFUSALS, forbidden, not_ended, refusal, silence
from risk_stream.messages.packed import Packed

TRANSACTION_BACKOFF_S = 0.001
"""Kafka answers "concurrent transactions" while it still writes the markers of the last one; aiokafka then waits 20 ms
before it asks again, which would be most of a 6 ms transaction. tests/kafka/test_seams.py fails when the name moves."""

BATCH_BYTES_MAX = 960 * 1024
"""Below the broker's default message.max.bytes of 1,048,588, with room for one record's headers."""


SEND_BACKOFF_S = 0.005
"""A broker refuses records while the coordinator still adds something else to the same transaction: offsets that are
moved beside them, in 1 of 100 steps. They are sent again after this; 50 ms were most of a transaction's worst times."""

ENDED_POLL_S = 0.001
"""Markers are written some milliseconds after a commit is answered; the wait doubles up to ENDED_POLL_MAX_S."""
ENDED_POLL_MAX_S = 0.1

FENCED = "fenced: another worker has taken the partition over"


class Write(NamedTuple):
    """Records for one topic, all to the producer's own partition."""

    topic: str
    records: Packed


def shorten_transaction_backoff() -> None:
    """Set aiokafka's wait between transactions to TRANSACTION_BACKOFF_S, for this process."""
    aiokafka_sender.BACKOFF_OVERRIDE = TRANSACTION_BACKOFF_S


class PartitionProducer:
    """Writes partition `partition` of every output. Starting it fences whoever held its transactional id before."""

    def __init__(self, config: WorkerConfig, partition: int) -> None:
        self._partition = partition
        self._timeout = config.operation_timeout
        self._group = config.app_id
        self._unanswered: set[str] = set()
        self._refused: KafkaError | None = None
        self._producer = AIOKafkaProducer(
            **config.connection.client_options(),
            client_id=f"{config.app_id}-producer-{partition}",
            transactional_id=config.transactional_id(partition),
            transaction_timeout_ms=int(config.transaction_timeout * 1000),
            request_timeout_ms=int(config.operation_timeout * 1000),
            max_batch_size=BATCH_BYTES_MAX,
            retry_backoff_ms=50,
        )
        self._producer._txn_manager.error_transaction = self._stop_sending
        self._producer._sender._retry_backoff = SEND_BACKOFF_S
        self._ends = AIOKafkaConsumer(
            **config.connection.client_options(),
            client_id=f"{config.app_id}-ends-{partition}",
            group_id=None,
            enable_auto_commit=False,
            isolation_level="read_committed",
            request_timeout_ms=int(config.operation_timeout * 1000),
        )
        self._written: dict[TopicPartition, int] = {}
        self._ending: asyncio.Task[None] | None = None

    def _stop_sending(self, error: KafkaError) -> NoReturn:
        """End aiokafka's sender when the broker refuses a part of the transaction.

        aiokafka itself would forget which partitions still had to be added to the transaction, and send what waits for
        them. Where the marker of the last transaction is still to be written, that marker would commit it.
        """
        self._refused = error
        raise error

    async def start(self) -> None:
        """Connect and take the transactional id: from here on every other holder of it is fenced."""
        async with asyncio.timeout(self._timeout):
            await self._producer.start()
            await self._ends.start()

    async def learn(self, outputs: Sequence[TopicPartition]) -> None:
        """Find the leaders of what will be written: aiokafka looks for one unknown topic at a time, 0.1 s each."""
        async with asyncio.timeout(self._timeout):
            await asyncio.gather(*(self._ends.end_offsets([tp]) for tp in outputs))

    async def abort_left_open(self, outputs: Iterable[TopicPartition]) -> None:
        """Abort whatever is open under our producer id there, though no transaction is known to be."""
        try:
            async with asyncio.timeout(self._timeout):
                await self._producer.begin_transaction()
                for tp in outputs:
                    self._producer._txn_manager.maybe_add_partition_to_txn(tp)
                await self._producer.abort_transaction()
        except TimeoutError as error:
            raise Doubt(silence(self._timeout, set())) from error
        except ProducerFenced as error:
            raise Doubt(FENCED) from error

    async def transact(
        self,
        writes: Sequence[Write],
        offsets: Mapping[TopicPartition, int],
        passed: Callable[[str], None],
    ) -> dict[str, int]:
        """Write everything and move the offsets, or nothing; the offset of the last record of each topic written, to
        which there is one write at most.

        `passed` is told each part that is behind: begin, produce, offsets, commit. Any error leaves the transaction to
        the broker, which aborts it: the caller must stop writing, for it cannot know what others have seen.
        """
        producer = self._producer
        self._unanswered.clear()
        try:
            async with asyncio.timeout(self._timeout):
                await self.ended()
                await producer.begin_transaction()
                passed("begin")
                # Side by side: the offsets are two round trips more, and belong to the same transaction either way.
                delivered, _ = await asyncio.gather(self._produce(writes, passed), self._move(offsets, passed))
                await producer.commit_transaction()
                passed("commit")
        except TimeoutError as error:
            raise self._timed_out() from error
        except ProducerFenced as error:
            raise Doubt(FENCED) from error
        except (KafkaError, IllegalOperation) as error:
            if self._refused is not None:
                raise Doubt(forbidden(self._refused)) from error
            if isinstance(error, IllegalOperation):  # what a batch meets that comes after the answer "fenced"
                raise Doubt("fenced, or ended by the broker: this transaction is over before it was whole") from error
            raise
        written = dict(delivered)
        self._written = {TopicPartition(topic, self._partition): offset for topic, offset in written.items()}
        self._ending = asyncio.create_task(self._see_ended(), name=f"ending-{self._partition}")
        return written

    async def ended(self) -> None:
        """Wait until the last transaction is ended wherever it wrote; Doubt after the time limit.

        A broker may have answered and yet left a part of it open (left_open.py): the marker of the next one would end
        that part too, and undo it if it is an abort. It is asked while the next step is computed: most often this
        waits for nothing.
        """
        ending = self._ending
        if ending is None:
            return
        try:
            async with asyncio.timeout(self._timeout):
                await asyncio.shield(ending)  # a snapshot and the step after it may wait side by side
        except TimeoutError as error:
            raise self._timed_out() from error
        if self._ending is ending:
            self._ending = None

    async def _see_ended(self) -> None:
        pause = ENDED_POLL_S
        while self._written:
            await asyncio.sleep(pause)
            stable = await self._ends.end_offsets(list(self._written))
            self._written = {tp: last for tp, last in self._written.items() if stable[tp] <= last}
            pause = min(2 * pause, ENDED_POLL_MAX_S)

    def _timed_out(self) -> Doubt:
        if self._written:
            return Doubt(not_ended(self._timeout, {tp.topic for tp in self._written}))
        return Doubt(silence(self._timeout, self._unanswered))

    async def _produce(self, writes: Sequence[Write], passed: Callable[[str], None]) -> list[tuple[str, int]]:
        """Send everything; the first batch of each topic before any second one, which waits until the first is on its
        way: so all topics are added to the transaction in one request."""
        now_ms = int(time.time() * 1000)
        batches: list[tuple[int, str, RecordBatch]] = []
        for topic, records in writes:
            for number, batch in enumerate(batches_of(records, now_ms, BATCH_BYTES_MAX)):
                batches.append((number, topic, batch))
                if number:  # some milliseconds each; a small step must not wait for a pass of the loop
                    await asyncio.sleep(0)
        batches.sort(key=itemgetter(0))
        futures = [await self._submit(batch, topic) for _, topic, batch in batches]
        # A commit waits for its batches but not for their success: that has to be asked here.
        delivered = await asyncio.gather(*futures)
        passed("produce")
        return delivered

    async def _move(self, offsets: Mapping[TopicPartition, int], passed: Callable[[str], None]) -> None:
        """Move the group's offsets as part of the transaction."""
        if offsets:
            positions = {tp: OffsetAndMetadata(offset, "") for tp, offset in offsets.items()}
            await self._producer.send_offsets_to_transaction(positions, self._group)
        passed("offsets")

    async def _submit(self, batch: RecordBatch, topic: str) -> "asyncio.Future[tuple[str, int]]":
        count = batch.record_count()
        size = batch.size()
        self._unanswered.add(topic)
        delivery = await self._producer.send_batch(batch, topic, partition=self._partition)

        async def last_offset() -> tuple[str, int]:
            try:
                metadata = await delivery
            except REFUSALS as error:
                raise Doubt(refusal(topic, size, error)) from error
            if metadata.offset < 0:  # a repetition that the broker knows and no longer knows the place of
                raise Doubt(f"{topic}: the broker has what was sent, and does not say at which offset")
            self._unanswered.discard(topic)
            return topic, metadata.offset + count - 1

        return asyncio.ensure_future(last_offset())

    async def close(self) -> None:
        """Disconnect. With a transaction still open the broker aborts it at the next take-over."""
        if self._ending is not None:
            self._ending.cancel()
            await asyncio.gather(self._ending, return_exceptions=True)
        try:
            async with asyncio.timeout(self._timeout):
                await self._producer.stop()
        finally:
            async with asyncio.timeout(self._timeout):
                await self._ends.stop()
