"""`risk-stream tail decisions|violations|dead-letters`: what was published, one line a record."""

from typing import Any

import click

from risk_stream.cli.kafka import run
from risk_stream.cli.output import print_line
from risk_stream.cli.tail_json import json_line
from risk_stream.cli.tail_lines import LINES, line
from risk_stream.kafka.foreign_names import pass_over_foreign_names
from risk_stream.kafka.reader import TopicReader
from risk_stream.ops.load import load_settings

LAST_DEFAULT = 10


@click.command()
@click.argument("topic", type=click.Choice(list(LINES)))
@click.option("--from-beginning", is_flag=True, help="All records that are kept, not only the last ones.")
@click.option("--lines", type=click.IntRange(0), default=LAST_DEFAULT, show_default=True, help="How many of the last.")
@click.option("--follow", is_flag=True, help="Go on with what is published from now on, until Ctrl-C.")
@click.option("--portfolio", help="Only records of this portfolio.")
@click.option("--json", "as_json", is_flag=True, help="Print each record as JSON, a line each.")
def command(topic: str, from_beginning: bool, lines: int, follow: bool, portfolio: str | None, as_json: bool) -> None:
    """Print records of TOPIC: only committed ones, so what you see is final."""
    settings = load_settings()
    pass_over_foreign_names()
    key = portfolio.encode() if portfolio else None

    def show(records: list[Any]) -> None:
        for record in records:
            if as_json:
                click.echo(json_line(record))
            else:
                print_line(line(topic, record))

    async def work() -> None:
        async with TopicReader(settings.connection(), settings.topic(topic)) as reader:
            # With a portfolio the last N of it may lie anywhere, so everything is looked at.
            if from_beginning or key:
                await reader.from_beginning()
            else:
                await reader.from_last(2 * lines)  # every transaction's end takes an offset too
            found: list[Any] = []
            async for records in reader.to_end():
                wanted = [record for record in records if key is None or record.key == key]
                if from_beginning:
                    show(wanted)
                else:
                    found = sorted([*found, *wanted], key=_when)[-lines:] if lines else []
            show(found)
            if follow:
                async for records in reader.follow():
                    show([record for record in records if key is None or record.key == key])

    run(work(), settings)


def _when(record: Any) -> tuple[int, int, int]:
    return record.timestamp, record.partition, record.offset
