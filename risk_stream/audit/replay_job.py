"""Replay of one partition as a job that can run in a process of its own: only that process loads the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from risk_stream.audit.log import PartitionBounds, RecordedLog
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
    """Replay a partition; LogError when it cannot be."""
    from risk_stream.audit.controls_log import read_controls
    from risk_stream.audit.replay import replay_partition
    from risk_stream.audit.tally import Tallier

    tallier = Tallier() if tallied else None
    listeners = () if tallier is None else (tallier,)
    result = await replay_partition(log, await read_controls(log), bounds, task, listeners, progress)
    return PartitionOutcome(result, None if tallier is None else tallier.tally())
