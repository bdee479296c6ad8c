"""`risk-stream replay`: decide the recorded log again; prove it, or ask what other limits would have done."""

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from risk_stream.audit.findings import Finding
from risk_stream.audit.log import OpenLog, PartitionBounds, all_bounds
from risk_stream.audit.pool import run_partitions, start_loading
from risk_stream.audit.span import Mark, Span, SpanError, read_mark
from risk_stream.audit.start import Start
from risk_stream.cli.archive_option import archive_option
from risk_stream.cli.audit_log import log_errors, open_log
from risk_stream.cli.failure import ANSWER_IS_NO, DONE, CommandError
from risk_stream.cli.output import json_option
from risk_stream.ops.load import load_settings
from risk_stream.ops.settings import Settings


class MarkType(click.ParamType):
    """A time or PARTITION@OFFSET."""

    name = "time or place"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Mark:
        """Read it."""
        if isinstance(value, Mark):
            return value
        try:
            return read_mark(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command()
@archive_option
@click.option("--from", "start", type=MarkType(), metavar="T|P@OFFSET", help="Look at what was decided from here on.")
@click.option("--to", "stop", type=MarkType(), metavar="T|P@OFFSET", help="... and up to here.")
@click.option("--no-archived-state", is_flag=True, help="Begin with step 1, whatever state is archived.")
@click.option("--portfolio", help="Tell only of this portfolio.")
@click.option("--head", type=click.Path(path_type=Path, exists=True), help="Hold the log against this anchored head.")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Write an HTML report, too.")
@click.option("--limits", type=click.Path(path_type=Path, exists=True), help="What if these limits had been in force?")
@click.option("--sweep", metavar="LIMIT_ID=FROM:TO:STEPS", help="How many orders would this threshold refuse?")
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, show_default="all cores")
@json_option
def command(
    archive: Path | None,
    start: Mark | None,
    stop: Mark | None,
    no_archived_state: bool,
    portfolio: str | None,
    head: Path | None,
    report: Path | None,
    limits: Path | None,
    sweep: str | None,
    jobs: int,
    as_json: bool,
) -> int:
    """Decide every recorded order again with the same engine and compare, byte for byte. Nothing is written to Kafka.

    Exit code 0: identical. 3: not identical, and what differs is named. 1: it could not be replayed.
    """
    settings = load_settings()
    opened = open_log(archive, settings, damaged_too=sweep is None and limits is None)
    if (limits or sweep) and (head or report):
        raise click.UsageError("--head and --report go with a proof, not with --limits or --sweep")
    if report is not None:
        _refuse_unwritable(report)
    if jobs > 1:
        # cli.main is every process's main module
        start_loading("risk_stream.ops.compiled_once", opened.func.__module__, "risk_stream.cli.main")
    with log_errors(settings), _span_errors():
        span = Span(start, stop)
        if sweep is not None:
            return _sweep(opened, settings, sweep, limits, span, portfolio, jobs, as_json)
        if limits is not None:
            return _what_if(opened, settings, limits, span, portfolio, jobs, as_json)
        return _prove(opened, settings, span, portfolio, head, report, jobs, as_json, archive, not no_archived_state)


@contextmanager
def _span_errors() -> Iterator[None]:
    """A span that no step can lie in is wrong usage."""
    try:
        yield
    except SpanError as error:
        raise click.UsageError(f"--from, --to: {error}") from None


def _refuse_unwritable(report: Path) -> None:
    """Before the work and not behind it."""
    if report.exists() and not report.is_file():
        raise click.UsageError(f"--report {report}: it is there, and no file")
    if not (report.parent.is_dir() and os.access(report.parent, os.W_OK)):
        raise click.UsageError(f"--report {report}: {report.parent} is no folder that can be written to")


