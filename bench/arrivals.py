"""When each decision could be read: a read_committed consumer that notes the moment for every order number.

librdkafka's, as the sender's producer is: what measures should leave the two cores to what is measured. aiokafka took
half of one for both, and whoever needed more of the rest paid for it.
"""

import asyncio
import time
from typing import Any

import numpy as np
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from numpy.typing import NDArray

from bench.stage import Stage

MARK = b'"order_id":"o'
DIGITS = 10
POLL_S = 0.2


class Arrivals:
    """Moments (monotonic ns) of the decisions of orders `first` to `first + count`; 0 where none came yet."""

    def __init__(self, stage: Stage, first: int, count: int) -> None:
        self._stage, self._first = stage, first
        self.when_ns: NDArray[Any] = np.zeros(count, dtype=np.int64)
        self.earlier = 0
        self._left = count
        self._stopped = False

    async def follow(self) -> None:
        """Read, in a thread, until cancelled or complete."""
        try:
            await asyncio.to_thread(self._read)
        finally:
            self._stopped = True

    def _read(self) -> None:
        consumer = Consumer(
            {
                "bootstrap.servers": self._stage.bootstrap,
                "group.id": "bench-arrivals",  # asked for, and not used: partitions are assigned
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
            }
        )
        try:
            assigned = self._stage.partitions_of("decisions")
            consumer.assign([TopicPartition(tp.topic, tp.partition, OFFSET_BEGINNING) for tp in assigned])
            while self._left and not self._stopped:
                record = consumer.poll(POLL_S)
                if record is None:
                    continue
                if record.error():
                    raise RuntimeError(str(record.error()))
                self._note(record.value(), time.monotonic_ns())
        finally:
            consumer.close()

    def _note(self, value: bytes, now_ns: int) -> None:
        at = value.index(MARK) + len(MARK)
        number = int(value[at : at + DIGITS]) - self._first
        if number < 0:
            self.earlier += 1
        elif self.when_ns[number]:
            raise RuntimeError(f"order {number + self._first} has two decisions")
        else:
            self.when_ns[number] = now_ns
            self._left -= 1
