"""`risk-stream head`: where the journals end, as JSON, to keep where the log's owner cannot change it."""

import asyncio
from pathlib import Path
from typing import Any

import click

from risk_stream.audit.heads import read_heads
from risk_stream.cli.archive_option import archive_option
from risk_stream.cli.audit_log import log_errors, open_log
from risk_stream.cli.output import print_json
from risk_stream.ops.load import load_settings


@click.command()
@archive_option
@click.option("--json", "as_json", is_flag=True, help="The default, and the only form.")
def command(archive: Path | None, as_json: bool) -> None:
    """Print the head of every journal: partition, step and chain value, one JSON object.

    Keep it elsewhere, day by day. `risk-stream replay --head FILE` proves that the log still contains it: whoever
    rewrites history has to change every later chain value.
    """
    settings = load_settings()
    opened = open_log(archive, settings)

    async def work() -> dict[str, Any]:
        async with opened() as log:
            heads = await read_heads(log)
            return {"prefix": log.prefix, "partitions": log.partitions, "heads": heads}

    with log_errors(settings):
        found = asyncio.run(work())
    found["heads"] = [{"partition": one.partition, "seq": one.seq, "chain": one.chain} for one in found["heads"]]
    print_json(found)
