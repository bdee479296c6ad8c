"""What an earlier owner's transaction left open although the broker reports it as ended, and how a take-over ends it.

A broker that ends a transaction writes a marker to each partition of it. Kafka 4.4 writes none to a partition that has
no leader at that moment, as in the first instants after a restart, and reports the transaction as ended all the same:
its metadata cache answers "no such partition" for "no leader" (KRaftMetadataCache.getPartitionLeaderEndpoint), which
the coordinator takes for a deleted topic. The records stay open. The next marker of the same producer ends them,
whatever it says: the commit of the first step after a crash would make an aborted step visible beside its repetition.

So nothing is written before every output stands ended up to its last record. Steps that nobody can have seen any part
of are aborted here by markers of our own; anything else is a Doubt: no marker would be right for all topics. Of a
snapshot either is right: a changelog that lacks what the disk has is not trusted (changelog.py).
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiokafka import TopicPartition

from risk_stream.kafka.failstop import Doubt
from risk_stream.kafka.journal import JournalEnd, beginning, decode, end_after, verify
from risk_stream.kafka.producer import PartitionProducer
from risk_stream.kafka.range_reader import RangeReader

SETTLES_S = 3.0
"""Markers are written before the fence is answered, but seen only when the replicas have them: milliseconds."""

POLL_S = 0.25

JOURNAL, CHANGELOG = "journal", "changelog"
NEXT_STEP = "docs/finality.md, 'Left open', says what to look at"

log = logging.getLogger(__name__)

Outputs = Mapping[str, TopicPartition]
"""Every topic that the producer writes to, by its name without prefix; the changelog as CHANGELOG."""


async def end_what_is_left_open(
    reader: RangeReader,
    producer: PartitionProducer,
    outputs: Outputs,
    inputs: tuple[TopicPartition, TopicPartition],
    committed: Callable[[TopicPartition], Awaitable[int | None]],
) -> None:
    """Return when all outputs are ended up to their last record; Doubt when that cannot be had without guessing.

    `inputs` are values and orders. To be called when the transactional id is taken and before anything is written.
    """
    left = await _left_open(reader, outputs)
    if not left:
        return
    named = ", ".join(f"{outputs[name].topic}/{outputs[name].partition}" for name in left)
    try:
        await _check_unseen(reader, outputs, left, inputs, committed)
    except Doubt as doubt:
        raise Doubt(f"{named}: left open by a transaction, and {doubt}: {NEXT_STEP}") from doubt
    log.warning("%s: left open by a transaction that the broker gave up without telling them; aborted", named)
    await producer.abort_left_open([tp.topic for tp in outputs.values()])
    if await _left_open(reader, outputs):
        raise Doubt(f"{named}: left open by a transaction that is not ours: {NEXT_STEP}")


async def _left_open(reader: RangeReader, outputs: Outputs) -> list[str]:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + SETTLES_S
    while (left := await reader.left_open(outputs.values())) and loop.time() < deadline:
        await asyncio.sleep(POLL_S)
    return [name for name, tp in outputs.items() if tp in left]


async def _check_unseen(
    reader: RangeReader,
    outputs: Outputs,
    left: list[str],
    inputs: tuple[TopicPartition, TopicPartition],
    committed: Callable[[TopicPartition], Awaitable[int | None]],
) -> None:
    """Doubt unless all that is open is of input behind the journal's end, and nothing else is: nobody saw it then."""
    end = await _journal_end(reader, outputs[JOURNAL])
    for tp, position in zip(inputs, (end.values_to, end.orders_to), strict=True):
        offset = await committed(tp)
        if offset is not None and offset > position:
            raise Doubt(f"{tp.topic} is committed up to {offset}, the journal ends at {position}")
    for name, tp in outputs.items():
        if name in (JOURNAL, CHANGELOG):
            continue
        if name in left:
            record = await reader.first_open(tp)
            if not _is_behind(end, record):
                raise Doubt(f"{tp.topic}@{record.offset} is of a step that the journal has")
        else:
            record = await reader.last(tp)
            if record is not None and _is_behind(end, record):
                raise Doubt(f"{tp.topic}@{record.offset} can be seen, its step is not in the journal")
    if JOURNAL in left:
        verify(end, decode((await reader.first_open(outputs[JOURNAL])).value))


async def _journal_end(reader: RangeReader, journal: TopicPartition) -> JournalEnd:
    last = await reader.last(journal)
    if last is not None:
        return end_after(decode(last.value))
    if (await reader.bounds([journal]))[journal][1] > 0:
        raise Doubt("the journal's last step is not kept")
    return beginning(0, 0)


def _is_behind(end: JournalEnd, record: Any) -> bool:
    """Whether the record comes from input that the journal does not reach; Doubt when it does not say where from."""
    try:
        topic, offset = _source(record)
        return offset >= {"orders": end.orders_to, "values": end.values_to, "controls": end.controls + 1}[topic]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Doubt(f"{record.topic}@{record.offset} does not say what it comes from ({error!r})") from error


def _source(record: Any) -> tuple[str, int]:
    """Kind and offset of the input that caused an output: by its header, else by its payload."""
    headers = dict(record.headers)
    if "ce_source" in headers:
        topic, _, place = headers["ce_source"].decode().rpartition("/")
        kind = next(name for name in ("orders", "values", "controls") if topic.endswith(name))
        return kind, int(place.rpartition("@")[2])
    payload = json.loads(record.value)
    if "decision_id" in payload:
        return "orders", int(payload["decision_id"].rpartition("-")[2])
    return "values", int(payload["inputs"]["value"].rpartition("@")[2])
