"""One partition decided again: the same engine, step by step, over the recorded ranges.

It begins with step 1, or with a state that was archived behind a step.
"""

from collections.abc import AsyncGenerator, Callable, Iterable
from typing import NamedTuple

from risk_stream.audit.chain import Chain
from risk_stream.audit.cursor import Cursor
from risk_stream.audit.findings import Finding, Findings, Kind
from risk_stream.audit.journal import Head, Position, Step, beginning, continue_after
from risk_stream.audit.log import ORDERS, VALUES, LogError, PartitionBounds, RecordedLog, cursor
from risk_stream.audit.scratch import ScratchRows
from risk_stream.audit.start import Start
from risk_stream.decide.engine import Engine, StepOutput
from risk_stream.decide.residents import DamagedRows
from risk_stream.messages.records import NO_RECORDS, Records
from risk_stream.rules.plan import Plan

SAVE_RECORDS = 500_000
"""What portfolios remember of so many records, some 150 bytes each, waits to be saved at most. A cut takes as long as a
fifth of a million orders."""
CROWDED_SAVE_RECORDS = 50_000
"""Where there are more portfolios than may stay: the engine may forget only what is saved."""

PlanOf = Callable[[Step, int], Plan]
"""The plan of a step that was committed at a time (epoch ms)."""


class Done(NamedTuple):
    """A step that was decided again."""

    step: Step
    timestamp: int
    """When the broker took its journal record, epoch ms."""
    before: Position
    values: Records
    orders: Records
    plan: Plan
    output: StepOutput


class Ended(NamedTuple):
    """A partition behind its journal's last step."""

    position: Position
    committed_ms: int
    """The latest time, epoch ms, at which the broker took a step."""
    rows: Iterable[tuple[bytes, bytes]]
    """All that its portfolios remember, in key order; read it before the walk goes on."""


Keep = Callable[[Ended], None]


class Walk:
    """Decides one partition again. Memory is that of a worker's partition, however long the log is."""

    def __init__(
        self,
        log: RecordedLog,
        bounds: PartitionBounds,
        findings: Findings,
        resident_max: int,
        controls_version: int,
        start: Start | None = None,
        head: Head | None = None,
    ) -> None:
        self._log = log
        self._partition = bounds.partition
        self._bounds = bounds if start is None else start.behind(bounds)
        self._start = start
        self._findings = findings
        self._resident_max = resident_max
        self._controls_version = controls_version
        self.position = beginning(bounds.inputs[VALUES].first, bounds.inputs[ORDERS].first)
        """Behind the last step decided."""
        self._committed_ms = 0
        if start is not None:
            self.position, self._committed_ms = start.position, start.state.committed_ms
        self.chain = Chain(log, self._bounds, findings, self.position, head)
        """The journal, read a step before it is decided."""
        self.journal_ended = False
        """Whether every step of the journal was decided."""

    async def steps(self, plan_of: PlanOf, keep: Keep | None = None) -> AsyncGenerator[Done, None]:
        """Every step in turn, until the journal ends or something that it needs is not there.

        `keep` is given the state at the journal's end. LogError when an archived state cannot be loaded.
        """
        values, orders = (cursor(self._log, one, self._partition, self._bounds.inputs[one]) for one in (VALUES, ORDERS))
        with ScratchRows() as rows:
            for loaded in self._start.rows() if self._start is not None else ():
                rows.put(loaded)
            engine = Engine(
                self._partition,
                self._log.partitions,
                rows,
                topic_prefix=self._log.prefix,
                resident_max=self._resident_max,
            )
            unsaved = 0
            async for _, timestamp, step in self.chain.steps():
                if not self._is_there(step):
                    return
                before, self.position = self.position, continue_after(step)
                value_records = await _taken(values, step.values)
                order_records = await _taken(orders, step.orders)
                plan = plan_of(step, timestamp)
                output = self._decided(engine, value_records, order_records, plan)
                self._committed_ms = max(self._committed_ms, timestamp)
                yield Done(step, timestamp, before, value_records, order_records, plan, output)
                unsaved += value_records.size + order_records.size
                crowded = engine.resident_count > self._resident_max
                if unsaved >= (CROWDED_SAVE_RECORDS if crowded else SAVE_RECORDS):
                    _save(engine, rows)
                    unsaved = 0
            if keep is not None:
                _save(engine, rows)
                keep(Ended(self.position, self._committed_ms, rows.rows()))
        self.journal_ended = True

    def _decided(self, engine: Engine, values: Records, orders: Records, plan: Plan) -> StepOutput:
        try:
            return engine.step(values, orders, plan)
        except DamagedRows as error:
            if self._start is None:
                raise  # rows that this walk has written itself
            raise LogError(f"{self._start.path}: step {self.position.seq}: {error}") from error

    def _is_there(self, step: Step) -> bool:
        """Whether the records and controls that the step handled can be read; what cannot is a finding."""
        for topic, (_, stop) in ((VALUES, step.values), (ORDERS, step.orders)):
            end = self._bounds.inputs[topic].end
            if stop > end:
                text = f"it ends at {end}, the step handled it up to {stop}"
                self._truncated(topic, self._partition, text, step.seq)
                return False
        if step.controls > self._controls_version:
            text = f"it ends at version {self._controls_version}, the step was decided at {step.controls}"
            self._truncated("controls", 0, text, step.seq)
            return False
        return True

    def _truncated(self, topic: str, partition: int, text: str, seq: int) -> None:
        self._findings.add(Finding(kind=Kind.TRUNCATED, topic=topic, partition=partition, step=seq, text=text))


def _save(engine: Engine, rows: ScratchRows) -> None:
    """What has changed since the last time, so that the engine may evict portfolios."""
    for part in engine.cut_parts():
        rows.put(part.rows())
    engine.saved()


async def _taken(inputs: Cursor, offsets: tuple[int, int]) -> Records:
    start, stop = offsets
    if start >= stop:
        return NO_RECORDS
    records = await inputs.below(stop)
    # After a gap in the journal's ranges the records in between were handled by no step: they are passed over.
    passed = records.below(start)
    return records.part(passed, records.size) if passed else records
