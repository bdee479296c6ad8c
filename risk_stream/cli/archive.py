"""`risk-stream archive DIR`: write what is new on the recorded log to Parquet files, with a manifest."""

import asyncio
import time
from pathlib import Path
from typing import Any

import click

from risk_stream.audit.span import Mark
from risk_stream.cli.audit_log import count_all, log_errors, open_log, progress_bar
from risk_stream.cli.output import json_option, print_json
from risk_stream.cli.replay import MarkType
from risk_stream.ops.load import load_settings


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--to", "stop", type=MarkType(), metavar="T", help="Only what was decided before this time.")
@json_option
def command(folder: Path, stop: Mark | None, as_json: bool) -> None:
    """Add all steps decided since the last run to the archive in FOLDER; the first run begins with the first step.

    `risk-stream replay --archive FOLDER` proves it without a broker; any Parquet reader can query it.
    """
    if stop is not None and stop.time_ms is None:
        raise click.UsageError("--to needs a time here: an archive holds all partitions")
    settings = load_settings()
    opened = open_log(None, settings)
    from risk_stream.audit.archive_write import write_segment

    async def work() -> Any:
        _, total = await count_all(opened)
        async with opened() as log:
            with progress_bar("archive", total) as progress:
                now_ms = time.time_ns() // 1_000_000
                return await write_segment(log, folder, now_ms, stop.time_ms if stop else None, progress)

    with log_errors(settings):
        segment = asyncio.run(work())
    records = sum(one.records for one in segment.files) if segment is not None else 0
    size = sum(one.bytes for one in segment.files) if segment is not None else 0
    if as_json:
        number = segment.number if segment is not None else None
        print_json({"folder": str(folder), "segment": number, "records": records, "bytes": size})
    elif segment is None:
        click.echo(f"{folder}: nothing new", err=True)
    else:
        click.echo(f"{folder}: segment {segment.number}, {records} records, {size} bytes", err=True)
