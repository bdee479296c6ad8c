"""Asks the coordinator of a transactional id, or of a group, until it answers; and the transaction of one producer.

aiokafka's own producer makes a task of each request and of each look at what is to be done next: half of the time of a
small transaction (docs/performance.md). Here a transaction is a few requests one after the other, over its client.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka import errors as kafka
from aiokafka.client import AIOKafkaClient, ConnectionGroup, CoordinationType
from aiokafka.protocol.transaction import (
    AddOffsetsToTxnRequest,
    AddPartitionsToTxnRequest,
    EndTxnRequest,
    InitProducerIdRequest,
    TxnOffsetCommitRequest,
)

from risk_stream.kafka.failstop import Doubt
from risk_stream.kafka.refusals import ENDED_BY, forbidden

BUSY_PAUSE_S = 0.001
BUSY_PAUSE_S_MAX = 0.02
"""Kafka answers "concurrent transactions" while it writes the markers of the last one: some milliseconds, and for as
long as one of their leaders is missing. The pause doubles."""

LOST_PAUSE_S = 0.05
"""No answer, or another broker's turn: the metadata is asked for anew, and the coordinator looked up."""

LOST = (kafka.NodeNotReadyError, kafka.RequestTimedOutError, kafka.KafkaConnectionError, kafka.StaleMetadata)
"""A request to which there was no answer. All that are asked here may be repeated."""

ELSEWHERE = (kafka.CoordinatorNotAvailableError, kafka.NotCoordinatorError)
BUSY = (
    kafka.ConcurrentTransactions,
    kafka.CoordinatorLoadInProgressError,
    kafka.UnknownTopicOrPartitionError,  # of a topic that is still being made, to this broker
    kafka.RequestTimedOutError,
)
FORBIDDEN = (
    kafka.TopicAuthorizationFailedError,
    kafka.GroupAuthorizationFailedError,
    kafka.TransactionalIdAuthorizationFailed,
)


class ProducerIdentity(NamedTuple):
    """What a coordinator gave out. Whoever asks for the same transactional id next gets a greater epoch."""

    producer_id: int
    epoch: int


class Coordinator:
    """Whichever broker answers for one key at the time."""

    def __init__(self, client: AIOKafkaClient, kind: CoordinationType, key: str) -> None:
        self._client = client
        self._kind = kind
        self._key = key
        self._node: int | None = None

    async def ask(self, request: Any, about: str | None = None) -> Any:
        """Its answer, when that is no error. Asks for ever: the caller sets the limit.

        Doubt when the producer is fenced, its transaction over, or a right is missing (to `about`, else to the key);
        KafkaError for what else a broker will not do.
        """
        pause = BUSY_PAUSE_S
        while True:
            response = await self._response(request)
            errors = {} if response is None else _errors_of(response)
            if response is not None and not errors:
                return response
            if response is None or any(isinstance(error, ELSEWHERE) for error in errors):
                self._node = None
                await self._client.force_metadata_update()
                await asyncio.sleep(LOST_PAUSE_S)
                continue
            refused = [error for error in errors if not isinstance(error, (*BUSY, kafka.OperationNotAttempted))]
            if refused:
                raise _final(refused[0], errors[refused[0]] or {about or self._key})
            await asyncio.sleep(pause)
            pause = min(2 * pause, BUSY_PAUSE_S_MAX)

    async def _response(self, request: Any) -> Any:
        try:
            if self._node is None:
                self._node = await self._client.coordinator_lookup(self._kind, self._key)
            return await self._client.send(self._node, request, group=ConnectionGroup.COORDINATION)
        except (*LOST, *ELSEWHERE, kafka.CoordinatorLoadInProgressError):
            return None
        except FORBIDDEN as error:
            raise _final(error, {self._key}) from error


class Transaction:
    """The transactions of one producer, one after the other: who it is, what belongs to one, how it ends."""

    def __init__(self, client: AIOKafkaClient, transactional_id: str, group: str, timeout_s: float) -> None:
        """`timeout_s` is after what the broker aborts a transaction by itself."""
        self._id = transactional_id
        self._group = group
        self._timeout_ms = int(timeout_s * 1000)
        self._transactions = Coordinator(client, CoordinationType.TRANSACTION, transactional_id)
        self._offsets = Coordinator(client, CoordinationType.GROUP, group)
        self._identity: ProducerIdentity | None = None

    async def start(self) -> ProducerIdentity:
        """Take the id: whoever held it is fenced, and a transaction it left is aborted before this returns."""
        response = await self._transactions.ask(InitProducerIdRequest(self._id, self._timeout_ms))
        self._identity = ProducerIdentity(response.producer_id, response.producer_epoch)
        return self._identity

    async def add(self, partitions: Sequence[TopicPartition]) -> None:
        """Make these part of the transaction, and begin one when there is none. Nothing may be sent to them before."""
        topics = [(tp.topic, [tp.partition]) for tp in partitions]
        await self._transactions.ask(AddPartitionsToTxnRequest(self._id, *self._who(), topics))

    async def move(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Move the group's offsets, as part of the transaction."""
        await self._transactions.ask(AddOffsetsToTxnRequest(self._id, *self._who(), self._group), self._group)
        topics = [(tp.topic, [(tp.partition, offset, "")]) for tp, offset in offsets.items()]
        await self._offsets.ask(TxnOffsetCommitRequest(self._id, self._group, *self._who(), topics))

    async def end(self, commit: bool) -> None:
        """Commit or abort it. What it wrote can be seen, or not, when its markers are written: some milliseconds."""
        await self._transactions.ask(EndTxnRequest(self._id, *self._who(), commit))

    def _who(self) -> ProducerIdentity:
        assert self._identity is not None, "not started"
        return self._identity


def _errors_of(response: Any) -> dict[kafka.KafkaError, set[str]]:
    """What a coordinator's answer holds against the request, and the topics where it tells them apart."""
    if hasattr(response, "error_code"):
        return {} if not response.error_code else {kafka.for_code(response.error_code)(): set()}
    found: dict[int, set[str]] = {}
    for topic, code in _codes(response.errors):
        found.setdefault(code, set()).add(topic)
    return {kafka.for_code(code)(): topics for code, topics in found.items()}


def _codes(errors: Sequence[tuple[str, Sequence[tuple[int, int]]]]) -> Iterator[tuple[str, int]]:
    return ((topic, code) for topic, partitions in errors for _, code in partitions if code)


def _final(error: Exception, named: set[str]) -> Exception:
    """What to raise for an answer that comes again however often it is asked for."""
    if type(error) in ENDED_BY:
        return Doubt(ENDED_BY[type(error)])
    return Doubt(forbidden(type(error)(named))) if isinstance(error, FORBIDDEN) else error
