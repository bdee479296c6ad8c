"""One schedule: a seed picks inputs, sizes, delays, crash points, aborts, lost and old disks, an owner that sleeps.

What runs is the worker's own code: kafka/takeover, changelog, step, buffer, snapshot, journal. Kafka and RocksDB are
fakes (fakes.py) and the engine counts orders (engine.py): what the real engine decides is the business
of tests.simulation.schedule and of the fault harness.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import random
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, cast
from unittest.mock import patch

from risk_stream.kafka import changelog, left_open, pace, snapshot, step, step_writes, takeover
from risk_stream.kafka.failstop import Doubt
from risk_stream.kafka.journal import beginning, decode, end_after, verify
from tests.simulation.protocol.cluster import Cluster, Disk
from tests.simulation.protocol.engine import CountingEngine, decision
from tests.simulation.protocol.fakes import Chance, ControlsFake, Producer, Reader, Setting, Store, listed
from tests.simulation.protocol.loop import VirtualLoop
from tests.simulation.protocol.owner import ORDERS, TICK_S, VALUES, Owner, take_over

VALUE_RECORDS, ORDER_RECORDS = 50, 160
NAMES = [b"P%d" % number for number in range(6)]
GAPS = [0] * 9 + [1]
CRASHES_MIN, CRASHES_MAX, POINTS_BETWEEN = 2, 3, 50
STALLED = 0.02
ABORTED, SLEPT_THROUGH, DISK_LOST, DISK_OTHER = 0.02, 0.02, 0.2, 0.2
SKIPS, SKIPPED = 0.02, 0.5
"""How often a broker skips markers, and the share of a transaction's topics that then get none."""
COLLECT_EVERY = 500
EXPECTED_ENDS = ("fenced", "no answer", "not seen to be ended", "that is not ours")


class Crashed(BaseException):
    """The process is gone; no handler of errors may catch that."""


class Schedule(Chance):
    """Runs until all input is handled and every crash has happened, then judges."""

    def __init__(self, loop: VirtualLoop, seed: int) -> None:
        self._loop = loop
        self._random = draw = random.Random(seed)
        self._cluster = Cluster()
        self._setting = Setting(self._cluster, self)
        self._disks = [Disk(), Disk()]
        self._controls = -1
        self._crashes = draw.randint(CRASHES_MIN, CRASHES_MAX)
        self._countdown = draw.randint(1, POINTS_BETWEEN)
        self._nested = False
        self.events: Counter[str] = Counter()
        loop.thread_s = lambda: TICK_S * draw.randint(0, 30)
        self._fill()

    def _fill(self) -> None:
        """Both inputs, on one clock, with gaps as of transactions."""
        draw, topics = self._random, (self._cluster.topic(VALUES), self._cluster.topic(ORDERS))
        kinds = [0] * VALUE_RECORDS + [1] * ORDER_RECORDS
        draw.shuffle(kinds)
        keys, gaps = draw.choices(NAMES, k=len(kinds)), draw.choices(GAPS, k=len(kinds))
        for number, (kind, key, gap) in enumerate(zip(kinds, keys, gaps, strict=True)):
            topics[kind].append([(key, b"%d" % number)], number, gap)

    def run(self) -> Counter[str]:
        """Everything; AssertionError, Doubt or Stuck when something does not hold."""
        self._loop.run_until_complete(self._all())
        return self.events

    async def _all(self) -> None:
        while True:
            others = self.events["slept through"]
            try:
                saved = await Owner(self._setting, self._disk(), self._read_controls(), self._random).run()
                if not self._crashes and not self._cluster.left_open():
                    break
                self.events["started again"] += 1
            except Crashed:
                self.events["crashed"] += 1
            except Doubt as error:
                replaced = self.events["slept through"] > others  # and finds more committed than it knows of
                if not (replaced or any(end in str(error) for end in EXPECTED_ENDS)):
                    raise
                self.events["gave up"] += 1
        await self._judge(saved)

    def _disk(self) -> Disk:
        """That of the same machine as before, of another, or a new one."""
        draw = self._random
        if draw.random() < DISK_OTHER:
            self._disks.reverse()
        if draw.random() < DISK_LOST:
            self._disks[0] = Disk()
            self.events["disk lost"] += 1
        return self._disks[0]

    def _read_controls(self) -> ControlsFake:
        self._controls += 40  # more than rise during one ownership
        return ControlsFake(self._controls - self._random.choice([0, 0, 60]))  # one in three has not read as much yet

    # What happens to an owner

    def passed(self, name: str) -> None:
        """A failpoint of the worker's code: die here when it is time."""
        if self._nested or not self._crashes:
            return
        self._countdown -= 1
        if self._countdown <= 0:
            self._crashes -= 1
            self._countdown = self._random.randint(1, POINTS_BETWEEN)
            self.events[name] += 1
            raise Crashed(name)

    async def delay(self) -> None:
        """An exchange with the broker; now and then one takes longer than a snapshot comes after the other."""
        draw = self._random
        await _sleep(draw.randint(40, 60) if draw.random() < STALLED else draw.randint(1, 5))

    async def asleep(self) -> None:
        """Now and then another owner takes over while this one sleeps, on the other machine."""
        if self._nested or self._random.random() >= SLEPT_THROUGH:
            return
        self._nested = True
        try:
            await Owner(self._setting, self._disks[1], self._read_controls(), self._random).run(
                self._random.randint(0, 60)
            )
        finally:
            self._nested = False
        self.events["slept through"] += 1

    def aborts(self) -> bool:
        """Now and then."""
        return not self._nested and self._random.random() < ABORTED

    def skipped(self, topics: Sequence[str]) -> Collection[str]:
        """Now and then some, or all."""
        draw = self._random
        if self._nested or draw.random() >= SKIPS:
            return ()
        self.events["markers skipped"] += 1
        return [topic for topic in topics if draw.random() < SKIPPED]

    # Judging

    async def _judge(self, saved: bool) -> None:
        """Journal whole, every order decided once and as a plain fold of the journal says, state rebuilt alike.

        The group's offsets stand at the end of a step, and of the last one when the last owner saved.
        """
        self._nested = True  # from here on nothing happens to anybody
        owned = await take_over(self._setting, Disk(), self._read_controls())
        end, expected = beginning(0, 0), list[bytes]()
        ends = [(0, 0)]
        state = {name: [0, 0] for name in NAMES}
        values, orders = self._cluster.topic(VALUES), self._cluster.topic(ORDERS)
        for record in self._cluster.topic("journal").records:
            one = decode(record.value)
            verify(end, one)
            end = end_after(one)
            ends.append((end.values_to, end.orders_to))
            for value in values.between(*one.values):
                state[value.key or b""][1] = int(value.value or b"")
            decided = orders.between(*one.orders)
            for order in decided:
                mine = state[order.key or b""]
                mine[0] += 1
                expected.append(decision(order.offset, order.value, mine, one.controls))
            behind = values.between(one.values[1], one.values[1] + 2)
            assert not (decided and behind) or behind[0].timestamp > decided[-1].timestamp, "an older value is behind"
        assert (end.values_to, end.orders_to) == (values.end, orders.end), "input left over"
        moved = self._cluster.committed | self._cluster.pending
        assert (moved.get(VALUES, 0), moved.get(ORDERS, 0)) in (ends[-1:] if saved else ends), "offsets"
        assert len(expected) == ORDER_RECORDS
        published = [record.value for record in self._cluster.topic("decisions").records]
        assert published == expected, "decisions lost, repeated, changed or out of order"
        engine = cast(CountingEngine, owned.engine._engine)
        rebuilt = {name: engine.state(name) for name in NAMES}
        assert rebuilt == state, "rebuilt from nothing, it is another state"


