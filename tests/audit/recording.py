"""A recorded log in memory: traffic from a seed, decided by the engine, laid out as the topics of a cluster."""

import json
import random
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from risk_stream.audit.findings import Finding
from risk_stream.audit.log import (
    CONTROLS,
    DEAD_LETTERS,
    DECISIONS,
    JOURNAL,
    ORDERS,
    VALUES,
    VIOLATIONS,
    Bounds,
)  # fmt: skip
from risk_stream.decide.engine import Engine
from risk_stream.kafka.journal import beginning, encode, end_after, next_record
from risk_stream.messages.decode import decode_control
from risk_stream.messages.fault import Fault
from risk_stream.messages.headers import dead_letter_headers
from risk_stream.messages.murmur2 import partition_of
from risk_stream.messages.packed import Headers, pack
from risk_stream.messages.records import Recorded, records_from
from risk_stream.rules.book import Controls

START_MS = 1_795_341_600_000  # 2026-11-22T10:00:00Z
SYMBOLS = ("AAPL", "MSFT", "XOM", "JPM")
LIMITS: tuple[dict[str, object], ...] = (
    {"limit_id": "drawdown-1d", "kind": "DRAWDOWN", "threshold": "0.05", "window": "P1D"},
    {"limit_id": "notional", "kind": "MAX_ORDER_NOTIONAL", "threshold": "45000", "warn_ratio": 0.9},
    {"limit_id": "position", "kind": "POSITION_SIZE", "threshold": "0.4"},
    {"limit_id": "rate", "kind": "ORDER_RATE", "threshold": 40, "window": "PT1H"},
)


