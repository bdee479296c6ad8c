"""Replay: decide every step of the journal again and hold it against what was published.

`replay_partition` is the walk from top to bottom: journal -> engine -> comparison with decisions, violations and dead
letters -> findings. Partitions do not depend on each other.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import aclosing
from typing import Protocol

from risk_stream.audit.cause import cause_of
from risk_stream.audit.compare import Difference, TopicComparer
from risk_stream.audit.controls_log import ControlsLog
from risk_stream.audit.findings import Finding, Findings, Kind, shown
from risk_stream.audit.identity import Place, identifiers
from risk_stream.audit.journal import Head
from risk_stream.audit.log import (
    CONTROLS,
    DEAD_LETTERS,
    DECISIONS,
    JOURNAL,
    ORDERS,
    OUTPUTS,
    VALUES,
    VIOLATIONS,
    PartitionBounds,
    RecordedLog,
    cursor,
)
from risk_stream.audit.start import Start
from risk_stream.audit.task import PartitionResult, Task
from risk_stream.audit.trimmed import Handled
from risk_stream.audit.walk import Done, Keep, Walk
from risk_stream.messages.headers import dead_letter_headers
from risk_stream.messages.inputs import source_text
from risk_stream.messages.packed import Event, Packed, joined, pack
from risk_stream.state.save_chunks import VERSION


class Listener(Protocol):
    """Told of every step that was replayed (report data, progress)."""

    def step(self, done: Done) -> None:
        """A step inside the span was decided again."""
        ...


async def replay_partition(
    log: RecordedLog,
    controls: ControlsLog,
    bounds: PartitionBounds,
    task: Task,
    listeners: tuple[Listener, ...] = (),
    progress: Callable[[int], None] = lambda records: None,
    keep: Keep | None = None,
) -> PartitionResult:
    """Decide a partition again and compare. LogError when the log does not hold its own beginning.

    `keep` is given the state at the journal's end, before it is known whether anything stands behind that.
    """
    partition = bounds.partition
    start = _loadable(task.starts.get(partition))
    judge = _Judge(log, controls, task, bounds, start)
    head = task.heads.get(partition)
    walk = Walk(log, bounds, judge.findings, task.resident_max, controls.book.version, start, head)
    stopped = False
    async with aclosing(walk.steps(lambda step, _: controls.book.plan(step.controls), keep)) as steps:
        async for done in steps:
            if task.span.is_past(partition, done):
                stopped = True
                break
            inside = task.span.contains(partition, done)
            await judge.step(done, inside)
            if inside:
                for listener in listeners:
                    listener.step(done)
            progress(done.orders.size + done.values.size)
    judge.tell_lost()
    if not stopped:
        await judge.end(walk)
    await walk.chain.look_for_head()
    return judge.result(walk)


def _loadable(start: Start | None) -> Start | None:
    """The start, unless another version has laid its rows out in another way: then step 1."""
    return start if start is not None and start.state.layout == VERSION else None


class _Judge:
    """Holds the steps of one partition against its output topics."""

    def __init__(
        self,
        log: RecordedLog,
        controls: ControlsLog,
        task: Task,
        bounds: PartitionBounds,
        start: Start | None,
    ) -> None:
        self.findings = Findings()
        self._controls = controls
        self._controls_topic = log.prefix + CONTROLS
        self._partition = bounds.partition
        self._task = task
        self._bounds = bounds
        self._start = start
        self._ends = {CONTROLS: controls.end, **{topic: one.end for topic, one in bounds.inputs.items()}}
        self._comparers = {topic: self._comparer(log, topic) for topic in OUTPUTS}
        self._lost: Counter[str] = Counter()
        self._lost_first: dict[str, str | None] = {}
        self._codes: Counter[str] = Counter()
        self._result = PartitionResult(bounds.partition, None if start is None else start.named)
        self._published = dict.fromkeys(OUTPUTS, 0)
        self._not_kept = dict.fromkeys(OUTPUTS, 0)
        handled = dict.fromkeys(self._ends, 0)
        if start is not None:
            at = start.position
            handled = {VALUES: at.values, ORDERS: at.orders, CONTROLS: at.controls + 1}
        self._handled: Handled = {topic: (offset, offset) for topic, offset in handled.items()}

    async def step(self, done: Done, inside: bool) -> None:
        """Compare one step; differences outside the span are passed over."""
        self._handled = {
            VALUES: (done.before.values, done.step.values[1]),
            ORDERS: (done.before.orders, done.step.orders[1]),
            CONTROLS: (done.before.controls + 1, done.step.controls + 1),
        }
        holds = done.output.digest == done.step.outputs
        thresholds = {limit.limit_id: limit.threshold_text for limit in done.plan.limits}
        expected = self._expected(done)
        for topic, wanted in expected.items():
            not_kept, differences = await self._comparers[topic].compare(wanted, self._handled)
            if not inside:
                continue
            self._published[topic] += wanted.size - not_kept
            self._not_kept[topic] += not_kept
            for difference in differences:
                if difference.kind is Kind.TRUNCATED:  # a cut-off tail is one finding, not thousands
                    self._lost[topic] += 1
                    self._lost_first.setdefault(topic, difference.subject)
                    continue
                cause = cause_of(_value(difference.recorded), _value(difference.expected), holds, thresholds)
                self._tell(topic, difference, done.step.seq, cause)
        # From a state that was not built here, every step has to show that it is right, those before the span too.
        if not holds and (inside or self._start is not None):
            self._add(Kind.WRONG_DIGEST, JOURNAL, "replay publishes other bytes than its digest names", done.step.seq)
        if inside:
            self._count(done)

    def tell_lost(self) -> None:
        """What the steps of the span published and would stand behind a topic's last record."""
        for topic, count in self._lost.items():
            text = f"it ends before {self._lost_first[topic]}: {count} published records are not there"
            self._add(Kind.TRUNCATED, topic, text)

    async def end(self, walk: Walk) -> None:
        """Behind the journal's last step: nothing more may stand there, and an archive may not have ended later."""
        if not walk.journal_ended:
            return
        at = walk.position
        for topic, comparer in self._comparers.items():
            await self._behind(topic, comparer, at.seq)
        named = self._task.ends.get(self._partition)
        if named is None:
            return
        if at.seq < named.seq:
            text = f"it ends with step {at.seq}, the archive's manifest says with step {named.seq}"
            self._add(Kind.TRUNCATED, JOURNAL, text)
        elif at.seq == named.seq and at.chain != named.chain:
            self._add(Kind.OTHER_HEAD, JOURNAL, "its chain value is not the one in the archive's manifest", at.seq)

    def result(self, walk: Walk) -> PartitionResult:
        """All of it."""
        position, result = walk.position, self._result
        result.published = self._published
        result.not_kept = {topic: count for topic, count in self._not_kept.items() if count}
        result.codes = dict(self._codes)
        result.findings, result.counts = self.findings.kept, dict(self.findings.counts)
        result.orders_waiting = self._bounds.inputs[ORDERS].end - position.orders
        result.head = Head(self._partition, position.seq, position.chain)
        return result

    def _expected(self, done: Done) -> dict[str, Packed]:
        output = done.output
        return {
            DECISIONS: output.decisions,
            VIOLATIONS: output.violations,
            DEAD_LETTERS: joined(output.dead_letters, pack(self._answers(done))),
        }

    def _answers(self, done: Done) -> list[Event]:
        """The dead letters of refused controls: partition 0 answers each with the first step that knows it."""
        if self._partition != 0 or done.step.controls == done.before.controls:
            return []
        letters = []
        for offset in self._controls.refused_between(done.before.controls, done.step.controls):
            fault, key, value, timestamp = self._controls.refused[offset]
            source = source_text(self._controls_topic, 0, offset)
            letters.append(Event(key, value, dead_letter_headers(fault, source, key, timestamp)))
        return letters

    def _comparer(self, log: RecordedLog, topic: str) -> TopicComparer:
        """Of an output topic, from the first record behind the start on."""
        kept = self._bounds.outputs[topic]
        left = kept if self._start is None else self._start.behind(self._bounds).outputs[topic]
        # With a record before the start it is known that retention has taken nothing behind it.
        is_trimmed = left.first == kept.first > 0
        identify = identifiers(self._partition, log.prefix)[topic]
        records = cursor(log, topic, self._partition, left)
        return TopicComparer(records, identify, is_trimmed, self._ends, topic == DECISIONS)

    def _count(self, done: Done) -> None:
        result = self._result
        result.steps += 1
        result.orders += done.orders.size
        result.values += done.values.size
        counted = {code: n for code, n in done.output.counts.items() if code.isupper()}
        self._codes.update(counted)

    async def _behind(self, topic: str, comparer: TopicComparer, seq: int) -> None:
        """Records behind the last step that were there before the journal's end was looked up."""
        later: list[str] = []
        while (part := await comparer.rest()).size:
            known = part.part(0, part.below(self._bounds.published[topic]))
            columns = known.offsets.tolist(), known.packed.events(), comparer.identities(known.packed)
            for offset, event, identity in zip(*columns, strict=True):
                if identity is not None and self._is_later(identity.place):
                    later.append(identity.subject)
                    continue
                kind, text = comparer.stray(identity, self._handled)
                subject = identity.subject if identity is not None else None
                self._tell(topic, Difference(kind, subject, offset, event, None, text), None, None)
            if known.size < part.size:
                break
        if later:
            text = f"it ends with step {seq}, but {len(later)} records of later steps are on {topic}, first {later[0]}"
            self._add(Kind.TRUNCATED, JOURNAL, text)

    def _is_later(self, place: Place | None) -> bool:
        """Whether it answers an input that exists and that no step of the journal has handled."""
        return place is not None and self._handled[place.topic][1] <= place.offset < self._ends[place.topic]

    def _tell(self, topic: str, difference: Difference, seq: int | None, cause: str | None) -> None:
        # The key it has, and the one it should have: a record that was given another is of both portfolios.
        events = [event for event in (difference.recorded, difference.expected) if event is not None]
        keys = [(event.key or b"").decode("utf-8", "replace") for event in events]
        if self._task.portfolio is not None and self._task.portfolio not in keys:
            return
        self.findings.add(
            Finding(
                kind=difference.kind,
                topic=topic,
                partition=self._partition,
                step=seq,
                offset=difference.offset,
                subject=difference.subject,
                portfolio_id=keys[0] or None,
                text=difference.text,
                cause=cause if difference.kind is Kind.CORRUPTED else None,
                recorded=shown(_value(difference.recorded)),
                expected=shown(_value(difference.expected)),
            )
        )

    def _add(self, kind: Kind, topic: str, text: str, seq: int | None = None) -> None:
        self.findings.add(Finding(kind=kind, topic=topic, partition=self._partition, step=seq, text=text))


def _value(event: Event | None) -> bytes | None:
    return event.value if event is not None else None