async def _sleep(ticks: int) -> None:
    await asyncio.sleep(TICK_S * ticks)


class Current:
    """The schedule that runs: failpoints are plain functions and have to find it."""

    schedule: Schedule


def passed(name: str) -> None:
    """In the place of failpoints.failpoint."""
    Current.schedule.passed(name)


@contextmanager
def in_memory() -> Iterator[None]:
    """Give the worker's code fakes for Kafka and RocksDB, and bounds small enough to be met."""
    replaced: list[tuple[Any, str, Any]] = [
        (takeover, "open_store", lambda disk, cache_bytes: Store(disk, passed)),
        (takeover, "PartitionProducer", Producer),
        (takeover, "RangeReader", Reader),
        (takeover, "REPLAY_SNAPSHOT_RECORDS", 60),
        (changelog, "LOAD_ROWS_MAX", 3),
        (step, "AHEAD_RECORDS_MIN", 6),
        (pace, "APART_RECORDS_MIN", 4),
        (step, "OFFSETS_INTERVAL_S", 0.005),
        (step, "ALONE_AFTER_S", 0.002),
        (step_writes, "pack", listed),
        (snapshot, "in_one_text", lambda key, value: listed([(key, value, [])])),
        *((module, "joined", listed) for module in (step_writes, snapshot, pace)),
        *((module, "failpoint", passed) for module in (takeover, step, snapshot)),
    ]
    with ExitStack() as stack:
        for module, name, fake in replaced:
            stack.enter_context(patch.object(module, name, fake))
        yield


@contextmanager
def virtual_loop() -> Iterator[VirtualLoop]:
    """A loop that leaves nothing behind, whatever a schedule did. The collector would look for cycles all the time."""
    loop = VirtualLoop()
    gc.freeze()
    gc.disable()
    try:
        yield loop
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.wait(left) if left else asyncio.sleep(0))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
        gc.enable()
        gc.unfreeze()


def run_schedules(first: int, count: int) -> Counter[str]:
    """Run schedules `first` to `first + count`; AssertionError names the seed."""
    events: Counter[str] = Counter()
    for module in (takeover, left_open):
        logging.getLogger(module.__name__).setLevel(logging.ERROR)
    with in_memory(), virtual_loop() as loop:
        for seed in range(first, first + count):
            if seed % COLLECT_EVERY == 0:
                gc.collect()
            loop.now = 0.0  # a seed alone makes the history, whatever ran before
            Current.schedule = Schedule(loop, seed)
            try:
                events += Current.schedule.run()
            except Exception as error:
                raise AssertionError(f"schedule {seed}: {error!r}") from error
    return events
