"""`risk-stream publish orders|portfolio-values|controls [FILE|-]`: JSON lines to input records."""

import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import nullcontext
from typing import Any, BinaryIO

import click
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from risk_stream.cli.failure import FAILED
from risk_stream.cli.kafka import run
from risk_stream.cli.output import json_option, print_json
from risk_stream.cli.read_lines import LINE_BYTES_MAX, read_lines
from risk_stream.kafka.input_lines import LINE_READERS, BadLine
from risk_stream.kafka.publish import UNACKNOWLEDGED_MAX, Outbound, Publisher, Tally
from risk_stream.messages.record_size import VALUE_BYTES_MAX, size_problem
from risk_stream.ops.load import load_settings

TOO_LONG = BadLine(f"value: the line has over {LINE_BYTES_MAX:,} bytes, at most {VALUE_BYTES_MAX:,} are taken")
PROGRESS_EVERY_LINES = 1_000
LOOK = "It and later ones may be on the topic all the same: look there before you send them again."


@click.command()
@click.argument("topic", type=click.Choice(list(LINE_READERS)))
@click.argument("file", type=click.File("rb"), default="-")
@json_option
def command(topic: str, file: BinaryIO, as_json: bool) -> int:
    """Send JSON lines from FILE (standard input by default), keyed and partitioned as the contract says.

    A line that is no valid message is named with its number and sent nowhere; the others are sent as they are, each
    when it was read. Exit code 1 when there was such a line. When it fails or is interrupted, it says how many lines
    the broker has acknowledged, and from which line on to look.
    """
    settings = load_settings()
    tally, name = Tally(), settings.topic(topic)
    lines = _Lines(file, topic, progress=not file.isatty())

    async def work() -> None:
        async with Publisher(settings.connection(), name) as publisher:
            await publisher.send_all(lines.records(publisher.partitions), tally)

    def report(**more: Any) -> None:
        if as_json:
            print_json({"topic": name, "sent": tally.acknowledged, "bad": lines.bad, **more})
        else:
            click.echo(f"{tally.acknowledged} sent to {name}, {lines.bad} bad", err=True)

    try:
        run(work(), settings)
    except BaseException:
        first = lines.number(tally.first_open)
        if lines.begun:
            report(first_not_sent=first)
        if first is not None:
            click.echo(f"Line {first} is the first that is not acknowledged. {LOOK}", err=True)
        raise
    report()
    return FAILED if lines.bad else 0


class _Lines:
    """The records of a file of JSON lines; counts the bad ones and says what is wrong with each."""

    def __init__(self, file: BinaryIO, topic: str, *, progress: bool) -> None:
        self._file, self._topic, self._progress = file, topic, progress
        self._records = 0
        self._numbers: deque[int] = deque(maxlen=UNACKNOWLEDGED_MAX + 2)
        """Line numbers of the last records: of all that may be open, one being sent and one being settled included."""
        self.bad = 0
        self.begun = False
        """Whether any line was asked for: not before the cluster has answered."""

    def number(self, record: int) -> int | None:
        """The line of a record that may be open; None when no such record was read."""
        return self._numbers[record - self._records] if record < self._records else None

    async def records(self, partitions: int) -> AsyncIterator[Outbound]:
        """The good lines. Empty ones are passed over."""
        self.begun = True
        console = Console(stderr=True)
        bar = Progress(TextColumn("{task.completed} lines"), TimeElapsedColumn(), console=console, transient=True)
        task = bar.add_task("", total=None)
        number = 0
        with bar if self._progress and console.is_terminal else nullcontext():
            async for line in read_lines(self._file):
                number += 1
                if number % PROGRESS_EVERY_LINES == 0:
                    bar.update(task, completed=number)
                record = self._read(line, partitions)
                if record is None:
                    continue
                if isinstance(record, BadLine):
                    self.bad += 1
                    console.print(f"line {number}: {record.detail}", markup=False, highlight=False, soft_wrap=True)
                else:
                    self._records += 1
                    self._numbers.append(number)
                    yield record

    def _read(self, line: bytes, partitions: int) -> Outbound | BadLine | None:
        if len(line) > LINE_BYTES_MAX:
            return TOO_LONG
        text = line.strip()
        if not text:
            return None
        problem = size_problem(len(text))
        if problem:
            return BadLine(f"value: {problem}")
        return LINE_READERS[self._topic](text, time.time_ns() // 1_000_000, partitions)
