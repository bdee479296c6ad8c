"""The brokers that lead one partition number of several topics: batches go to them, and what can be seen is asked of
them.

One request a leader at a time, one batch a topic in it. Batches carry the producer's sequence numbers, so a broker
takes a batch once, however often it has to be sent.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping

from aiokafka import TopicPartition
from aiokafka import errors as kafka
from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.protocol.offset import OffsetRequest

from risk_stream.kafka.coordinator import LOST, LOST_PAUSE_S, ProducerIdentity
from risk_stream.kafka.failstop import Doubt
from risk_stream.kafka.produce_request import ProduceRequest
from risk_stream.kafka.record_batch import RecordBatch
from risk_stream.kafka.refusals import ENDED_BY, REFUSALS, made_anew, refusal

AGAIN_PAUSE_S = 0.005
"""A broker refuses records while the coordinator still adds something else to the same transaction: offsets that are
moved beside them, in 1 of 100 steps. They are sent again after this."""

READ_COMMITTED = 1
LATEST = -1
NO_REPLICA = -1
SEQUENCES = 1 << 31

Answers = list[tuple[str, int, int]]
"""Topic, error code and offset."""


class Leaders:
    """Of partition `partition`. Asks for ever: callers set the limit."""

    def __init__(
        self, client: AIOKafkaClient, partition: int, transactional_id: str | None, request_timeout_s: float
    ) -> None:
        self._client = client
        self._partition = partition
        self._transactional_id = transactional_id
        self._timeout_ms = int(request_timeout_s * 1000)
        self._identity = ProducerIdentity(-1, -1)
        self._sequences: dict[str, int] = {}
        self._lasts: dict[str, int] = {}
        """The last offset known to be taken, of each topic."""
        self._topics: set[str] = set()
        self.unanswered: set[str] = set()
        """Topics of batches that were sent and not acknowledged yet."""

    def sent_by(self, identity: ProducerIdentity) -> None:
        """Who sends from here on; sequence numbers begin anew."""
        self._identity, self._sequences = identity, {}

    async def learn(self, topics: Iterable[str]) -> None:
        """Know a leader of each of these topics, and where each ends: what is sent must come behind it."""
        self._lasts = {topic: end - 1 for topic, end in (await self.stable_ends(topics)).items()}

    async def send(self, batches: Mapping[str, RecordBatch]) -> dict[str, int]:
        """Send a batch to each of these topics; the offset of each one's last record, once all are acknowledged.

        Doubt when one is refused, when the broker has it already and does not say where, and when it lies where
        something else lay: the topic is another one.
        """
        for topic, batch in batches.items():
            sequence = self._sequences.get(topic, 0)
            batch.stamp(*self._identity, sequence)
            self._sequences[topic] = (sequence + batch.count) % SEQUENCES
            await batch.turn()
        self.unanswered = set(batches)

        async def produce(node: int, topics: list[str]) -> Answers:
            data = {topic: batches[topic].data for topic in topics}
            request = ProduceRequest(self._transactional_id, self._timeout_ms, self._partition, data)
            response = await self._client.send(node, request)
            return [(topic, code, offset) for topic, [[_, code, offset, *_]] in response.topics]

        def taken(topic: str, error: kafka.KafkaError) -> None:
            if isinstance(error, REFUSALS):
                raise Doubt(refusal(topic, len(batches[topic].data), error))
            if type(error) in ENDED_BY:
                raise Doubt(ENDED_BY[type(error)])
            if isinstance(error, kafka.DuplicateSequenceNumber):
                raise Doubt(f"{topic}: the broker has what was sent, and does not say at which offset")
            if not error.retriable:
                raise error

        firsts = await self._ask(batches, produce, taken)
        self.unanswered = set()
        for topic, first in firsts.items():
            if first < 0:
                raise Doubt(f"{topic}: the broker has what was sent, and does not say at which offset")
            if first <= (last := self._lasts.get(topic, -1)):
                raise Doubt(made_anew(topic, first, last))
        lasts = {topic: first + batches[topic].count - 1 for topic, first in firsts.items()}
        self._lasts |= lasts
        return lasts

    async def stable_ends(self, topics: Iterable[str]) -> dict[str, int]:
        """Up to which offset each topic can be read by a reader of committed records."""

        async def ends(node: int, some: list[str]) -> Answers:
            data = [(topic, [(self._partition, LATEST)]) for topic in some]
            # Not on the connection that records go over: a broker handles what comes over one in turn.
            response = await self._client.send(
                node, OffsetRequest(NO_REPLICA, READ_COMMITTED, data), group=ConnectionGroup.COORDINATION
            )
            return [(topic, code, offset) for topic, [[_, code, *_, offset]] in response.topics]

        def told(topic: str, error: kafka.KafkaError) -> None:
            if not error.retriable:
                raise error

        return await self._ask(topics, ends, told)

    async def _ask(
        self,
        topics: Iterable[str],
        exchange: Callable[[int, list[str]], Awaitable[Answers]],
        judge: Callable[[str, kafka.KafkaError], None],
    ) -> dict[str, int]:
        """An offset for each topic: of its leader, or of the next one. `judge` raises what asking again cannot mend."""
        found: dict[str, int] = {}
        left = list(topics)
        while left:
            by_leader = await self._by_leader(left)
            asked = [self._heard(exchange, node, some) for node, some in by_leader.items()]
            # One leader, as a rule of small clusters, without a task of its own: two passes of the loop less.
            answers = [await asked[0]] if len(asked) == 1 else await asyncio.gather(*asked)
            stale = False
            for answer in answers:
                stale |= answer is None
                for topic, code, offset in answer or ():
                    if not code:
                        found[topic] = offset
                        continue
                    error = kafka.for_code(code)(topic)
                    judge(topic, error)
                    stale |= error.invalid_metadata
            left = [topic for topic in left if topic not in found]
            if stale:
                await self._look_again()
            elif left:
                await asyncio.sleep(AGAIN_PAUSE_S)
        return found

    async def _heard(
        self, exchange: Callable[[int, list[str]], Awaitable[Answers]], node: int, topics: list[str]
    ) -> Answers | None:
        try:
            return await exchange(node, topics)
        except LOST:
            return None

    async def _by_leader(self, topics: Iterable[str]) -> dict[int, list[str]]:
        wanted = list(topics)
        while True:
            found: dict[int, list[str]] = defaultdict(list)
            for topic in wanted:
                leader = self._client.cluster.leader_for_partition(TopicPartition(topic, self._partition))
                found[-1 if leader is None else leader].append(topic)
            if -1 not in found:
                return found
            if not self._topics.issuperset(wanted):
                self._topics.update(wanted)
                await self._client.set_topics(self._topics)
            else:
                await self._look_again()

    async def _look_again(self) -> None:
        """Ask for the leaders anew, not too often."""
        await asyncio.sleep(LOST_PAUSE_S)
        await self._client.force_metadata_update()
