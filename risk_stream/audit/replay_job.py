"""Replay of one partition as a job that can run in a process of its own: only that process loads the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from risk_stream.audit.chain import Chain
from risk_stream.audit.findings import Findings
from risk_stream.audit.journal import Head, beginning
from risk_stream.audit.log import ORDERS, VALUES, PartitionBounds, RecordedLog
from risk_stream.audit.task import PartitionResult, Task

if TYPE_CHECKING:
    from risk_stream.audit.tally import Tally


class PartitionOutcome(msgspec.Struct):
    """What a replay found, and report data when it was asked for."""

    result: PartitionResult
    tally: Tally | None


async def replay_job(
    log: RecordedLog, bounds: PartitionBounds, progress: Callable[[int], None], *, task: Task, tallied: bool
) -> PartitionOutcome:
    """Replay a partition; LogError when it cannot be. Of one outside the span only the journal is read."""
    if bounds.partition not in task.span.partitions(log.partitions):
        found = await read_to_head(log, bounds, task.heads[bounds.partition])
        progress(sum(one.end - one.first for one in bounds.inputs.values()))
        return PartitionOutcome(found, None)
    from risk_stream.audit.controls_log import read_controls
    from risk_stream.audit.replay import replay_partition
    from risk_stream.audit.tally import Tallier

    tallier = Tallier() if tallied else None
    listeners = () if tallier is None else (tallier,)
    result = await replay_partition(log, await read_controls(log), bounds, task, listeners, progress)
    return PartitionOutcome(result, None if tallier is None else tallier.tally())


async def read_to_head(log: RecordedLog, bounds: PartitionBounds, head: Head) -> PartitionResult:
    """Check a journal from its first step up to an anchored head, without deciding anything."""
    findings = Findings()
    position = beginning(bounds.inputs[VALUES].first, bounds.inputs[ORDERS].first)
    chain = Chain(log, bounds, findings, position, head)
    await chain.look_for_head()
    reached = Head(bounds.partition, chain.position.seq, chain.position.chain)
    return PartitionResult(bounds.partition, findings=findings.kept, counts=dict(findings.counts), head=reached)