@dataclass(slots=True)
class Line:
    """One record."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers = field(default_factory=list)


@dataclass
class Recording:
    """A RecordedLog whose records a test may change."""

    partitions: int
    name: str = "memory"
    prefix: str = "risk."
    topics: dict[tuple[str, int], list[Line]] = field(default_factory=dict)

    async def damage(self) -> list[Finding]:
        """Memory does not rot."""
        return []

    async def settle(self) -> None:
        """Nothing is under way."""

    async def bounds(self, topic: str, partition: int) -> Bounds:
        """From 0 to behind the last record."""
        lines = self.lines(topic, partition)
        return Bounds(0, lines[-1].offset + 1 if lines else 0)

    async def records(self, topic: str, partition: int, start: int, end: int) -> AsyncIterator[Recorded]:
        """In short lists, so that cursors have to join them."""
        lines = [line for line in self.lines(topic, partition) if start <= line.offset < end]
        for at in range(0, len(lines), 7):
            part = lines[at : at + 7]
            yield Recorded(
                np.array([line.offset for line in part], np.int64),
                np.array([line.timestamp for line in part], np.int64),
                pack((line.key, line.value, line.headers) for line in part),
            )

    def lines(self, topic: str, partition: int) -> list[Line]:
        """The records of a partition."""
        return self.topics.setdefault((topic, partition), [])

    def append(self, topic: str, partition: int, timestamp: int, key: bytes | None, value: bytes | None,
               headers: Headers | None = None, gap: int = 0) -> int:  # fmt: skip
        """Append a record, `gap` offsets behind the last; its offset."""
        lines = self.lines(topic, partition)
        offset = (lines[-1].offset + 1 if lines else 0) + gap
        lines.append(Line(offset, timestamp, key, value, headers or []))
        return offset


class Rows(dict[bytes, bytes | None]):
    """Saved rows in memory: nothing is ever evicted here."""

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        """The values of these keys."""
        return [self.get(key) for key in keys]


def limit_message(**fields: object) -> bytes:
    """A SET_LIMIT."""
    return json.dumps({"type": "SET_LIMIT", "actor": "jane", "reason": "test", **fields}).encode()


def record(
    orders: int = 400, partitions: int = 2, seed: int = 1, portfolios: int = 12, later: Sequence[bytes] = ()
) -> Recording:
    """Controls, some traffic, and all that a worker would have published about it; `later` controls come in between."""
    log = Recording(partitions)
    for limit in LIMITS:
        log.append(CONTROLS, 0, START_MS, None, limit_message(**limit))
    log.append(CONTROLS, 0, START_MS, b"k", b'{"type":"SET_LIMIT"}')
    flow = list(traffic(orders, seed, portfolios))
    for number, control in enumerate(later, 1):
        log.append(CONTROLS, 0, flow[number * len(flow) // (len(later) + 1)][-1], None, control)
    for topic, key, value, timestamp in flow:
        gap = 1 if timestamp % 17 == 0 else 0
        log.append(topic, partition_of(key, partitions), timestamp, key, value, gap=gap)
    for partition in range(partitions):
        decide(log, partition, random.Random(seed))
    return log


def traffic(orders: int, seed: int, portfolios: int) -> Iterator[tuple[str, bytes, bytes, int]]:
    """Valuations that fall and rise, fills, good orders and now and then a bad one."""
    draw = random.Random(seed)
    now, worth = START_MS, {f"P{n}": 100_000.0 for n in range(portfolios)}
    for number in range(orders):
        now += draw.randrange(1, 4_000)
        name = draw.choice(list(worth))
        if number % 3 == 0:
            worth[name] *= draw.uniform(0.96, 1.03)
            position = {"symbol": "AAPL", "quantity": draw.randrange(-200, 200), "price": "100.5", "sector": "TECH"}
            value = {"portfolio_id": name, "total_value": f"{worth[name]:.2f}", "positions": [position]}
            yield VALUES, name.encode(), json.dumps(value).encode(), now
        quantity = 0 if number % 97 == 96 else draw.randrange(1, 600)
        order = {
            "order_id": f"o{number}", "portfolio_id": name, "symbol": draw.choice(SYMBOLS),
            "side": draw.choice(("BUY", "SELL")), "quantity": quantity, "price": f"{draw.uniform(90, 110):.2f}",
        }  # fmt: skip
        yield ORDERS, name.encode(), b"{" if number % 89 == 88 else json.dumps(order).encode(), now


def decide(log: Recording, partition: int, draw: random.Random, begun: tuple[int, int] = (0, 0)) -> None:
    """Publish what a worker of this partition would, in steps of random size; `begun` are the first inputs it found."""
    controls, waiting = Controls(), deque(log.lines(CONTROLS, 0))
    refused: dict[int, tuple[Fault, Line]] = {}
    now = START_MS
    engine = Engine(partition, log.partitions, Rows(), topic_prefix=log.prefix)
    end, at = beginning(*begun), {VALUES: 0, ORDERS: 0}
    while any(at[topic] < len(log.lines(topic, partition)) for topic in at):
        taken, stops = {}, {}
        for topic, before in ((VALUES, end.values_to), (ORDERS, end.orders_to)):
            lines = log.lines(topic, partition)[at[topic] : at[topic] + draw.randrange(0, 12)]
            at[topic] += len(lines)
            stops[topic] = lines[-1].offset + 1 if lines else before
            taken[topic] = records_from(
                [line.offset for line in lines], [line.timestamp for line in lines],
                [line.key for line in lines], [line.value for line in lines],
            )  # fmt: skip
        now = max([now, *taken[ORDERS].timestamps.tolist()])  # values are fewer and run ahead
        while waiting and waiting[0].timestamp <= now:
            line = waiting.popleft()
            control = decode_control(line.value, line.timestamp)
            if isinstance(control, Fault):
                refused[line.offset] = (control, line)
            controls.append(line.offset, control)
        output = engine.step(taken[VALUES], taken[ORDERS], controls.plan())
        step = next_record(
            end, (end.values_to, stops[VALUES]), (end.orders_to, stops[ORDERS]), controls.version, output.digest
        )
        for key, value in output.decisions.pairs():
            log.append(DECISIONS, partition, now, key, value)
        for topic, events in ((VIOLATIONS, output.violations), (DEAD_LETTERS, output.dead_letters)):
            for event in events.events():
                log.append(topic, partition, now, event.key, event.value, event.headers)
        for offset, (fault, line) in refused.items():
            if partition == 0 and end.controls < offset <= controls.version:
                headers = dead_letter_headers(fault, f"{log.prefix}controls/0@{offset}", line.key, line.timestamp)
                log.append(DEAD_LETTERS, 0, now, line.key, line.value, headers)
        log.append(JOURNAL, partition, now, None, encode(step))
        end = end_after(step)
