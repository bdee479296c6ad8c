"""The steps of one owned partition: take what waits, let the engine decide, commit it all in one transaction.

One task. While a step commits the next may be computed, but it is sent after it; whatever arrives meanwhile is merged
into it. Values are handled before orders, and an order waits while values with an older timestamp are still behind.

Snapshots take no turn of their own: state is copied while a step commits, and written in the transaction of the next.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition

from risk_stream.kafka.buffer import InputBuffer
from risk_stream.kafka.config import WorkerConfig
from risk_stream.kafka.controls import ANSWERS_MAX, ControlsReader
from risk_stream.kafka.failpoints import failpoint
from risk_stream.kafka.failstop import Doubt
from risk_stream.kafka.journal import JournalEnd, JournalRecord, Range, end_after, next_record
from risk_stream.kafka.ports import StepOutputPort
from risk_stream.kafka.snapshot import Cut, Published, Snapshot
from risk_stream.kafka.snapshot import passed as snapshot_passed
from risk_stream.kafka.step_writes import step_writes
from risk_stream.kafka.takeover import Owned
from risk_stream.kafka.transport import FetchState
from risk_stream.messages.packed import Event
from risk_stream.messages.records import Records
from risk_stream.ops.metrics import WorkerMetrics

OLDER_VALUES_POLL_S = 0.002
"""How often waiting orders look whether their values have caught up: an answer without records wakes nobody."""

SNAPSHOT_SHARE_MAX = 0.2
"""Of a partition's time, for writing snapshots: where they are slow they become rarer, and a recovery replays more."""

SNAPSHOT_RECORDS = 1_000
"""A partition that keeps up is saved after so many records, however soon: 1,000 rows of 0.7 kB are some 6 ms of a
step's time, those of a whole second at 10,000 orders/s some 10. One that does not is saved at its interval only."""

OFFSETS_INTERVAL_S = 0.25
"""How often the group's offsets move while there is always something to decide. The journal says what is handled; the
offsets tell other tools, and with every step they were two of a transaction's five requests (docs/performance.md)."""

ALONE_AFTER_S = 0.1
"""What goes with a step waits so long for one: a snapshot or offsets in a transaction of their own hold up the order
that comes a moment later."""

EXPECTED_FOR_S = 3600.0
"""Where the last step wrote is where the next one is expected to, for so long. A transaction that ends without records
on a topic leaves a marker there. Where the broker has forgotten our last sequence number, a day after it by default
(producer.id.expiration.ms), that marker makes it expect the first one again, and the next records are refused."""

AHEAD_RECORDS_MIN = 500
"""While a step commits the next is computed only when so many wait; fewer are better merged with what still arrives:
the partition keeps up."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a step handles."""

    values: Records
    values_range: Range
    orders: Records
    orders_range: Range
    controls: int
    answers: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Computed:
    """A decided step that is not committed yet."""

    record: JournalRecord
    output: StepOutputPort
    answers: Sequence[Event]
    started: float
    records: int