def _prove(
    opened: OpenLog,
    settings: Settings,
    span: Span,
    portfolio: str | None,
    head: Path | None,
    report_path: Path | None,
    jobs: int,
    as_json: bool,
    archive: Path | None,
    from_state: bool,
) -> int:
    from risk_stream import __version__
    from risk_stream.audit.heads import load_heads, named_ends
    from risk_stream.audit.replay_job import replay_job
    from risk_stream.audit.report import NO_STEP, ReplayReport, verdicts_of
    from risk_stream.audit.task import Task
    from risk_stream.cli.audit_text import print_report, print_report_json

    started_ms, clock = time.time_ns() // 1_000_000, time.perf_counter()

    async def look() -> tuple[str, Task, list[Finding], int]:
        async with opened() as log:
            span.partitions(log.partitions)  # is each of them there?
            heads = load_heads(head, log) if head is not None else {}
            if archive is None:
                return log.name, Task(span, heads, portfolio, settings.resident_max), await log.damage(), 0
            from risk_stream.audit.archive_log import ArchiveLog
            from risk_stream.audit.archive_starts import Look, look_at

            stored = ArchiveLog(archive)
            found = look_at(stored, span, heads) if from_state else Look(await stored.damage(), {}, 0)
            ends = named_ends(stored.manifest)
            task = Task(span, heads, portfolio, settings.resident_max, found.starts, ends)
            return log.name, task, found.damage, found.files_not_needed

    name, task, damage, files_not_needed = asyncio.run(look())
    job = partial(replay_job, task=task, tallied=report_path is not None)
    outcomes = _run(opened, job, span, jobs, "replay", task.starts, task.heads)
    partitions = [one.result for one in outcomes]
    told = ReplayReport(
        log=name,
        version=__version__,
        started_ms=started_ms,
        seconds=time.perf_counter() - clock,
        span=span.text(),
        verdicts=verdicts_of(partitions, damage),
        partitions=partitions,
        damage=damage,
        files_not_needed=files_not_needed,
    )
    (print_report_json if as_json else print_report)(told)
    if not told.steps:
        click.echo(NO_STEP, err=as_json)
    if report_path is not None:
        from risk_stream.audit.report_page import write_report

        try:
            write_report(report_path, told, [one.tally for one in outcomes if one.tally is not None])
        except OSError as error:
            raise CommandError(f"the answer stands, but its report could not be written: {error}") from error
    return DONE if told.identical else ANSWER_IS_NO


def _what_if(
    opened: OpenLog, settings: Settings, file: Path, span: Span, portfolio: str | None, jobs: int, as_json: bool
) -> int:
    from risk_stream.audit.what_if import WhatIfTask, ask_what_if, summed
    from risk_stream.cli.audit_text import print_what_if
    from risk_stream.cli.limits_file import read_limits_or_fail

    task = WhatIfTask(tuple(read_limits_or_fail(file)), span, portfolio, settings.resident_max)
    print_what_if(summed(_run(opened, partial(ask_what_if, task=task), span, jobs, "what if")), as_json)
    return DONE


def _sweep(
    opened: OpenLog,
    settings: Settings,
    text: str,
    file: Path | None,
    span: Span,
    portfolio: str | None,
    jobs: int,
    as_json: bool,
) -> int:
    from risk_stream.audit.sweep import SweepTask, read_sweep, summed_curve, sweep
    from risk_stream.cli.audit_text import print_curve
    from risk_stream.cli.limits_file import read_limits_or_fail

    try:
        limit_id, thresholds = read_sweep(text)
    except ValueError as error:
        raise click.UsageError(f"--sweep {error}") from None
    limits = tuple(read_limits_or_fail(file)) if file is not None else ()
    task = SweepTask(limit_id, thresholds, span, limits, portfolio, settings.resident_max)
    print_curve(limit_id, summed_curve(_run(opened, partial(sweep, task=task), span, jobs, "sweep")), as_json)
    return DONE


def _run(
    opened: OpenLog,
    job: Callable[..., Any],
    span: Span,
    jobs: int,
    title: str,
    starts: Mapping[int, Start] = MappingProxyType({}),
    others: Iterable[int] = (),
) -> list[Any]:
    """The job's results for the partitions of the span, and those of others that it has something to do with."""
    from risk_stream.cli.audit_log import count_inputs, progress_bar

    async def look_up() -> list[PartitionBounds]:
        async with opened() as log:
            return await all_bounds(log, sorted({*span.partitions(log.partitions), *others}))

    partitions = asyncio.run(look_up())
    with progress_bar(title, count_inputs(partitions, starts)) as progress:
        return run_partitions(opened, partitions, job, jobs, progress)
