"""The topics as they stand when all is decided."""

from collections import defaultdict
from typing import NamedTuple

from risk_stream.kafka.connection import Connection
from risk_stream.kafka.reader import TopicReader

INPUTS = ("orders", "portfolio-values", "controls")
OUTPUTS = ("journal", "decisions", "violations", "dead-letters", "portfolio-risk")


class Record(NamedTuple):
    """One committed record; `timestamp` is the broker's, in ms."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: dict[str, bytes]


class PartitionLogs(NamedTuple):
    """All records of one partition, by topic without prefix; `controls`, which has one partition, is in each."""

    partition: int
    partitions: int
    prefix: str
    records: dict[str, list[Record]]


async def read_logs(connection: Connection, prefix: str, partitions: int) -> list[PartitionLogs]:
    """Read every topic from its beginning to its present end. Memory: about 1 kB a record."""
    found: dict[tuple[str, int], list[Record]] = defaultdict(list)
    for name in (*INPUTS, *OUTPUTS):
        async with TopicReader(connection, prefix + name) as reader:
            await reader.from_beginning()
            async for records in reader.to_end():
                found[name, records[0].partition] += [
                    Record(one.offset, one.timestamp, one.key, one.value, dict(one.headers)) for one in records
                ]
    return [
        PartitionLogs(
            number,
            partitions,
            prefix,
            {name: found[name, 0 if name == "controls" else number] for name in (*INPUTS, *OUTPUTS)},
        )
        for number in range(partitions)
    ]
