"""Seeded input logs in memory, as a broker would hold them."""

from __future__ import annotations

from tests.faults.poison import cases
from tests.faults.traffic import Message, Traffic
from tests.oracle.read import Record
from tests.oracle.wire import partition_of

Inputs = dict[tuple[str, int], list[Record]]


class InputLogs:
    """The three input topics; the broker's clock moves on by one ms with each record."""

    def __init__(self, partitions: int, start_ms: int) -> None:
        self.partitions = partitions
        self.clock = start_ms
        self.logs: Inputs = {("controls", 0): []}
        for place in range(partitions):
            self.logs["orders", place] = []
            self.logs["portfolio-values", place] = []

    def append(self, message: Message, gap: int = 0) -> None:
        """Append one message; `gap` offsets before it are a transaction's markers or aborted records."""
        place = message.partition
        if place is None:
            place = partition_of(message.key or b"", self.partitions)
        log = self.logs[message.topic, place]
        offset = (log[-1].offset + 1 if log else 0) + gap
        self.clock += 1
        log.append(Record(offset, self.clock, message.key, message.value))


def mixed(
    seed: int, partitions: int, orders: int, portfolios: int = 24, tick_ms: int = 20_000, gaps: bool = True
) -> InputLogs:
    """The harness's traffic as logs."""
    traffic = Traffic(seed, partitions, portfolios, tick_ms)
    inputs = InputLogs(partitions, traffic.clock + 4 * 86_400_000)
    for message in (*traffic.opening(), *traffic.messages(orders)):
        inputs.append(message, gap=traffic.random.choice([0] * 20 + [1, 3]) if gaps else 0)
    return inputs


def poisoned(seed: int, partitions: int) -> InputLogs:
    """Every poisonous case between good orders."""
    traffic = Traffic(seed, partitions)
    inputs = InputLogs(partitions, traffic.clock + 4 * 86_400_000)
    good = traffic.messages(10**9)
    for message in (*traffic.opening(), *cases()):
        inputs.append(message)
        inputs.append(next(good))
    return inputs
