"""Engines work beside the loop, so that heartbeats, fetches and commits do not wait for them.

Compiled code runs without the interpreter lock: parts of large steps, and whatever else an engine may be busy with for
long, are computed in threads, those of different partitions at the same time. An engine itself is asked for one thing
at a time and never knows where it runs.
"""

import asyncio
import os
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from risk_stream.kafka.ports import EnginePort, StepOutputPort
from risk_stream.messages.packed import Packed, joined
from risk_stream.messages.records import Records

R = TypeVar("R")

THREADS_MAX = 4
"""Between two compiled calls a thread needs the interpreter, as the loop does: more of them wait for one another."""

APART_RECORDS_MIN = 500
"""Smaller steps, two milliseconds at most, are computed in the loop: the way to a thread and back takes 0.1 to 0.2."""

_THREADS = ThreadPoolExecutor(min(THREADS_MAX, os.cpu_count() or 1), "engine")
_TURNS: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


class PacedEngine:
    """The engine of a partition, as the loop asks it."""

    def __init__(self, engine: EnginePort) -> None:
        self._engine = engine
        self._busy = asyncio.Lock()
        """Held while the engine does one thing. Whoever waits comes between two parts of a step."""

    async def decide(self, values: Records, orders: Records, plan: Any) -> StepOutputPort:
        """A whole step; nothing else but `saved` may be asked meanwhile."""
        parts = self._engine.step_parts(values, orders, plan)
        do = self._apart if values.size + orders.size >= APART_RECORDS_MIN else self._in_turn
        output = None
        while output is None:
            output = await do(lambda: _next_part(parts))
        return output

    async def cut(self) -> Packed:
        """Copies of all rows that changed; nothing else may be asked meanwhile."""
        return await self._apart(lambda: joined(*self._engine.cut_parts()))

    async def saved(self) -> None:
        """The rows of the last cut are stored."""
        await self._apart(self._engine.saved)

    async def _apart(self, work: Callable[[], R]) -> R:
        """Do it in a thread."""
        async with self._busy:
            running = asyncio.get_running_loop().run_in_executor(_THREADS, work)
            try:
                return await asyncio.shield(running)
            finally:
                # A thread cannot be cancelled: the engine, and the store that it reads, are in use until it ends.
                while not running.done():
                    with suppress(asyncio.CancelledError):
                        await asyncio.wait([running])

    async def _in_turn(self, work: Callable[[], R]) -> R:
        """Do it here, and nothing else of the kind before the loop has been round once."""
        async with self._busy, _TURNS.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
            result = work()
            await asyncio.sleep(0)
            return result


def _next_part(parts: Generator[None, None, StepOutputPort]) -> StepOutputPort | None:
    """Go on with a step; its output at the end."""
    try:
        next(parts)
    except StopIteration as done:
        output: StepOutputPort = done.value
        return output
    return None
