"""An owner of the partition: steps, snapshots and take-overs, with a place to die between any two of their parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from risk_stream.decide.engine import Engine
from risk_stream.decide.output import StepOutput
from risk_stream.kafka.journal import JournalRecord, end_after, next_record, verify
from risk_stream.messages.decode import decode_control
from risk_stream.rules.book import Controls
from tests.oracle.read import Record
from tests.simulation.inputs import InputLogs
from tests.simulation.replay import columns
from tests.simulation.world import Disk, Log, Snapshot

Range = tuple[int, int]


class Computed(NamedTuple):
    """A decided step that is not on the log yet."""

    record: JournalRecord
    output: StepOutput


class Inputs:
    """The inputs of the one partition, and the controls folded."""

    def __init__(self, logs: InputLogs) -> None:
        self.values, self.orders = logs.logs["portfolio-values", 0], logs.logs["orders", 0]
        self.controls = Controls()
        for record in logs.logs["controls", 0]:
            self.controls.append(record.offset, decode_control(record.value, record.timestamp))

    @staticmethod
    def within(log: list[Record], offsets: Range) -> list[Record]:
        """The records of a half-open offset range; without gaps an offset is a place."""
        return log[offsets[0] : offsets[1]]


class Owner:
    """One ownership, from its take-over on. `at` is told every part that is behind and may raise."""

    def __init__(self, log: Log, disk: Disk, inputs: Inputs, at: Callable[[str], None]) -> None:
        self._log, self._disk, self._inputs, self._at = log, disk, inputs, at
        self._epoch = log.take()
        at("fenced")
        for snapshot in log.changelog[disk.snapshots :]:
            disk.apply(snapshot)
            at("row loaded")
        self.engine = Engine(0, 1, disk, resident_max=6)
        self.end = disk.end
        for record, output in log.steps[self.end.seq :]:
            verify(self.end, record)
            again = self._decide(record.values, record.orders, record.controls)
            assert again.digest == record.outputs == output.digest, f"step {record.seq} replayed to other outputs"
            self.end = end_after(record)
            at("step replayed")
        assert log.offsets == (self.end.values_to, self.end.orders_to), "offsets beyond the journal"

    def compute(self, values: int, orders: int, controls: int) -> Computed:
        """Decide the next step of so many records."""
        values_to = min(self.end.values_to + values, len(self._inputs.values))
        orders_to = min(self.end.orders_to + orders, len(self._inputs.orders))
        ranges = (self.end.values_to, values_to), (self.end.orders_to, orders_to)
        version = max(controls, self.end.controls)
        output = self._decide(*ranges, version)
        self._at("computed")
        return Computed(next_record(self.end, *ranges, version, output.digest), output)

    def publish(self, step: Computed, aborted: bool = False) -> None:
        """Commit a step, outputs, journal and offsets in one transaction."""
        self._log.begin(self._epoch)
        self._at("begun")
        self._log.produce(self._epoch, step)
        self._at("produced")
        if aborted:
            self._log.abort(self._epoch)
        self._log.commit(self._epoch)
        self.end = end_after(step.record)
        self._at("committed")

    def save(self) -> None:
        """Snapshot: the changelog first, then the disk, then the engine may forget."""
        snapshot = Snapshot(tuple(self.engine.cut().rows()), self.end)
        self._at("cut")
        self._log.begin(self._epoch)
        self._log.produce(self._epoch, snapshot)
        self._at("snapshot produced")
        self._log.commit(self._epoch)
        self._at("snapshot committed")
        self._disk.apply(snapshot)
        self._at("stored")
        self.engine.saved()

    def done(self) -> bool:
        """Whether all input is handled."""
        return (self.end.values_to, self.end.orders_to) == (len(self._inputs.values), len(self._inputs.orders))

    def _decide(self, values: Range, orders: Range, version: int) -> StepOutput:
        taken = self._inputs.within(self._inputs.values, values), self._inputs.within(self._inputs.orders, orders)
        return self.engine.step(columns(taken[0]), columns(taken[1]), self._inputs.controls.plan(version))
