"""What a transaction left behind that its broker acknowledged and did not end everywhere, and how a take-over mends it.

A broker that ends a transaction writes a marker to each partition of it. Kafka 4.3 and 4.4 write none to a partition
that has no leader at that moment, as while a broker stops or has just come back, and report the transaction as ended
all the same: their metadata cache answers "no such partition" for "no leader" (KAFKA-20734), which the coordinator
takes for a deleted topic. The records stay open. The next marker of the same producer ends them, whatever it says: a
commit would make an aborted step visible beside its repetition, an abort would undo a part of a committed one.

So nothing is committed on top of what is open: before a producer commits a transaction it asks whether the last one is
ended wherever it wrote (producer.py). What a take-over finds open is of the last transaction that was committed, or of
one begun behind it, and is aborted: nobody has seen it. Then at most the last step was seen in part:

- its record can be seen: the replay computes its outputs again, and those that cannot be seen are published;
- its record cannot, but something of it can: the record still stands in the journal, aborted, with at most that of the
  step begun behind it after it. The step is replayed from it, and record, offsets and the outputs that cannot be seen
  are published;
- nothing of it can be seen: it never was, and its input is decided anew.

Each of these may be cut short at any point and is done again by the next take-over. What fits none is a Doubt.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from aiokafka import TopicPartition

from risk_stream.kafka.failstop import Doubt
from risk_stream.kafka.journal import JournalEnd, JournalRecord, decode, verify
from risk_stream.kafka.producer import PartitionProducer, Write
from risk_stream.kafka.range_reader import RangeReader
from risk_stream.messages.packed import Event

SETTLES_S = 3.0
"""Markers are written before the fence is answered, but seen only when the replicas have them: milliseconds."""

POLL_S = 0.25

NEXT_STEP = "docs/finality.md, 'Left open', says what to look at"

log = logging.getLogger(__name__)

Committed = Callable[[TopicPartition], Awaitable[int | None]]
"""The group's committed offset of a partition, None when it has none."""


async def end_what_is_left_open(
    reader: RangeReader, written: RangeReader, producer: PartitionProducer, outputs: Sequence[TopicPartition]
) -> None:
    """Return when everything the producer writes to is ended up to its last record; Doubt when that cannot be had.

    `written` reads what is neither committed nor aborted as well. To be called when the transactional id is taken and
    before anything is written. All outputs get a marker: a batch that is still on its way from the old owner is
    refused by those it has passed.
    """
    left = await _left_open(reader, written, outputs)
    if not left:
        return
    named = ", ".join(f"{tp.topic}/{tp.partition}" for tp in left)
    log.warning("%s: left open by a transaction that the broker gave up without telling them; aborted now", named)
    await producer.abort_left_open(outputs)
    if await _left_open(reader, written, outputs):
        raise Doubt(
            f"{named}: left open by a transaction that is not ours, or that cannot be ended. Start the worker again, "
            f"once; if it ends the same way: {NEXT_STEP}"
        )


async def _left_open(
    reader: RangeReader, written: RangeReader, outputs: Sequence[TopicPartition]
) -> list[TopicPartition]:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + SETTLES_S
    while True:
        ends, stable = await written.bounds(outputs), await reader.bounds(outputs)
        left = [tp for tp in outputs if stable[tp][1] < ends[tp][1]]
        if not left or loop.time() > deadline:
            return left
        await asyncio.sleep(POLL_S)


