"""When each decision could be read: a read_committed consumer that notes the moment for every order number."""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.answers import reader
from bench.stage import Stage

MARK = b'"order_id":"o'
DIGITS = 10
POLL_MS = 200


class Arrivals:
    """Moments (monotonic ns) of the decisions of orders `first` to `first + count`; 0 where none came yet."""

    def __init__(self, stage: Stage, first: int, count: int) -> None:
        self._stage, self._first = stage, first
        self.when_ns: NDArray[Any] = np.zeros(count, dtype=np.int64)
        self.earlier = 0
        self._left = count

    async def follow(self) -> None:
        """Read until cancelled or complete."""
        async with reader(self._stage.bootstrap) as consumer:
            assigned = self._stage.partitions_of("decisions")
            consumer.assign(assigned)
            await consumer.seek_to_beginning(*assigned)
            while self._left:
                fetched = await consumer.getmany(timeout_ms=POLL_MS)
                now = time.monotonic_ns()
                for records in fetched.values():
                    for record in records:
                        self._note(record.value, now)

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
