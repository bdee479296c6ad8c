"""Reads `violations` for one handler: a consumer group of its own, committed records only, its own pace and offsets."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from risk_stream.handlers.hearing import Hearing
from risk_stream.handlers.progress import Progress
from risk_stream.kafka.connection import Connection
from risk_stream.kafka.reader import missing

log = logging.getLogger(__name__)

TIMEOUT_S = 30.0
POLL_MS = 200


class ViolationsConsumer(ConsumerRebalanceListener):  # type: ignore[misc]
    """Where a handler's violations come from, and where it says what is done. Use it in `async with`."""

    def __init__(self, connection: Connection, topic: str, group: str, *, from_beginning: bool = False) -> None:
        self.progress: Progress[TopicPartition] = Progress()
        self._connection = connection
        self._topic = topic
        self._group = group
        self._from_beginning = from_beginning
        self._read_to: dict[TopicPartition, int] = {}
        self._reading: asyncio.Task[Any] | None = None
        # Both are made when it is started: a client that never is would have to be closed all the same.
        self._consumer: AIOKafkaConsumer
        self._hearing: Hearing
        self.assigned = False
        """The group has given it partitions (it may be none, when there are more processes than partitions)."""

    def _client(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **self._connection.client_options(),
            client_id=self._group,
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",  # when retention overtakes a slow handler
            isolation_level="read_committed",
            request_timeout_ms=int(TIMEOUT_S * 1000),
        )

    async def __aenter__(self) -> "ViolationsConsumer":
        self._consumer = self._client()
        self._hearing = Hearing(self._consumer)
        try:
            async with asyncio.timeout(2 * TIMEOUT_S):
                await self._place_new_group()
                await self._consumer.start()
        except BaseException:
            await self._consumer.stop()
            raise
        self._consumer.subscribe([self._topic], listener=self)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._consumer.stop()
        except TimeoutError:
            log.warning("%s: the broker was not told that it ends, and will see by its silence", self._group)

    @property
    def silence_s(self) -> float:
        """For how long the broker has not answered; to be asked only when assigned."""
        return self._hearing.silence_s()

    @property
    def lag(self) -> int:
        """Offsets between what was read and the end, over the partitions of this process, as far as it is known."""
        ends = {tp: self._consumer.last_stable_offset(tp) for tp in self._consumer.assignment()}
        return sum(max(0, end - self._read_to.get(tp, end)) for tp, end in ends.items() if end is not None)

    async def read(self, room: int) -> list[Any]:
        """At most `room` records, within 2 * POLL_MS; none when there is no room: that keeps its place in the group."""
        paused, assignment = self._consumer.paused(), self._consumer.assignment()
        if room <= 0:
            self._consumer.pause(*(assignment - paused))
        elif paused:
            self._consumer.resume(*paused)
        if self._reading is None:
            poll = self._consumer.getmany(timeout_ms=POLL_MS, max_records=max(room, 1))
            self._reading = asyncio.create_task(poll, name="read")
        # While its group shares out the partitions the client heeds no timeout of its own: it is left to it until then.
        await asyncio.wait([self._reading], timeout=2 * POLL_MS / 1000)
        if not self._reading.done():
            return []
        done, self._reading = self._reading, None
        records = [record for batch in done.result().values() for record in batch]
        for record in records:
            tp = TopicPartition(record.topic, record.partition)
            self._read_to[tp] = record.offset + 1
            self.progress.take(tp, record.offset)
        return records

    def is_ours(self, record: Any) -> bool:
        """Whether it is still to be done here: not after its partition went to another process."""
        return self.progress.is_taken(TopicPartition(record.topic, record.partition), record.offset)

    def done(self, record: Any) -> None:
        """It was dealt with."""
        self.progress.done(TopicPartition(record.topic, record.partition), record.offset)

    async def commit(self) -> None:
        """Tell the broker what is done. When that fails the next commit says it all; at worst some come again."""
        offsets = self.progress.committable()
        if not offsets:
            return
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._consumer.commit(offsets)
        except (KafkaError, TimeoutError) as error:
            log.warning("%s: commit failed, some violations may come again: %s", self._group, error or type(error))
        else:
            self.progress.committed(offsets)

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """They may go to another process: commit what is done, drop the rest."""
        await self.commit()
        for tp in revoked:
            self.progress.forget(tp)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Reading goes on at what was committed."""
        self.assigned = True
        log.info("%s: reads partitions %s", self._group, sorted(tp.partition for tp in assigned))

    async def _place_new_group(self) -> None:
        """A new handler starts with what is violated from now on, not with years of history.

        Said to the broker before anything is read: a process that dies before its first violation comes back here.
        """
        async with self._client() as consumer:
            # All topics, not this one: asking for one that is not there may create it on a foreign cluster.
            metadata = await consumer._client.fetch_all_metadata()
            numbers = metadata.partitions_for_topic(self._topic)
            if not numbers:
                raise missing(self._topic)
            partitions = [TopicPartition(self._topic, number) for number in sorted(numbers)]
            consumer.assign(partitions)
            known = {tp: await consumer.committed(tp) for tp in partitions}
            new = [tp for tp in partitions if known[tp] is None]
            if not new:
                return
            ask: Callable[[list[TopicPartition]], Any] = (
                consumer.beginning_offsets if self._from_beginning else consumer.end_offsets
            )
            try:
                await consumer.commit(await ask(new))
                where = "first violation kept" if self._from_beginning else "end"
                log.warning("%s: knows no place on %d partitions, starts at the %s", self._group, len(new), where)
            except KafkaError as error:  # a member of the group is at work, and has said it
                log.info("%s: not placed by this process: %s", self._group, error)