async def step_without_record(
    written: RangeReader,
    journal: TopicPartition,
    shown: Mapping[TopicPartition, Any],
    end: JournalEnd,
    moved: Mapping[TopicPartition, tuple[str, int | None]],
) -> JournalRecord | None:
    """The step behind the journal's end of which something can be seen though its record cannot; None without any.

    `shown` are the last records of a step's outputs that can be seen; `moved` tells kind (values, orders) and committed
    offset of both inputs.
    """
    signs: list[tuple[str, str, int]] = []
    position = {"values": end.values_to, "orders": end.orders_to}
    for tp, (kind, offset) in moved.items():
        if offset is not None and offset > position[kind]:
            signs.append(
                (f"{tp.topic} is committed up to {offset}, the journal ends at {position[kind]}", kind, offset - 1)
            )
    for tp, record in shown.items():
        if tp == journal:
            continue
        kind, offset = source_of(tp.topic, record)
        if offset >= {**position, "controls": end.controls + 1}[kind]:
            signs.append((f"{tp.topic}@{record.offset} can be seen, its step is not in the journal", kind, offset))
    if not signs:
        return None
    # Of the step behind it something may have been written, too: it is begun while this one's end is asked for.
    last = (await written.last([journal], lambda _, record: decode(record.value).seq <= end.seq + 1)).get(journal)
    step = None if last is None else decode(last.value)
    if step is None or step.seq <= end.seq:
        raise Doubt(f"{signs[0][0]}: {NEXT_STEP}")
    verify(end, step)
    for sign, kind, offset in signs:
        if not is_of(step, end.controls, kind, offset):
            raise Doubt(f"{sign}, and it is not of step {step.seq}, which was written last there: {NEXT_STEP}")
    log.warning("journal: step %d was seen and its record undone by the broker; it is published again", step.seq)
    return step


async def unseen(
    written: RangeReader,
    shown: Mapping[TopicPartition, Any],
    partition: int,
    step: JournalRecord,
    controls_before: int,
    writes: Sequence[Write],
) -> list[Write]:
    """Those writes of the last step that cannot be seen. A transaction's records of a partition are seen as a whole.

    Bytes are compared, and where they come from: two bad records may leave the same dead letter. Doubt when something
    else of the same step can be seen.
    """
    missing = []
    for write in writes:
        if not write.records.size:
            continue
        tp = TopicPartition(write.topic, partition)
        (expected,) = write.records.part(write.records.size - 1, write.records.size).events()
        record = shown.get(tp)
        if record is None:
            if not await _is_no_longer_kept(written, tp, expected):
                missing.append(write)
        elif not _is_same(tp.topic, record, expected):
            if is_of(step, controls_before, *source_of(tp.topic, record)):
                raise Doubt(f"{tp.topic}@{record.offset} is of step {step.seq}, which has other outputs: {NEXT_STEP}")
            missing.append(write)
    if missing:
        log.warning("step %d: %s not seen yet; published now", step.seq, ", ".join(write.topic for write in missing))
    return missing


async def _is_no_longer_kept(written: RangeReader, tp: TopicPartition, expected: Event) -> bool:
    """Whether what was published has been deleted since, of age: it would stand there otherwise, seen or aborted."""
    if (await written.bounds([tp]))[tp][0] == 0:
        return False
    record = (await written.last([tp], tells_source)).get(tp)
    return record is None or not _is_same(tp.topic, record, expected)


def _is_same(topic: str, record: Any, expected: Event) -> bool:
    return bool(record.value == expected.value and source_of(topic, record) == source_of(topic, expected))


def is_of(step: JournalRecord, controls_before: int, kind: str, offset: int) -> bool:
    """Whether a step handled this input; the one before it knew the controls up to `controls_before`."""
    controls = controls_before + 1, step.controls + 1
    first, stop = {"orders": step.orders, "values": step.values, "controls": controls}[kind]
    return first <= offset < stop


def tells_source(tp: TopicPartition, record: Any) -> bool:
    """Whether an output says what it comes from, as all of ours do: another program's is not looked at."""
    with suppress(Doubt):
        source_of(tp.topic, record)
        return True
    return False


def source_of(topic: str, record: Any) -> tuple[str, int]:
    """Kind and offset of the input that caused an output, by its header, else by its payload; Doubt without either."""
    try:
        headers = dict(record.headers)
        if "ce_source" in headers:
            source, _, place = headers["ce_source"].decode().rpartition("/")
            kind = next(name for name in ("orders", "values", "controls") if source.endswith(name))
            return kind, int(place.rpartition("@")[2])
        payload = json.loads(record.value)
        if "decision_id" in payload:
            return "orders", int(payload["decision_id"].rpartition("-")[2])
        return "values", int(payload["inputs"]["value"].rpartition("@")[2])
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
        raise Doubt(f"{topic}: an output does not say what it comes from ({error!r}): {NEXT_STEP}") from error
