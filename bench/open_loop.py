"""A sender that never waits for answers: order i is due at start + i / rate, whatever became of those before it.

    python -m bench.open_loop BOOTSTRAP TOPIC RATE SECONDS START_NS FIRST PORTFOLIOS

START_NS is a moment of the monotonic clock, which all processes of a machine share; FIRST the first order's number.
Orders are encoded before the start. Prints one JSON line: by how much the sender itself was late (us, 99th percentile).
"""

import asyncio
import gc
import json
import sys
import time

from aiokafka import AIOKafkaProducer

from bench.job import peers_job
from bench.shape import Shape, portfolio_id
from bench.stage import PARTITIONS
from risk_stream.messages.murmur2 import partition_of

TICK_S = 0.001


class Lane:
    """One partition: orders that are due go as one batch as soon as the batch before has arrived."""

    def __init__(self, producer: AIOKafkaProducer, topic: str, number: int) -> None:
        self._producer, self._topic, self._number = producer, topic, number
        self.due: list[tuple[bytes, bytes]] = []
        self.wake = asyncio.Event()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await self.wake.wait()
            self.wake.clear()
            records, self.due = self.due, []
            if not records:
                continue
            batch = self._producer.create_batch()
            for key, value in records:
                if batch.append(key=key, value=value, timestamp=None) is None:
                    raise RuntimeError("the broker is too slow for this rate: a batch is full")
            batch.close()
            await (await self._producer.send_batch(batch, self._topic, partition=self._number))
            if self.due:
                self.wake.set()


async def send(
    bootstrap: str, topic: str, rate: int, seconds: int, start_ns: int, first: int, portfolios: int
) -> float:
    """Send `rate` x `seconds` orders on schedule; 99th percentile of the sender's own lateness, us."""
    count = rate * seconds
    shape = Shape(count, portfolios, seed=2)
    job = peers_job(shape)
    due = [
        (partition_of(key := portfolio_id(draw.portfolio).encode(), PARTITIONS), key, job.order(numbered))
        for draw in shape.draws()
        if (numbered := draw._replace(number=draw.number + first))
    ]
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=1024 * 1024)
    await producer.start()
    lanes = [Lane(producer, topic, number) for number in range(PARTITIONS)]
    tasks = [asyncio.create_task(lane.run()) for lane in lanes]
    gc.collect()
    gc.freeze()
    late_us: list[float] = []
    sent = 0
    while sent < count:
        elapsed = (time.monotonic_ns() - start_ns) / 1e9
        until = min(count, int(elapsed * rate)) if elapsed > 0 else 0
        if until > sent:
            late_us.append((elapsed - sent / rate) * 1e6)
        for partition, key, value in due[sent:until]:
            lanes[partition].due.append((key, value))
            lanes[partition].wake.set()
        sent = max(sent, until)
        for task in tasks:
            if task.done():
                task.result()
        await asyncio.sleep(TICK_S)
    while any(lane.due or lane.wake.is_set() for lane in lanes):
        await asyncio.sleep(TICK_S)
    await producer.stop()  # waits for what is on its way
    for task in tasks:
        task.cancel()
    return sorted(late_us)[int(len(late_us) * 0.99)]


if __name__ == "__main__":
    late_us = asyncio.run(send(sys.argv[1], sys.argv[2], *(int(number) for number in sys.argv[3:])))
    print(json.dumps({"late_us_p99": late_us}))
