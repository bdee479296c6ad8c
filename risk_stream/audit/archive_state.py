"""Stores what the portfolios remember at the end of an archive, once a replay of the archive has proven it.

The steps are decided from the newest state stored before, or from step 1, and compared with what was published. So each
stored state is proven by those before it, and a finding anywhere keeps every later one from being stored.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from risk_stream.audit.archive_lock import only_run
from risk_stream.audit.archive_log import STATE, ArchiveLog, FileFlaw
from risk_stream.audit.disk import replace
from risk_stream.audit.findings import Finding, Kind
from risk_stream.audit.journal import Head
from risk_stream.audit.log import LogError, PartitionBounds, RecordedLog
from risk_stream.audit.manifest import Manifest, StateFile, read_manifest, sha256_of, write_manifest
from risk_stream.audit.pool import run_partitions
from risk_stream.audit.span import Span
from risk_stream.audit.start import Start, newest_start
from risk_stream.audit.task import Task

UNFINISHED = ".unfinished"


@dataclass(frozen=True, slots=True)
class StateTask:
    """What to prove and store: the state behind the last segment."""

    folder: Path
    segment: int
    heads: dict[int, Head]
    """Where the journals of the archive end; a partition that has had no step has no state either."""
    starts: dict[int, Start]
    damage: list[Finding]
    """Stored states that cannot be begun with: their partitions begin with step 1."""
    resident_max: int

    @property
    def partitions(self) -> list[int]:
        """Those that have had a step."""
        return sorted(self.heads)


class Proven(msgspec.Struct):
    """What came of one partition."""

    steps: int
    state: StateFile | None
    findings: list[Finding]
    counts: dict[Kind, int]


class StateOutcome(msgspec.Struct):
    """What came of all; no state is stored when there is a finding in any."""

    segment: int
    steps: int
    """Decided again."""
    states: list[StateFile]
    findings: list[Finding]
    """The first of each partition."""
    findings_total: int


def find_state_task(folder: Path, resident_max: int) -> StateTask | None:
    """What there is to store; None when there is no segment, or the last one has its states already.

    Hashes the states to begin with. LogError when the folder is no archive.
    """
    manifest = read_manifest(folder)
    if manifest is None or not manifest.segments or manifest.segments[-1].states:
        return None
    heads = {head.partition: head for segment in manifest.segments for head in segment.heads}
    starts, damage = {}, []
    for one in heads:
        start = newest_start(folder, manifest, one, lambda state: True)
        if start is None:
            continue
        is_gone = not start.path.exists()
        if is_gone or sha256_of(start.path) != start.state.sha256:
            damage.append(FileFlaw(start.segment, STATE, one, start.state.path, is_gone).finding())
        else:
            starts[one] = start
    return StateTask(folder, manifest.segments[-1].number, heads, starts, damage, resident_max)


def store_state(
    task: StateTask, partitions: list[PartitionBounds], jobs: int, progress: Callable[[int], None]
) -> StateOutcome:
    """Decide, compare, and name the states in the manifest.

    LogError when the archive cannot be replayed, or another run is at work on it.
    """
    with only_run(task.folder):
        manifest = _unchanged(task)
        try:
            opened = partial(ArchiveLog, task.folder)
            found = run_partitions(opened, partitions, partial(prove_partition, task=task), jobs, progress)
            total = sum(count for one in found for count in one.counts.values())
            states = [one.state for one in found if one.state is not None] if total == 0 else []
            if states:
                _name(task, manifest, states)
        finally:
            for one in task.partitions:
                _unfinished(task, one).unlink(missing_ok=True)
    findings = [finding for one in found for finding in one.findings]
    return StateOutcome(task.segment, sum(one.steps for one in found), states, findings, total)


async def prove_partition(
    log: RecordedLog, bounds: PartitionBounds, progress: Callable[[int], None], *, task: StateTask
) -> Proven:
    """Replay a partition to the archive's end and write its rows to an unfinished file."""
    # Here, not above: only the processes that replay load the engine.
    from risk_stream.audit.controls_log import read_controls
    from risk_stream.audit.replay import replay_partition
    from risk_stream.audit.state_rows import write_rows
    from risk_stream.audit.walk import Ended
    from risk_stream.state.save_chunks import VERSION

    path = _unfinished(task, bounds.partition)
    kept: list[StateFile] = []

    def keep(ended: Ended) -> None:
        rows = write_rows(path, ended.rows)
        end = ended.position
        kept.append(
            StateFile(
                head=Head(bounds.partition, end.seq, end.chain),
                values=end.values,
                orders=end.orders,
                controls=end.controls,
                journal=bounds.journal.end,
                outputs={topic: one.end for topic, one in bounds.outputs.items()},
                committed_ms=ended.committed_ms,
                layout=VERSION,
                path=path.relative_to(task.folder).as_posix().removesuffix(UNFINISHED),
                rows=rows,
                bytes=path.stat().st_size,
                sha256=sha256_of(path),
            )
        )

    asked = Task(Span(), task.heads, None, task.resident_max, task.starts)
    result = await replay_partition(log, await read_controls(log), bounds, asked, (), progress, keep)
    return Proven(result.steps, kept[0] if kept else None, result.findings, result.counts)


def _unfinished(task: StateTask, partition: int) -> Path:
    return task.folder / f"segment-{task.segment:05}" / f"state-{partition}.parquet{UNFINISHED}"


def _unchanged(task: StateTask) -> Manifest:
    """The manifest; LogError when another run has gone on since the task was found."""
    manifest = read_manifest(task.folder)
    if manifest is None or manifest.segments[-1].number != task.segment or manifest.segments[-1].states:
        raise LogError(f"{task.folder}: another `archive` has written to it meanwhile; run this one again")
    return manifest


def _name(task: StateTask, manifest: Manifest, states: list[StateFile]) -> None:
    """Put the files in their places; until the manifest names them they count for nothing."""
    for state in states:
        replace(_unfinished(task, state.head.partition), task.folder / state.path)
    manifest.segments[-1] = msgspec.structs.replace(manifest.segments[-1], states=states)
    write_manifest(task.folder, manifest)
