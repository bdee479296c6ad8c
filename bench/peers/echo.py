"""The floor of any aiokafka program: read orders, decode them, write an answer each; no state, no checks.

`transactions` writes each partition's answers and its offsets in transactions, as risk_stream does: a producer and a
task a partition, whatever has arrived meanwhile in one transaction, aiokafka's wait between transactions at 1 ms.
"""

import asyncio
import gc
import signal
import sys
from collections import deque
from typing import Any

import aiokafka.producer.sender as aiokafka_sender
import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from bench.peers.settings import BOOTSTRAP, DECISIONS, GROUP, ORDERS, PARTITIONS

FETCH_BYTES_MAX = 1024 * 1024
FETCH_RECORDS_MAX = 1_000
FETCH_WAIT_MS = 20
STEP_RECORDS_MAX = 2_000
WAITING_MAX = 20_000
BATCH_BYTES_MAX = 960 * 1024
BACKOFF_S = 0.001
FULL_POLL_S = 0.005


class Order(msgspec.Struct, gc=False):
    """What is decoded of an order."""

    order_id: str
    portfolio_id: str
    symbol: str
    side: str
    quantity: float
    price: float
    ts: int


class Answer(msgspec.Struct, gc=False):
    """What is written for it."""

    order_id: str
    portfolio_id: str
    symbol: str
    decision: str
    code: str
    ts: int


class Lane:
    """One partition: what waits, and the task that answers it."""

    def __init__(self, number: int, transactions: bool) -> None:
        own = {"transactional_id": f"{GROUP}-{number}"} if transactions else {"acks": "all"}
        self._producer = AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, max_batch_size=BATCH_BYTES_MAX, **own)
        self._transactions = transactions
        self._number = number
        self.orders = TopicPartition(ORDERS, number)
        self.waiting: deque[Any] = deque()
        self.wake = asyncio.Event()

    async def run(self) -> None:
        """Answer for ever."""
        await self._producer.start()
        decode, encode = msgspec.json.Decoder(Order).decode, msgspec.json.Encoder().encode
        while True:
            if not self.waiting:
                self.wake.clear()
                await self.wake.wait()
            records = [self.waiting.popleft() for _ in range(min(len(self.waiting), STEP_RECORDS_MAX))]
            batch = self._producer.create_batch()
            for record in records:
                order = decode(record.value)
                answer = Answer(order.order_id, order.portfolio_id, order.symbol, "APPROVED", "OK", order.ts)
                batch.append(timestamp=None, key=record.key, value=encode(answer))
            batch.close()
            if self._transactions:
                await self._producer.begin_transaction()
            delivery = await self._producer.send_batch(batch, DECISIONS, partition=self._number)
            await delivery
            if self._transactions:
                position = {self.orders: OffsetAndMetadata(records[-1].offset + 1, "")}
                await self._producer.send_offsets_to_transaction(position, GROUP)
                await self._producer.commit_transaction()


async def echo(transactions: bool) -> None:
    """Read for ever, as far as the lanes have room."""
    aiokafka_sender.BACKOFF_OVERRIDE = BACKOFF_S
    gc.set_threshold(50_000, 20, 50)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=BOOTSTRAP,
        group_id=GROUP,
        enable_auto_commit=not transactions,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        fetch_max_wait_ms=FETCH_WAIT_MS,
        max_partition_fetch_bytes=FETCH_BYTES_MAX,
    )
    await consumer.start()
    lanes = [Lane(number, transactions) for number in range(PARTITIONS)]
    consumer.assign([lane.orders for lane in lanes])
    async with asyncio.TaskGroup() as group:
        for lane in lanes:
            group.create_task(lane.run())
        while True:
            wanted = {lane.orders: lane for lane in lanes if len(lane.waiting) < WAITING_MAX}
            if not wanted:
                await asyncio.sleep(FULL_POLL_S)
                continue
            for tp, records in (
                await consumer.getmany(*wanted, timeout_ms=FETCH_WAIT_MS, max_records=FETCH_RECORDS_MAX)
            ).items():
                wanted[tp].waiting.extend(records)
                wanted[tp].wake.set()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    asyncio.run(echo("transactions" in sys.argv[1:]))
