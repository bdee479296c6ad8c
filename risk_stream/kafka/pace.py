"""Engines work beside the loop, so that heartbeats, fetches and commits do not wait for them.

Compiled code runs without the interpreter lock: parts of large steps, and whatever else an engine may be busy with for
long, are computed in threads, those of different partitions at the same time. An engine itself is asked for one thing
at a time and never knows where it runs.
"""

import asyncio
import os
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from risk_stream.kafka.ports import EnginePort, StepOutputPort
from risk_stream.kafka.threads import in_thread
from risk_stream.messages.packed import Packed, joined
from risk_stream.messages.records import Records

R = TypeVar("R")

THREADS_MAX = 4
"""Between two compiled calls a thread needs the interpreter, as the loop does: more of them wait for one another."""

APART_RECORDS_MIN = 500
APART_BYTES_MIN = 128 * 1024
"""Smaller steps, two milliseconds at most (5 us an order or execution, 10 us a KiB of positions), are computed in the
loop: the way to a thread and back takes 0.1 to 0.2."""

CUT_APART_RECORDS_MIN = 2_000
"""A cut of what fewer changed, 3 to 4 us each, is copied in the loop: the steps of its partition wait for it, and the
way to a thread and back takes 30 ms where both cores are busy. A partition that keeps up is cut after 1,000 and what
came while it could not be (SNAPSHOT_RECORDS in step.py)."""

_THREADS = ThreadPoolExecutor(min(THREADS_MAX, os.cpu_count() or 1), "engine")
_TURNS: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


class PacedEngine:
    """The engine of a partition, as the loop asks it."""

    def __init__(self, engine: EnginePort) -> None:
        self._engine = engine
        self._busy = asyncio.Lock()
        """Held while the engine does one thing. Whoever waits comes between two parts of a step."""
        self._uncut = 0
        """Records handled since the last cut; long ones count as many."""

    @property
    def is_crowded(self) -> bool:
        """So much is in memory that a snapshot must come before the next step."""
        return self._engine.is_crowded

    async def decide(self, values: Records, orders: Records, plan: Any) -> StepOutputPort:
        """A whole step; nothing else but `saved` may be asked meanwhile."""
        parts = self._engine.step_parts(values, orders, plan)
        count, long = values.size + orders.size, values.values_size() + orders.values_size() >= APART_BYTES_MIN
        self._uncut += max(count, CUT_APART_RECORDS_MIN if long else 0)
        if count < APART_RECORDS_MIN and not long:
            return await self._in_turn(lambda: _all_parts(parts))
        output = None
        while output is None:
            output = await self._apart(lambda: _next_part(parts))
        return output

    async def cut(self) -> Packed:
        """Copies of all rows that changed; nothing else may be asked meanwhile."""
        few, self._uncut = self._uncut < CUT_APART_RECORDS_MIN, 0
        return await (self._in_turn if few else self._apart)(lambda: joined(*self._engine.cut_parts()))

    async def saved(self) -> None:
        """The rows of the last cut are stored."""
        await self._apart(self._engine.saved)

    async def _apart(self, work: Callable[[], R]) -> R:
        """Do it in a thread: the engine, and the store that it reads, are in use until that ends."""
        async with self._busy:
            return await in_thread(work, _THREADS)

    async def _in_turn(self, work: Callable[[], R]) -> R:
        """Do it here, and nothing else of the kind before the loop has been round once."""
        loop = asyncio.get_running_loop()
        turn = _TURNS.setdefault(loop, asyncio.Lock())
        async with self._busy:
            await turn.acquire()
            try:
                return work()
            finally:
                loop.call_soon(turn.release)  # what follows in this step does not wait for that


def _all_parts(parts: Generator[None, None, StepOutputPort]) -> StepOutputPort:
    """The output of a step."""
    output = None
    while output is None:
        output = _next_part(parts)
    return output


def _next_part(parts: Generator[None, None, StepOutputPort]) -> StepOutputPort | None:
    """Go on with a step; its output at the end."""
    try:
        next(parts)
    except StopIteration as done:
        output: StepOutputPort = done.value
        return output
    return None
