"""Takes a partition over, at every assignment: fence the old owner, bring the rows up to date, replay the journal.

Nothing is remembered from an earlier ownership, and nothing is swallowed: what does not fit ends the process.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError

from risk_stream.kafka.changelog import Untrusted, catch_up
from risk_stream.kafka.config import WorkerConfig
from risk_stream.kafka.controls import ControlsReader
from risk_stream.kafka.failpoints import failpoint
from risk_stream.kafka.failstop import Doubt
from risk_stream.kafka.journal import FIRST_SEQ, JournalEnd, JournalRecord, Range, beginning, decode, end_after, verify
from risk_stream.kafka.left_open import (
    NEXT_STEP,
    Committed,
    end_what_is_left_open,
    step_without_record,
    tells_source,
    unseen,
)
from risk_stream.kafka.pace import PacedEngine
from risk_stream.kafka.ports import EngineFactory, StepOutputPort
from risk_stream.kafka.producer import PartitionProducer
from risk_stream.kafka.range_reader import RangeCursor, RangeReader
from risk_stream.kafka.refusals import forbidden
from risk_stream.kafka.snapshot import Snapshotter
from risk_stream.kafka.step_writes import step_writes
from risk_stream.kafka.store import RowStore, Saved, open_store
from risk_stream.kafka.topic_catalogue import OUTPUTS
from risk_stream.kafka.topic_ids import are_others
from risk_stream.messages.records import NO_RECORDS, Records

REPLAY_SNAPSHOT_RECORDS = 50_000
"""A long replay saves now and then, for the engine may forget only what is saved: this bounds the rows of one save."""

REBUILD_NEEDS = (
    "no saved rows can be used, and a rebuild needs the journal and both inputs from their first records on; "
    "docs/finality.md, 'Not promised', says what is left to do"
)

log = logging.getLogger(__name__)

Bounds = dict[TopicPartition, Range]
InputIds = tuple[str, ...]
Shown = dict[TopicPartition, Any]
"""The last record of each output that can be seen."""


@dataclass(slots=True)
class Owned:
    """An owned partition, ready to decide from where its journal ends."""

    producer: PartitionProducer
    store: RowStore
    engine: PacedEngine
    snapshotter: Snapshotter
    end: JournalEnd
    journal_next: int
    offsets_behind: bool = False
    """Whether the group's offsets are to be moved to `end`."""

    async def close(self) -> None:
        """Give the directory and the connection back; nothing is written."""
        self.store.close()
        await self.producer.close()


@dataclass(frozen=True, slots=True)
class Replayed:
    """A replayed step, and where the journal stood before it."""

    before: JournalEnd
    step: JournalRecord
    output: StepOutputPort
    records: int


