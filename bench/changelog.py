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
    """Of the group's changelog topic; zeros where there is none. Reads a sample from the start of each partition."""
    async with reader(stage.bootstrap) as consumer:
        names = [name for name in await consumer.topics() if group in name and name.endswith("changelog")]
        assigned = [TopicPartition(name, number) for name in names for number in range(PARTITIONS)]
        if not assigned:
            return Changelog()
        consumer.assign(assigned)
        await consumer.seek_to_beginning(*assigned)
        left = ends = await consumer.end_offsets(assigned)
        sizes: list[int] = []
        while left and len(sizes) < SAMPLE_ROWS:
            for batch in (await consumer.getmany(*left, timeout_ms=POLL_MS)).values():
                sizes += [len(record.key or b"") + len(record.value or b"") for record in batch]
            left = {tp: end for tp, end in left.items() if await consumer.position(tp) < end}
        return Changelog(sum(ends.values()), sum(sizes) / len(sizes) if sizes else 0.0)
