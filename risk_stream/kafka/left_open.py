"""What an earlier owner's transaction left open although the broker reports it as ended, and how a take-over ends it.

A broker that ends a transaction writes a marker to each partition of it. Kafka 4.3 and 4.4 write none to a partition
that has no leader at that moment, as while a broker stops or has just come back, and report the transaction as ended
all the same: their metadata cache answers "no such partition" for "no leader" (KAFKA-20734), which the coordinator
takes for a deleted topic. The records stay open. The next marker of the same producer ends them, whatever it says: a
commit would make an aborted step visible beside its repetition, an abort would undo a part of a committed one.

So nothing is written on top of what is open: a producer asks before each transaction whether the last one is ended
wherever it wrote (producer.py), and a take-over ends what is left by a marker of its own before anything else. What is
open is then of one transaction, and what can be seen tells how that one ended: where any part of its step can be seen,
it was committed, and the rest of it is committed now; where none can be, it is aborted and the step decided anew.
What fits neither is a Doubt. Of a snapshot either is right: a changelog that lacks what the disk has is not trusted
(changelog.py).
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from aiokafka import TopicPartition

from risk_stream.kafka.failstop import Doubt
from risk_stream.kafka.journal import JournalEnd, JournalRecord, beginning, decode, end_after, verify
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
        steps = await _steps(reader, outputs, left)
        moved = [await committed(tp) for tp in inputs]
        commit = _moved_by_the_open_step(steps, inputs, moved)
        commit |= await _seen_in_outputs(reader, steps, outputs, left)
    except Doubt as doubt:
        raise Doubt(f"{named}: left open by a transaction, and {doubt}: {NEXT_STEP}") from doubt
    log.warning(
        "%s: left open by a transaction that the broker gave up without telling them; %s now",
        named,
        "committed, as the rest of it was," if commit else "aborted",
    )
    await producer.end_left_open([tp.topic for tp in outputs.values()], commit)
    if await _left_open(reader, outputs):
        raise Doubt(f"{named}: left open by a transaction that is not ours: {NEXT_STEP}")


async def _left_open(reader: RangeReader, outputs: Outputs) -> dict[str, int]:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + SETTLES_S
    while (left := await reader.left_open(outputs.values())) and loop.time() < deadline:
        await asyncio.sleep(POLL_S)
    return {name: left[tp] for name, tp in outputs.items() if tp in left}


@dataclass(frozen=True, slots=True)
class Steps:
    """The journal's last step that can be seen, where it ends, and the one behind it that is left open."""

    last: JournalRecord | None
    end: JournalEnd
    open: JournalRecord | None


async def _steps(reader: RangeReader, outputs: Outputs, left: Mapping[str, int]) -> Steps:
    journal = outputs[JOURNAL]
    record = await reader.last(journal)
    last = None if record is None else decode(record.value)
    if last is None and (await reader.bounds([journal]))[journal][0] > 0:
        raise Doubt("the journal's last step is not kept")
    end = beginning(0, 0) if last is None else end_after(last)
    if JOURNAL not in left:
        return Steps(last, end, None)
    if left[JOURNAL] > 1:
        raise Doubt(f"the journal has {left[JOURNAL]} open records, of more than one step")
    opened = decode((await reader.first_open(journal)).value)
    verify(end, opened)
    return Steps(last, end, opened)


def _moved_by_the_open_step(steps: Steps, inputs: Collection[TopicPartition], moved: Collection[int | None]) -> bool:
    """Whether the group's offsets, which are part of each step, stand where the open step ends."""
    opened = (None, None) if steps.open is None else (steps.open.values[1], steps.open.orders[1])
    seen = False
    for tp, position, behind, offset in zip(
        inputs, (steps.end.values_to, steps.end.orders_to), opened, moved, strict=True
    ):
        if offset is not None and offset > position:
            if offset != behind:
                raise Doubt(f"{tp.topic} is committed up to {offset}, the journal ends at {position}")
            seen = True
    return seen


async def _seen_in_outputs(reader: RangeReader, steps: Steps, outputs: Outputs, left: Collection[str]) -> bool:
    """Whether a part of the transaction can be seen: an output of the open step, or the journal's step itself."""
    seen = False
    ended = set[bool]() if steps.open is None else {False}  # of each open output: whether the journal has its step
    for name, tp in outputs.items():
        if name in (JOURNAL, CHANGELOG):
            continue
        last = await reader.last(tp)
        shown = Place.EARLIER if last is None else _place(steps, tp.topic, last)
        if shown is Place.BEHIND:
            raise Doubt(f"{tp.topic}@{last.offset} can be seen, its step is not in the journal")
        seen |= shown is Place.OPEN
        if name in left:
            record = await reader.first_open(tp)
            hidden = _place(steps, tp.topic, record)
            if hidden in (Place.EARLIER, shown):
                raise Doubt(f"{tp.topic}@{record.offset} is of a step of which others can be seen there")
            ended.add(hidden is Place.LAST)
    if len(ended) > 1:
        raise Doubt("what is open is of more than one step")
    return seen or True in ended


class Place(Enum):
    """Which step an output is of."""

    EARLIER, LAST, OPEN, BEHIND = range(4)
    """One before the journal's last, its last, the one left open, none of them but of input behind the journal's."""


def _place(steps: Steps, topic: str, record: Any) -> Place:
    kind, offset = _source(topic, record)
    if _is_behind(steps.end, kind, offset):
        if steps.open is None:
            return Place.BEHIND
        if _is_of(steps.open, steps.end.controls, kind, offset):
            return Place.OPEN
        raise Doubt(f"{topic}@{record.offset} is of another step than the journal's open one")
    # The version before the last step's is not known: an answer to an earlier control counts as one of the last step.
    return Place.LAST if steps.last is not None and _is_of(steps.last, -1, kind, offset) else Place.EARLIER


def _is_behind(end: JournalEnd, kind: str, offset: int) -> bool:
    """Whether input stands behind what the journal reaches."""
    return offset >= {"orders": end.orders_to, "values": end.values_to, "controls": end.controls + 1}[kind]


def _is_of(step: JournalRecord, controls_before: int, kind: str, offset: int) -> bool:
    """Whether a step handled this input."""
    first, stop = {
        "orders": step.orders,
        "values": step.values,
        "controls": (controls_before + 1, step.controls + 1),
    }[kind]
    return first <= offset < stop


def _source(topic: str, record: Any) -> tuple[str, int]:
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
        raise Doubt(f"{topic}@{record.offset} does not say what it comes from ({error!r})") from error
