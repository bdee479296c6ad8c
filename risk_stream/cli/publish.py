"""`risk-stream publish orders|portfolio-values|controls [FILE|-]`: JSON lines to input records."""

import time
from collections.abc import AsyncIterator
from contextlib import nullcontext
from typing import BinaryIO

import click
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from risk_stream.cli.failure import FAILED
from risk_stream.cli.kafka import run
from risk_stream.cli.output import json_option, print_json
from risk_stream.kafka.input_lines import LINE_READERS, BadLine
from risk_stream.kafka.publish import Outbound, Publisher
from risk_stream.ops.load import load_settings

PROGRESS_EVERY_LINES = 1_000


@click.command()
@click.argument("topic", type=click.Choice(list(LINE_READERS)))
@click.argument("file", type=click.File("rb"), default="-")
@json_option
def command(topic: str, file: BinaryIO, as_json: bool) -> int:
    """Send JSON lines from FILE (standard input by default), keyed and partitioned as the contract says.

    A line that is no valid message is named with its number and sent nowhere; the others are sent as they are. Exit
    code 1 when there was such a line.
    """
    settings = load_settings()
    lines = _Lines(file, topic, progress=not file.isatty())

    async def work() -> int:
        async with Publisher(settings.connection(), settings.topic(topic)) as publisher:
            return await publisher.send_all(lines.records(publisher.partitions))

    sent = run(work(), settings)
    if as_json:
        print_json({"topic": settings.topic(topic), "sent": sent, "bad": lines.bad})
    else:
        click.echo(f"{sent} sent to {settings.topic(topic)}, {lines.bad} bad", err=True)
    return FAILED if lines.bad else 0


class _Lines:
    """The records of a file of JSON lines; counts the bad ones and says what is wrong with each."""

    def __init__(self, file: BinaryIO, topic: str, *, progress: bool) -> None:
        self._file, self._topic, self._progress = file, topic, progress
        self.bad = 0

    async def records(self, partitions: int) -> AsyncIterator[Outbound]:
        """The good lines. Empty ones are passed over."""
        read = LINE_READERS[self._topic]
        console = Console(stderr=True)
        bar = Progress(TextColumn("{task.completed} lines"), TimeElapsedColumn(), console=console, transient=True)
        task = bar.add_task("", total=None)
        with bar if self._progress and console.is_terminal else nullcontext():
            for number, line in enumerate(self._file, 1):
                if number % PROGRESS_EVERY_LINES == 0:
                    bar.update(task, completed=number)
                text = line.strip()
                if not text:
                    continue
                record = read(text, time.time_ns() // 1_000_000, partitions)
                if isinstance(record, BadLine):
                    self.bad += 1
                    console.print(f"line {number}: {record.detail}", markup=False, highlight=False, soft_wrap=True)
                else:
                    yield record
