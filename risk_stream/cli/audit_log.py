"""Where the audit commands read from, how they show progress, and how they end."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from risk_stream.audit.log import KEYED, LogError, OpenLog, PartitionBounds
from risk_stream.audit.start import Start
from risk_stream.cli.failure import CommandError
from risk_stream.ops.settings import Settings


def open_log(archive: Path | None, settings: Settings, *, damaged_too: bool = False) -> "partial[Any]":
    """The archive, or the cluster of the settings; with `damaged_too` for a proof, which names the damaged files."""
    # Here, not above: Parquet and the Kafka client take half a second each to import, and only one is needed.
    if archive is not None:
        from risk_stream.audit.archive_log import ArchiveLog

        return partial(ArchiveLog, archive, damaged_too=damaged_too)
    from risk_stream.kafka.recorded_log import KafkaLog

    return partial(KafkaLog, settings.connection(), settings.topic_prefix)


@contextmanager
def log_errors(settings: Settings) -> Iterator[None]:
    """What cannot be read, as words on stderr and exit code 1."""
    from risk_stream.cli.kafka import kafka_errors

    try:
        with kafka_errors(settings):
            yield
    except LogError as error:
        raise CommandError(str(error)) from error


def count_inputs(partitions: Iterable[PartitionBounds], starts: Mapping[int, Start]) -> int:
    """How many offsets of inputs the partitions hold behind their starts, for the time left."""
    left = [starts[one.partition].behind(one) if one.partition in starts else one for one in partitions]
    return sum(one.end - one.first for bounds in left for one in bounds.inputs.values())


async def count_all(opened: OpenLog) -> tuple[int, int]:
    """Partitions, and offsets of all topics but the controls."""
    async with opened() as log:
        bounds = [await log.bounds(topic, one) for topic in KEYED for one in range(log.partitions)]
        return log.partitions, sum(one.end - one.first for one in bounds)


@contextmanager
def progress_bar(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar with rate and time left, on stderr when that is a terminal; yields what is told of records done."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(show_speed=True),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    task = bar.add_task(title, total=total)
    with bar:
        yield lambda records: bar.advance(task, records)
