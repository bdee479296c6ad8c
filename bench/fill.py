"""Logs written before any clock runs: large batches, each record on its key's partition."""

import asyncio
from collections.abc import Iterator

from aiokafka import AIOKafkaProducer

from bench.job import Job
from bench.shape import Shape, portfolio_id
from risk_stream.messages.murmur2 import partition_of

BATCH_BYTES_MAX = 512 * 1024
WAITING_MAX = 64  # batches on their way: 32 MB

Record = tuple[bytes | None, bytes]


def order_records(job: Job, shape: Shape) -> Iterator[Record]:
    """The orders with their keys."""
    for draw in shape.draws():
        yield portfolio_id(draw.portfolio).encode(), job.order(draw)


def value_records(job: Job, shape: Shape) -> Iterator[Record]:
    """One valuation a portfolio."""
    for number in range(shape.valued):
        yield portfolio_id(number).encode(), job.value(number)


def control_records(job: Job) -> Iterator[Record]:
    """The limits."""
    for control in job.controls():
        yield None, control


async def fill(bootstrap: str, topic: str, partitions: int, records: Iterator[Record]) -> None:
    """Write records to their partitions; a record without key goes to partition 0."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=BATCH_BYTES_MAX, linger_ms=5)
    await producer.start()
    try:
        batches = [producer.create_batch() for _ in range(partitions)]
        sent: list[asyncio.Future[object]] = []
        known: dict[bytes, int] = {}
        for key, value in records:
            if key is None:
                number = 0
            elif (number := known.get(key, -1)) < 0:
                number = known[key] = partition_of(key, partitions)
            if batches[number].append(key=key, value=value, timestamp=None) is None:
                sent.append(await producer.send_batch(batches[number], topic, partition=number))
                batches[number] = producer.create_batch()
                batches[number].append(key=key, value=value, timestamp=None)
                if len(sent) >= WAITING_MAX:
                    await asyncio.gather(*sent)
                    sent.clear()
        for number, batch in enumerate(batches):
            if batch.record_count():
                sent.append(await producer.send_batch(batch, topic, partition=number))
        await asyncio.gather(*sent)
    finally:
        await producer.stop()
