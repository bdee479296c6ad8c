"""What a run wrote to its changelog: how many rows, and how large they are."""

from dataclasses import dataclass

from aiokafka import TopicPartition

from bench.answers import reader
from bench.stage import PARTITIONS, Stage

SAMPLE_ROWS = 20_000
POLL_MS = 500


@dataclass(frozen=True, slots=True)
class Changelog:
    """Rows written (of transactions, their markers too) and the mean size of the sampled ones, key and value."""

    rows: int = 0
    bytes_per_row: float = 0.0


async def changelog_of(stage: Stage, group: str) -> Changelog:
    """Of the group's changelog topics; zeros where there are none. Reads a sample from the end of each partition."""
    async with reader(stage.bootstrap) as consumer:
        names = [name for name in await consumer.topics() if group in name and "changelog" in name]
        assigned = [TopicPartition(name, number) for name in names for number in range(PARTITIONS)]
        if not assigned:
            return Changelog()
        consumer.assign(assigned)
        left = ends = await consumer.end_offsets(assigned)
        for tp, end in ends.items():
            consumer.seek(tp, max(0, end - SAMPLE_ROWS // len(assigned)))
        sizes: list[int] = []
        while left := {tp: end for tp, end in left.items() if await consumer.position(tp) < end}:
            for batch in (await consumer.getmany(*left, timeout_ms=POLL_MS)).values():
                sizes += [len(record.key or b"") + len(record.value or b"") for record in batch]
        return Changelog(sum(ends.values()), sum(sizes) / len(sizes) if sizes else 0.0)