class Takeover:
    """One take-over of partition `partition`."""

    def __init__(
        self,
        config: WorkerConfig,
        partition: int,
        path: Path,
        changelog: str,
        controls: ControlsReader,
        engines: EngineFactory,
    ) -> None:
        self._config = config
        self._partition = partition
        self._path = path
        self._controls = controls
        self._engines = engines
        self._changelog = TopicPartition(changelog, partition)
        self._journal = TopicPartition(config.topic("journal"), partition)
        self._values = TopicPartition(config.topic("portfolio-values"), partition)
        self._orders = TopicPartition(config.topic("orders"), partition)
        self._input_topics = [self._values.topic, self._orders.topic, config.topic("controls")]
        self._outputs = [TopicPartition(config.topic(name), partition) for name in OUTPUTS]

    async def run(self, committed: Committed) -> Owned:
        """Fence, load, replay; what is owned then. Doubt when journal, inputs, offsets or outputs do not agree."""
        failpoint("takeover.before_fence")
        producer = PartitionProducer(self._config, self._partition)
        try:
            await producer.start()
            failpoint("takeover.after_fence")
            store = open_store(self._path, self._config.block_cache_bytes)
        except BaseException:
            await producer.close()
            raise
        failpoint("takeover.after_open")
        try:
            async with (
                RangeReader(self._config) as reader,
                RangeReader(self._config, columns=True) as inputs,
                RangeReader(self._config, committed=False) as written,
            ):
                outputs = [*self._outputs, self._changelog]
                await producer.learn(outputs)
                await end_what_is_left_open(reader, written, producer, outputs)
                bounds = await reader.bounds([self._changelog, self._journal, self._values, self._orders])
                input_ids = tuple(await reader.topic_ids(self._input_topics))
                saved = await self._rows(reader, store, bounds, input_ids)
                failpoint("takeover.after_changelog")
                owned = self._owned(producer, store, saved, bounds, input_ids)
                shown = await reader.last(self._outputs, self._is_looked_at)
                torn = await self._torn(written, shown, owned.end, committed)
                last = await self._replay(reader, inputs, owned, bounds, torn)
                if last is not None:
                    await self._publish_unseen(written, shown, owned, last, with_record=torn is not None)
            failpoint("takeover.after_replay")
            owned.offsets_behind = await self._committed_behind(committed, owned.end)
        except BaseException as error:
            store.close()
            await producer.close()
            if isinstance(error, TopicAuthorizationFailedError):
                raise Doubt(forbidden(error)) from error
            raise
        return owned

    def _is_looked_at(self, output: TopicPartition, record: Any) -> bool:
        """Of the journal whatever is there, of the others what a step of ours has written."""
        return output == self._journal or tells_source(output, record)

    async def _torn(
        self, written: RangeReader, shown: Shown, saved_end: JournalEnd, committed: Committed
    ) -> JournalRecord | None:
        """The step behind the journal's end that was seen in part (left_open.py)."""
        record = shown.get(self._journal)
        end = saved_end if record is None else end_after(decode(record.value))
        moved = {tp: (kind, await committed(tp)) for kind, tp in (("values", self._values), ("orders", self._orders))}
        return await step_without_record(written, self._journal, shown, end, moved)

    async def _rows(self, reader: RangeReader, store: RowStore, bounds: Bounds, input_ids: InputIds) -> Saved | None:
        try:
            saved = await catch_up(reader, store, self._changelog, self._journal, bounds)
            # Where they are the same records after all, the replay of every step will show it.
            if saved is not None and are_others(saved.mark.input_ids, input_ids):
                raise Untrusted(f"was written from other topics of the names {', '.join(self._input_topics)}")
        except Untrusted as error:
            self._check_rebuild(bounds, str(error))
            log.warning("%s/%d %s: rebuilding from the journal's beginning", *self._changelog, error)
            store.empty()
            return None
        if saved is None:
            self._check_rebuild(bounds, "holds nothing")
        return saved

    def _check_rebuild(self, bounds: Bounds, why: str) -> None:
        """Doubt where the journal's beginning is gone; the rows on disk stay for whoever has to look."""
        first = bounds[self._journal][0]
        if first > 0:
            changelog, journal = self._changelog.topic, self._journal.topic
            raise Doubt(f"{changelog} {why}, and {journal} is kept from {first}: {REBUILD_NEEDS}")

    def _owned(
        self, producer: PartitionProducer, store: RowStore, saved: Saved | None, bounds: Bounds, input_ids: InputIds
    ) -> Owned:
        engine = PacedEngine(self._engines(self._partition, self._config.partitions, store))
        base = bounds[self._changelog][1] if saved is None else saved.mark.base
        snapshotter = Snapshotter(producer, store, engine, self._changelog.topic, saved, base, input_ids)
        if saved is None:
            end = beginning(bounds[self._values][0], bounds[self._orders][0])
            return Owned(producer, store, engine, snapshotter, end, bounds[self._journal][0])
        mark = saved.mark
        end = JournalEnd(mark.seq, mark.values_to, mark.orders_to, mark.controls, mark.chain)
        return Owned(producer, store, engine, snapshotter, end, mark.journal_next)

    async def _replay(
        self, reader: RangeReader, inputs: RangeReader, owned: Owned, bounds: Bounds, torn: JournalRecord | None
    ) -> Replayed | None:
        """Replay the journal behind the rows, and the step without a record; the last step replayed.

        The last one is not saved here: what of it was not seen is published first, and only a replay can tell.
        """
        first, end = bounds[self._journal]
        # Behind a record stands the marker of its transaction: no step is missing where that is deleted as well.
        if not first - 1 <= owned.journal_next <= end:
            raise Doubt(
                f"{self._journal.topic} is kept from {first} to {end}, the saved rows need it from "
                f"{owned.journal_next}: steps were deleted before they were saved, or are lost. {NEXT_STEP}"
            )
        reader.assign({self._journal: max(first, owned.journal_next)})
        inputs.assign(self._input_starts(owned.end))
        values = RangeCursor(inputs, self._values, bounds[self._values][1])
        orders = RangeCursor(inputs, self._orders, bounds[self._orders][1])
        last, unsaved = None, 0
        async for records in reader.read(self._journal, end):
            for record in records:
                if unsaved >= REPLAY_SNAPSHOT_RECORDS:
                    await owned.snapshotter.write(await owned.snapshotter.cut(owned.end), owned.journal_next)
                    unsaved = 0
                last = await self._replay_step(owned, decode(record.value), values, orders)
                owned.journal_next = record.offset + 1
                unsaved += last.records
        if torn is not None:
            last = await self._replay_step(owned, torn, values, orders)
        self._check_inputs(owned.end, bounds)
        # The rows may end where the journal does, and this process may not have read the controls that far: no order is
        # decided with older limits than the one before it.
        await self._controls.wait_for(owned.end.controls)
        return last

    async def _replay_step(
        self, owned: Owned, step: JournalRecord, values: RangeCursor, orders: RangeCursor
    ) -> Replayed:
        before = owned.end
        try:
            verify(before, step)
        except Doubt as error:
            if before.seq >= FIRST_SEQ:
                raise
            raise Doubt(f"{error}: {REBUILD_NEEDS}") from error
        await self._controls.wait_for(step.controls)
        value_records, order_records = await _range(values, step.values), await _range(orders, step.orders)
        output = await owned.engine.decide(value_records, order_records, self._controls.plan(step.controls))
        if output.digest != step.outputs:
            raise Doubt(f"step {step.seq} replayed to other outputs than it published")
        owned.end = end_after(step)
        return Replayed(before, step, output, value_records.size + order_records.size)

    async def _publish_unseen(
        self, written: RangeReader, shown: Shown, owned: Owned, last: Replayed, with_record: bool
    ) -> None:
        """Publish what of the last step cannot be seen, with its record when that is undone (left_open.py)."""
        refused = self._controls.unanswered(last.before.controls) if self._partition == 0 else []
        refused = [offset for offset in refused if offset <= last.step.controls]
        answers = await self._controls.answers(refused) if refused else []
        *writes, record = step_writes(self._config, last.step, last.output, answers)
        missing = await unseen(written, shown, self._partition, last.step, last.before.controls, writes)
        if with_record:
            missing.append(record)
        if missing:
            placed = await owned.producer.transact(missing, self._input_starts(owned.end), lambda part: None)
            owned.journal_next = placed.get(self._journal.topic, owned.journal_next - 1) + 1

    def _input_starts(self, end: JournalEnd) -> dict[TopicPartition, int]:
        return {self._values: end.values_to, self._orders: end.orders_to}

    def _check_inputs(self, end: JournalEnd, bounds: Bounds) -> None:
        for tp, position in self._input_starts(end).items():
            first, last = bounds[tp]
            if not first <= position <= last:
                raise Doubt(
                    f"{tp.topic} is kept from {first} to {last}, the journal ends at {position}: records were deleted "
                    f"before they were handled, or the topic was made anew. {NEXT_STEP}"
                )

    async def _committed_behind(self, committed: Committed, end: JournalEnd) -> bool:
        """Whether the group's offsets lag behind the journal's last record; Doubt when they are ahead of it."""
        behind = False
        for tp, position in self._input_starts(end).items():
            offset = await committed(tp)
            if offset is not None and offset > position:
                raise Doubt(f"{tp.topic} is committed up to {offset}, the journal ends at {position}")
            behind |= (offset or 0) < position
        return behind and end.seq > 0


async def _range(cursor: RangeCursor, offsets: Range) -> Records:
    start, stop = offsets
    return NO_RECORDS if start == stop else await cursor.take(stop)
