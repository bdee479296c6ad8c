"""`risk-stream archive DIR`: write what is new on the recorded log to Parquet files, with a manifest."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from risk_stream.audit.log import all_bounds
from risk_stream.audit.pool import start_loading
from risk_stream.audit.span import Mark
from risk_stream.cli.audit_log import count_all, count_inputs, log_errors, open_log, progress_bar
from risk_stream.cli.failure import ANSWER_IS_NO, DONE
from risk_stream.cli.output import json_option, print_json, print_line
from risk_stream.cli.replay import MarkType
from risk_stream.ops.load import load_settings

if TYPE_CHECKING:  # they load pyarrow, half a second
    from risk_stream.audit.archive_state import StateOutcome
    from risk_stream.audit.manifest import Segment

FINDINGS_SHOWN_MAX = 20
ASIDE = "A run was killed, or another manifest was here: delete it when `replay` of the archive misses nothing."


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--to", "stop", type=MarkType(), metavar="T", help="Only what was decided before this time.")
@click.option("--state", is_flag=True, help="Replay the archive, and store the state at its end if nothing is found.")
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, show_default="all cores")
@json_option
def command(folder: Path, stop: Mark | None, state: bool, jobs: int, as_json: bool) -> int:
    """Add all steps decided since the last run to the archive in FOLDER; the first run begins with the first step.

    `risk-stream replay --archive FOLDER` proves it without a broker; any Parquet reader can query it. With --state a
    later `replay --from` can begin there instead of with step 1. Exit code 3: the replay found something, and no state
    was stored; the segment was.
    """
    if stop is not None and stop.time_ms is None:
        raise click.UsageError("--to needs a time here: an archive holds all partitions")
    settings = load_settings()
    opened = open_log(None, settings)
    if state and jobs > 1:
        start_loading("risk_stream.ops.compiled_once", "risk_stream.audit.archive_log", "risk_stream.cli.main")
    from risk_stream.audit.archive_write import put_aside, write_segment

    async def work() -> Segment | None:
        _, total = await count_all(opened)
        async with opened() as log:
            with progress_bar("archive", total) as progress:
                now_ms = time.time_ns() // 1_000_000
                return await write_segment(log, folder, now_ms, stop.time_ms if stop else None, progress)

    with log_errors(settings):
        segment = asyncio.run(work())
        for path in put_aside(folder):
            print_line(f"{path}: stood in a segment's place, but the manifest did not name it. {ASIDE}", err=True)
        if not as_json:
            _tell_segment(folder, segment)
        outcome = _store_state(folder, settings.resident_max, jobs) if state else None
    if as_json:
        print_json({"folder": str(folder), **_totals(segment), "state": msgspec.to_builtins(outcome)})
    elif state:
        _tell_state(folder, outcome)
    return ANSWER_IS_NO if outcome is not None and outcome.findings_total else DONE


def _store_state(folder: Path, resident_max: int, jobs: int) -> StateOutcome | None:
    from risk_stream.audit.archive_log import ArchiveLog
    from risk_stream.audit.archive_state import find_state_task, store_state

    task = find_state_task(folder, resident_max)
    if task is None:
        return None
    for finding in task.damage:
        print_line(f"{finding.line()}; the partition is replayed from step 1", err=True)
    partitions = asyncio.run(all_bounds(ArchiveLog(folder), task.partitions))
    with progress_bar("state", count_inputs(partitions, task.starts)) as progress:
        return store_state(task, partitions, jobs, progress)


def _totals(segment: Segment | None) -> dict[str, Any]:
    files = segment.files if segment is not None else []
    return {
        "segment": segment.number if segment is not None else None,
        "records": sum(one.records for one in files),
        "bytes": sum(one.bytes for one in files),
    }


def _tell_segment(folder: Path, segment: Segment | None) -> None:
    totals = _totals(segment)
    if segment is None:
        click.echo(f"{folder}: nothing new", err=True)
    else:
        click.echo(
            f"{folder}: segment {totals['segment']}, {totals['records']} records, {totals['bytes']} bytes", err=True
        )


def _tell_state(folder: Path, outcome: StateOutcome | None) -> None:
    from risk_stream.audit.manifest import read_manifest

    if outcome is None and not read_manifest(folder):
        click.echo(f"{folder}: there is no step yet, so no state to store", err=True)
    elif outcome is None:
        click.echo(f"{folder}: the state of the last segment is there already", err=True)
    elif outcome.findings_total:
        for finding in outcome.findings[:FINDINGS_SHOWN_MAX]:
            print_line(finding.line(), err=True)
        click.echo(f"{folder}: {outcome.findings_total} found in {outcome.steps} steps: no state was stored", err=True)
    else:
        rows, size = (sum(getattr(one, name) for one in outcome.states) for name in ("rows", "bytes"))
        click.echo(f"{folder}: state of segment {outcome.segment}, {outcome.steps} steps replayed, "
                   f"{rows} rows, {size} bytes", err=True)  # fmt: skip
