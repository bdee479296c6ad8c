"""What a system decided, read back: which orders, approved or not, and when the broker had each answer."""

from typing import Any

import msgspec
import numpy as np
from aiokafka import AIOKafkaConsumer
from numpy.typing import NDArray

from bench.stage import Stage

POLL_MS = 500
RECORDS_MAX = 5_000


class WrongAnswers(RuntimeError):
    """A system did not do its job: no rate is worth printing."""


class Answer(msgspec.Struct):
    """What all systems write."""

    order_id: str
    decision: str
    limits_evaluated: int = 0
    violations: list[msgspec.Raw] = []


class Answers:
    """All answers of a run, in no order."""

    def __init__(self, rows: list[tuple[int, bool, int, int, int]]) -> None:
        columns: NDArray[Any] = np.array(rows, dtype=np.int64).reshape(-1, 5)
        self.numbers, self.approved, self.append_ms, self.evaluated, self.listed = columns.T

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self.numbers.size)

    def check(self, right: bytearray | None) -> None:
        """Raise WrongAnswers unless each order has one answer at most and, where `right` is given, that one."""
        if np.unique(self.numbers).size != self.count:
            raise WrongAnswers(f"{self.count - np.unique(self.numbers).size} orders have two decisions")
        if right is None:
            return
        wrong = self.numbers[np.frombuffer(right, np.uint8)[self.numbers] != self.approved]
        if wrong.size:
            raise WrongAnswers(f"{wrong.size} of {self.count} answers are wrong, order {wrong.min()} the first")


async def read_answers(stage: Stage) -> Answers:
    """Every committed decision there is."""
    decode = msgspec.json.Decoder(Answer).decode
    rows: list[tuple[int, bool, int, int, int]] = []
    async with reader(stage.bootstrap) as consumer:
        assigned = stage.partitions_of("decisions")
        consumer.assign(assigned)
        await consumer.seek_to_beginning(*assigned)
        left = await consumer.end_offsets(assigned)
        while left := {tp: end for tp, end in left.items() if await consumer.position(tp) < end}:
            for batch in (await consumer.getmany(*left, timeout_ms=POLL_MS, max_records=RECORDS_MAX)).values():
                for record in batch:
                    one = decode(record.value)
                    approved = one.decision == "APPROVED"
                    rows.append(
                        (int(one.order_id[1:]), approved, record.timestamp, one.limits_evaluated, len(one.violations))
                    )
    return Answers(rows)


def reader(bootstrap: str) -> Any:
    """A consumer without group that sees only what is committed; for `async with`."""
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        enable_auto_commit=False,
        max_partition_fetch_bytes=1024 * 1024,
    )
