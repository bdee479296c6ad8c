"""The orders that every system gets: a log written before any clock runs.

The job that peers share: about eight checks an order against limits that most orders pass, one state row a portfolio,
one decision a record.
"""

import asyncio
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from risk_stream.messages.murmur2 import partition_of

SYMBOLS = 500
BATCH_BYTES_MAX = 512 * 1024
TS = 1_750_000_000_000
"""Every order's own time starts here, ten a millisecond: a run always has the same answers."""

LIMITS = (
    {"limit_id": "max-quantity", "kind": "MAX_ORDER_QUANTITY", "threshold": "990"},
    {"limit_id": "max-notional", "kind": "MAX_ORDER_NOTIONAL", "threshold": "240000"},
    {"limit_id": "position", "kind": "POSITION_SIZE", "threshold": "5"},
    {"limit_id": "gross", "kind": "GROSS_EXPOSURE", "threshold": "20"},
    {"limit_id": "drawdown-day", "kind": "DRAWDOWN", "threshold": "0.1", "window": "P1D"},
    {"limit_id": "drawdown-month", "kind": "DRAWDOWN", "threshold": "0.2", "window": "P30D"},
    {"limit_id": "rate", "kind": "ORDER_RATE", "threshold": "1000000", "window": "PT1M"},
    {"limit_id": "age", "kind": "VALUE_AGE", "threshold": "86400"},
)


@dataclass(frozen=True, slots=True)
class Shape:
    """How many orders over how many portfolios; `hot` puts all of them into one."""

    orders: int
    portfolios: int
    hot: bool = False
    seed: int = 1


def controls() -> Iterator[bytes]:
    """The limits of the job."""
    for limit in LIMITS:
        yield json.dumps({"type": "SET_LIMIT", **limit, "actor": "bench", "reason": "bench", "ts": TS}).encode()


def values(shape: Shape) -> Iterator[tuple[bytes, bytes]]:
    """One valuation a portfolio."""
    for number in range(shape.portfolios):
        key = f"pf-{number:07d}"
        positions = [{"symbol": f"SYM{number % SYMBOLS}", "quantity": 100, "price": "100.5"}]
        value = {"portfolio_id": key, "total_value": "100000000", "positions": positions, "ts": TS}
        yield key.encode(), json.dumps(value).encode()


def orders(shape: Shape) -> Iterator[tuple[bytes, bytes]]:
    """Orders of about 150 bytes; about one in a hundred is refused."""
    rnd = random.Random(shape.seed)
    for number in range(shape.orders):
        key = f"pf-{0 if shape.hot else rnd.randrange(shape.portfolios):07d}"
        yield (
            key.encode(),
            f'{{"order_id":"o{number:010d}","portfolio_id":"{key}","symbol":"SYM{rnd.randrange(SYMBOLS)}",'
            f'"side":"{"BUY" if rnd.random() < 0.5 else "SELL"}","quantity":{rnd.randrange(1, 1000)},'
            f'"price":{rnd.randrange(1000, 25000) / 100},"ts":{TS + number // 10}}}'.encode(),
        )


async def fill(bootstrap: str, topic: str, partitions: int, records: Iterator[tuple[bytes | None, bytes]]) -> None:
    """Write records to their partitions in large batches."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=BATCH_BYTES_MAX, linger_ms=5)
    await producer.start()
    try:
        batches = [producer.create_batch() for _ in range(partitions)]
        sent: list[asyncio.Future[object]] = []
        for key, value in records:
            number = partition_of(key, partitions) if key is not None else 0
            if batches[number].append(key=key, value=value, timestamp=None) is None:
                sent.append(await producer.send_batch(batches[number], topic, partition=number))
                batches[number] = producer.create_batch()
                batches[number].append(key=key, value=value, timestamp=None)
        for number, batch in enumerate(batches):
            if batch.record_count():
                sent.append(await producer.send_batch(batch, topic, partition=number))
        await asyncio.gather(*sent)
    finally:
        await producer.stop()