class Stepper:
    """Runs the steps of one partition from where its take-over left it."""

    def __init__(
        self, config: WorkerConfig, partition: int, owned: Owned, controls: ControlsReader, metrics: WorkerMetrics
    ) -> None:
        self._config = config
        self._partition = partition
        self._owned = owned
        self._controls = controls
        self._metrics = metrics
        self._loop = asyncio.get_running_loop()
        self._records_max = min(config.step_records_max, config.resident_max)
        """Of each input in a step. Each may bring a portfolio, and those of one step stay in memory together."""
        limit = config.buffer_records_max
        self.values = InputBuffer(f"portfolio-values/{partition}", owned.end.values_to, limit)
        self.orders = InputBuffer(f"orders/{partition}", owned.end.orders_to, limit)
        self._values_tp = TopicPartition(config.topic("portfolio-values"), partition)
        self._orders_tp = TopicPartition(config.topic("orders"), partition)
        self._topics = [config.topic("decisions"), config.topic("journal")]
        """Where the last step wrote to."""
        self._topics_at = time.time()
        """By the clock of the day, as the broker counts: a machine that sleeps stops the loop's."""
        self._wake = asyncio.Event()
        self._commit: asyncio.Task[None] | None = None
        self._stopping = False
        self._markers_due = False
        self._cut: Cut | None = None
        """Copied, and to be written with the next step."""
        self._cut_at = self._loop.time()
        self._saving = False
        """From a cut until it is on the disk: no other may be taken."""
        self._storing: asyncio.Task[None] | None = None
        self._offsets_behind = owned.offsets_behind
        self._offsets_at = self._loop.time()
        self._snapshot_at = self._loop.time() + config.snapshot_interval * (1 + partition / config.partitions)
        self._snapshot_from = self._loop.time()
        """However many records were handled, not before this."""
        self._unsaved_records = 0
        self._progress_at = self._loop.time()

    def wake(self) -> None:
        """Look for work: records or controls arrived, or a commit ended."""
        self._wake.set()

    def is_busy(self) -> bool:
        """Whether something was received that is not committed yet."""
        return bool(self.values.count or self.orders.count or self._commit)

    def stuck_since(self) -> float | None:
        """Loop time of the last progress while there is work; None when there is none."""
        if not (self.values.count or self.orders.count or self._commit or self._storing):
            self._progress_at = self._loop.time()
            return None
        return self._progress_at

    def read_from(self, values_state: FetchState, orders_state: FetchState) -> None:
        """Where the fetcher keeps what it knows of the two inputs; to be set before records come."""
        self._values_state, self._orders_state = values_state, orders_state

    def receive_values(self, records: Records, start: int | None) -> None:
        """Buffer values fetched from `start` on."""
        self.values.put(records, self._values_state.position, start=start)
        if records.size:
            self._wake.set()

    def receive_orders(self, records: Records, start: int | None) -> None:
        """Buffer orders fetched from `start` on, and whether the values have answered since."""
        values, orders = self._values_state.timestamp or 0, self._orders_state.timestamp or 0
        self.orders.put(records, self._orders_state.position, values if values < orders else None, start)
        if records.size:
            self._wake.set()

    def positions(self) -> tuple[int, int]:
        """Where the fetcher stands in values and orders."""
        return self._values_state.position, self._orders_state.position

    async def run(self) -> None:
        """Step until `stop`; any error ends it and must end the process."""
        self._controls.on_change(self.wake)
        self._wake.set()
        try:
            while not self._stopping:
                await self._turn()
                await self._rest()
            await self._committed()
        finally:
            self._controls.forget(self.wake)

    async def stop(self, save: bool) -> None:
        """Finish what is computed, once `run` returned; with `save`, snapshot what changed since the last."""
        await self._committed()
        if save:
            if self._offsets_behind:
                await self._move_offsets(self._owned.end)
            await self._saved()
            await self._save_rest()
        await self._stored()

    def ask_to_stop(self) -> None:
        """Let `run` return after the step at hand."""
        self._stopping = True
        self._wake.set()

    async def _rest(self) -> None:
        """Wait for the next reason to look: work, time for a snapshot or the offsets, or values of waiting orders."""
        now = self._loop.time()
        due = self._snapshot_at
        if self._commit is None:
            if self._offsets_behind:
                due = min(due, self._offsets_at + ALONE_AFTER_S)
            if self._cut is not None:
                due = min(due, self._cut_at + ALONE_AFTER_S)
        until = max(due, now + OLDER_VALUES_POLL_S)
        if self.orders.count and self._commit is None:
            until = now + OLDER_VALUES_POLL_S
        timer = self._loop.call_at(until, self._wake.set)
        await self._wake.wait()
        timer.cancel()
        self._wake.clear()

    async def _turn(self) -> None:
        while not self._stopping:
            if self._commit is not None and self._commit.done():
                await self._committed()
            if self._storing is not None and self._storing.done():
                await self._stored()
            if self._snapshot_is_due():
                await self._copy()
                continue
            if self._commit is not None and self._keeps_up():
                return
            if self._owned.engine.is_crowded:
                await self._make_room()
            taken = await self._take()
            if taken is None:
                if self._commit is None:
                    self._write_alone()
                return
            if self._commit is None:
                await self._begin()
            computed = await self._compute(taken)
            await self._committed()
            self._start(self._publish(computed, self._cut))

    def _write_alone(self) -> None:
        """Begin to write what has waited long enough for a step to go with."""
        now = self._loop.time()
        if self._cut is not None and now >= self._cut_at + ALONE_AFTER_S:
            self._start(self._publish_cut(self._cut))
        elif self._offsets_behind and now >= self._offsets_at + ALONE_AFTER_S:
            self._start(self._move_offsets(self._owned.end))

    def _keeps_up(self) -> bool:
        return self.values.count + self.orders.count < AHEAD_RECORDS_MIN

    def _snapshot_is_due(self) -> bool:
        now = self._loop.time()
        due = now >= self._snapshot_at
        if due:
            self._snapshot_at = now + self._config.snapshot_interval
            self._pass_markers()
        elif now >= self._snapshot_from:
            due = self._unsaved_records >= SNAPSHOT_RECORDS and self._keeps_up()
        return due and not self._saving and self._owned.snapshotter.due(self._owned.end)

    def _pass_markers(self) -> None:
        if self.values.markers_behind(self._values_state.position) or self.orders.markers_behind(
            self._orders_state.position
        ):
            self._markers_due = True

    async def _take(self) -> Taken | None:
        version = self._controls.version
        refused = self._controls.unanswered(self._owned.end.controls) if self._partition == 0 else []
        limit = self._records_max
        if len(refused) == ANSWERS_MAX:
            # More of them may wait, and a halt behind them was read already: nothing is handled at the version between.
            version, limit = refused[-1], 0
        values, values_range = self.values.take(limit)
        timestamp_max, answer = self._older_values_bound()
        orders, orders_range = self.orders.take(limit, timestamp_max, answer)
        if not (values.size or orders.size or refused or self._markers_due):
            return None
        if self._markers_due:
            self._markers_due = False
            values_range = values_range[0], self.values.take_markers(self._values_state.position)[1]
            orders_range = orders_range[0], self.orders.take_markers(self._orders_state.position)[1]
        answers = await self._controls.answers(refused) if refused else ()
        return Taken(values, values_range, orders, orders_range, version, answers)

    def _older_values_bound(self) -> tuple[int, int | None]:
        """Up to which timestamp orders have no older value behind them; and the values' last answer, if all is handled.

        Values that still wait here start at a known timestamp. Otherwise values are behind when the broker has more
        than was read; and what it has is known as of its last answer, which must not be older than the one that
        brought the order. An idle values partition answers every `fetch_max_wait_ms`, so an order never waits for long.
        Answers are told apart, not compared: a clock that jumps back must not hold orders up.
        """
        first = self.values.first_timestamp()
        if first is not None:
            return first, None
        state, handled = self._values_state, self.values.taken_timestamp
        if state.lso is None or state.timestamp is None or state.position < state.lso:
            return handled, None
        return handled, state.timestamp

    async def _begin(self) -> None:
        """Begin a step's transaction while it is computed, one answer less to wait for. Most likely it will write to
        what the last one wrote to; after a long rest only to the journal is sure."""
        failpoint("step.before_begin")
        rested = time.time() - self._topics_at > EXPECTED_FOR_S
        topics = [self._config.topic("journal")] if rested else self._topics
        changelog = [] if self._cut is None else [self._owned.snapshotter.changelog]
        self._owned.producer.begin([*topics, *changelog])
        await asyncio.sleep(0)  # the request is on its way before the loop computes

    async def _compute(self, taken: Taken) -> Computed:
        failpoint("step.before_compute")
        started = self._loop.time()
        plan = self._controls.plan(taken.controls)
        output = await self._owned.engine.decide(taken.values, taken.orders, plan)
        record = next_record(self._owned.end, taken.values_range, taken.orders_range, taken.controls, output.digest)
        self._owned.end = end_after(record)
        records = taken.values.size + taken.orders.size
        self._unsaved_records += records
        self._metrics.engine(self._loop.time() - started)
        failpoint("step.after_compute")
        return Computed(record, output, taken.answers, started, records)

    async def _publish(self, step: Computed, cut: Cut | None) -> None:
        """Commit a step, and with it the state that it began from if that was copied."""
        failpoint("step.before_publish")
        journal = self._config.topic("journal")
        writes = step_writes(self._config, step.record, step.output, step.answers)
        self._topics = [write.topic for write in writes if write.records.size]
        self._topics_at = time.time()
        offsets = self._offsets(end_after(step.record)) if self._loop.time() >= self._offsets_at else {}
        snapshot, begun = None, self._loop.time()
        if cut is not None:
            snapshot = await self._complete(cut, step.record.seq - 1)
            writes.append(snapshot.write)
        written = await self._owned.producer.transact(writes, offsets, _passed_both if snapshot else _passed)
        self._owned.journal_next = written[journal] + 1
        self._offsets_behind = not offsets
        failpoint("step.after_record")
        if snapshot is not None:
            self._store(self._owned.snapshotter.published(snapshot, written), begun)
        self._metrics.step(self._partition, step.records, self._loop.time() - step.started, step.output.counts)

    def _offsets(self, end: JournalEnd) -> dict[TopicPartition, int]:
        """Where the group's offsets move to now; they are due again after a while."""
        self._offsets_at = self._loop.time() + OFFSETS_INTERVAL_S
        return {self._values_tp: end.values_to, self._orders_tp: end.orders_to}

    async def _move_offsets(self, end: JournalEnd) -> None:
        """Move the group's offsets to the end of a step that is committed, in a transaction of their own."""
        await self._owned.producer.transact([], self._offsets(end), _passed)
        self._offsets_behind = False

    async def _copy(self) -> None:
        """Copy what changed up to the last step computed, which may still be on its way. Steps wait for this alone."""
        self._saving = True
        self._cut = await self._owned.snapshotter.cut(self._owned.end)
        self._cut_at = self._loop.time()
        self._snapshot_at = self._cut_at + self._config.snapshot_interval
        self._unsaved_records = 0

    async def _complete(self, cut: Cut, committed: int) -> Snapshot:
        """What to write of a cut: step `committed` is the last that is, and must be its own."""
        if cut.end.seq != committed or self._storing is not None:
            raise Doubt(f"a snapshot of step {cut.end.seq}, out of turn: step {committed} is committed")
        self._cut = None
        return await self._owned.snapshotter.complete(cut, self._owned.journal_next)

    async def _publish_cut(self, cut: Cut) -> None:
        """Write a snapshot when there is no step that it could go with."""
        begun = self._loop.time()
        snapshot = await self._complete(cut, self._owned.end.seq)
        written = await self._owned.producer.transact([snapshot.write], {}, snapshot_passed)
        self._store(self._owned.snapshotter.published(snapshot, written), begun)

    def _store(self, published: Published, begun: float) -> None:
        """Begin to write it to the disk. Steps go on meanwhile: what they change is of the next cut."""
        self._storing = self._task("store", self._to_disk(published, begun))

    async def _to_disk(self, published: Published, begun: float) -> None:
        await self._owned.snapshotter.store(published)
        now = self._loop.time()
        seconds = now - begun
        self._metrics.snapshot(len(published.rows), seconds)
        self._snapshot_from = now + seconds / SNAPSHOT_SHARE_MAX
        self._snapshot_at = max(self._snapshot_at, self._snapshot_from)

    async def _make_room(self) -> None:
        """Steps have outrun the snapshots: what is not saved cannot leave memory, so that this step waits."""
        await self._saved()
        if self._owned.engine.is_crowded:
            await self._save_rest()

    async def _save_rest(self) -> None:
        """What changed behind the last snapshot, which is on the disk; while no step is computed."""
        if self._owned.snapshotter.due(self._owned.end):
            await self._copy()
            await self._saved()

    async def _saved(self) -> None:
        """Finish the snapshot at hand, if there is one, while no step is computed."""
        await self._committed()
        if self._cut is not None:
            self._start(self._publish_cut(self._cut))
            await self._committed()
        await self._stored()

    async def _stored(self) -> None:
        if self._storing is not None:
            await self._storing
            self._storing = None
            self._saving = False
        self._progress_at = self._loop.time()

    def _start(self, work: Any) -> None:
        self._commit = self._task("commit", work)

    def _task(self, name: str, work: Any) -> asyncio.Task[None]:
        """A task whose end, good or bad, is looked at in the next turn."""
        task: asyncio.Task[None] = asyncio.create_task(work, name=f"{name}-{self._partition}")
        task.add_done_callback(lambda _: self._wake.set())
        return task

    async def _committed(self) -> None:
        if self._commit is not None:
            await self._commit
            self._commit = None
        self._progress_at = self._loop.time()


def _passed(part: str) -> None:
    failpoint(f"step.after_{part}")


def _passed_both(part: str) -> None:
    _passed(part)
    snapshot_passed(part)
