"""Replays of a recorded log in memory, and logs that retention has been at."""

import asyncio
import copy
import json
from dataclasses import dataclass, field

from risk_stream.audit.controls_log import read_controls
from risk_stream.audit.findings import Finding
from risk_stream.audit.journal import Step, read_step
from risk_stream.audit.log import JOURNAL, Bounds, partition_bounds
from risk_stream.audit.replay import replay_partition
from risk_stream.audit.span import Mark, Span
from risk_stream.audit.task import PartitionResult, Task
from tests.audit.recording import Line, Recording


def replay(log: Recording, partition: int = 0, task: Task | None = None) -> PartitionResult:
    """Replay a partition."""

    async def work() -> PartitionResult:
        return await replay_partition(
            log, await read_controls(log), await partition_bounds(log, partition), task or Task(Span())
        )

    return asyncio.run(work())


def only(result: PartitionResult) -> Finding:
    """The one finding of a replay."""
    assert len(result.findings) == 1, "\n".join(one.line() for one in result.findings)
    return result.findings[0]


def steps(log: Recording, partition: int = 0) -> list[Step]:
    """The steps of a journal."""
    return [step for line in log.lines(JOURNAL, partition) if (step := read_step(line.value)) is not None]


def before(log: Recording, left: int) -> Span:
    """All but the last steps of partition 0's journal."""
    return Span(stop=Mark(log.lines(JOURNAL, 0)[-left].timestamp))


@dataclass
class Trimmed(Recording):
    """A log of which retention has deleted the first records."""

    firsts: dict[tuple[str, int], int] = field(default_factory=dict)

    async def bounds(self, topic: str, partition: int) -> Bounds:
        """From the first that is left."""
        known, first = await super().bounds(topic, partition), self.firsts.get((topic, partition), 0)
        return Bounds(first, max(first, known.end))


def trimmed(log: Recording, topic: str, count: int, partition: int = 0) -> Trimmed:
    """A copy without the first records of a topic; there must be so many."""
    copied = Trimmed(log.partitions, topics=copy.deepcopy(log.topics))
    lines = copied.lines(topic, partition)
    copied.firsts[topic, partition] = lines[count - 1].offset + 1
    del lines[:count]
    return copied


def order_of(decision: Line) -> int:
    """The offset of the order that it answers."""
    return int(json.loads(decision.value or b"")["decision_id"].split("-")[1])
