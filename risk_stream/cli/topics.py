"""`risk-stream topics create|describe`: the topic catalogue on the cluster."""

from dataclasses import asdict

import click

from risk_stream.cli.failure import ANSWER_IS_NO
from risk_stream.cli.kafka import run
from risk_stream.cli.output import json_option, print_json
from risk_stream.kafka.topics import Topics, TopicState
from risk_stream.ops.load import load_settings
from risk_stream.ops.settings import Settings

partitions_option = click.option(
    "--partitions", type=click.IntRange(1, 10_000), help="Of the keyed topics. [default: RISK_STREAM_PARTITIONS, 4]"
)


@click.group()
def command() -> None:
    """Create or describe the topics."""


@command.command()
@partitions_option
@json_option
def create(partitions: int | None, as_json: bool) -> None:
    """Create the topics that are missing; existing ones are never changed."""
    settings = load_settings()

    async def work() -> tuple[list[str], list[TopicState]]:
        async with _topics(settings, partitions) as topics:
            return await topics.create(settings.replication_factor), await topics.describe()

    made, states = run(work(), settings)
    for state in states:
        for fault in state.faults:
            click.echo(f"warning: {state.name}: {fault}", err=True)
    if as_json:
        print_json({"created": made, "topics": [asdict(state) for state in states]})
        return
    for state in states:
        click.echo(f"{state.name}  {'created' if state.name in made else 'exists'}")


@command.command()
@partitions_option
@json_option
def describe(partitions: int | None, as_json: bool) -> int:
    """Compare the topics with the catalogue (exit code 3 when one is missing or different)."""
    settings = load_settings()

    async def work() -> list[TopicState]:
        async with _topics(settings, partitions) as topics:
            return await topics.describe()

    states = run(work(), settings)
    if as_json:
        print_json([{**asdict(state), "right": state.right} for state in states])
    else:
        width = max(len(state.name) for state in states)
        for state in states:
            click.echo(f"{state.name:<{width}}  {_words(state)}")
    return 0 if all(state.right for state in states) else ANSWER_IS_NO


def _topics(settings: Settings, partitions: int | None) -> Topics:
    return Topics(settings.connection(), settings.topic_prefix, partitions or settings.partitions)


def _words(state: TopicState) -> str:
    if state.partitions is None:
        return "missing (risk-stream topics create)"
    notes = state.faults
    if state.partitions != state.partitions_expected:
        notes = [f"should be {state.partitions_expected}", *notes]
    plural = "" if state.partitions == 1 else "s"
    return f"{state.partitions} partition{plural}" + (f" ({'; '.join(notes)})" if notes else "")
