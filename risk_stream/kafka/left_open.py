"""What an earlier owner's transaction left open although the broker reports it as ended, and how a take-over ends it.

A broker that ends a transaction writes a marker to each partition of it. Kafka 4.4 writes none to a partition that has
no leader at that moment, as in the first instants after a restart, and reports the transaction as ended all the same:
its metadata cache answers "no such partition" for "no leader" (KRaftMetadataCache.getPartitionLeaderEndpoint), which
the coordinator takes for a deleted topic. The records stay open. The next marker of the same producer ends them,
whatever it says: the commit of the first step after a crash would make an aborted step visible beside its repetition.

So nothing is written before every output stands ended up to its last record. What cannot have been committed is aborted
here by markers of our own; what may have been is a Doubt: no rule would be right for all its topics. Of a snapshot
either is right: rows that the changelog lacks are rebuilt from the journal.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence

from aiokafka import TopicPartition

from risk_stream.kafka.failstop import Doubt
from risk_stream.kafka.journal import JournalEnd, beginning, decode, end_after
from risk_stream.kafka.producer import PartitionProducer
from risk_stream.kafka.range_reader import RangeReader

SETTLES_S = 3.0
"""Markers are written before the fence is answered, but seen only when the replicas have them: milliseconds."""

POLL_S = 0.05

NEXT_STEP = (
    "docs/finality.md, 'Left open', says what to look at; kafka-transactions.sh find-hanging names the transaction"
)

log = logging.getLogger(__name__)


async def end_what_is_left_open(
    reader: RangeReader,
    producer: PartitionProducer,
    journal: TopicPartition,
    decisions: TopicPartition,
    changelog: TopicPartition,
    others: Sequence[TopicPartition],
    inputs: tuple[TopicPartition, TopicPartition],
    committed: Callable[[TopicPartition], Awaitable[int | None]],
) -> None:
    """Return when all outputs are ended up to their last record; Doubt when that cannot be had without guessing.

    `inputs` are values and orders. To be called when the transactional id is taken and before anything is written.
    """
    outputs = [journal, decisions, changelog, *others]
    left = await _left_open(reader, outputs)
    if not left:
        return
    named = ", ".join(f"{tp.topic}/{tp.partition}" for tp in left)
    end = await _journal_end(reader, journal)
    if journal in left:
        await _check_unseen(reader, end, decisions, inputs, committed)
    elif left != [changelog] and not (decisions in left and await _is_behind(reader, end, decisions)):
        raise Doubt(f"{named}: left open by a transaction that the journal may have: {NEXT_STEP}")
    log.warning("%s: left open by a transaction that the broker gave up without telling them; aborted", named)
    await producer.abort_left_open([tp.topic for tp in outputs])
    left = await _left_open(reader, outputs)
    if left:
        named = ", ".join(f"{tp.topic}/{tp.partition}" for tp in left)
        raise Doubt(f"{named}: left open by a transaction of another producer: {NEXT_STEP}")


async def _left_open(reader: RangeReader, outputs: list[TopicPartition]) -> list[TopicPartition]:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + SETTLES_S
    while (left := await reader.left_open(outputs)) and loop.time() < deadline:
        await asyncio.sleep(POLL_S)
    return left


async def _journal_end(reader: RangeReader, journal: TopicPartition) -> JournalEnd:
    last = await reader.last(journal)
    return beginning(0, 0) if last is None else end_after(decode(last.value))


async def _is_behind(reader: RangeReader, end: JournalEnd, decisions: TopicPartition) -> bool:
    """Whether the decisions left open are of orders behind the journal's end: their step was aborted."""
    return _order_offset((await reader.first_open(decisions)).value) >= end.orders_to


async def _check_unseen(
    reader: RangeReader,
    end: JournalEnd,
    decisions: TopicPartition,
    inputs: tuple[TopicPartition, TopicPartition],
    committed: Callable[[TopicPartition], Awaitable[int | None]],
) -> None:
    """Doubt when anybody may have seen the step that is to be aborted: it was committed then."""
    for tp, position in zip(inputs, (end.values_to, end.orders_to), strict=True):
        offset = await committed(tp)
        if offset is not None and offset > position:
            raise Doubt(f"{tp.topic} is committed up to {offset}, the journal is open behind {position}: {NEXT_STEP}")
    last = await reader.last(decisions)
    if last is not None and _order_offset(last.value) >= end.orders_to:
        seen = f"{decisions.topic}/{decisions.partition}@{last.offset}"
        raise Doubt(f"{seen} can be seen, the journal is open behind order {end.orders_to}: {NEXT_STEP}")


def _order_offset(decision: bytes) -> int:
    return int(json.loads(decision)["decision_id"].rpartition("-")[2])
