"""Lets the loop breathe while engines work: heartbeats, fetches and the commits of other partitions go on.

An engine's part takes some milliseconds, and every partition may be ready with its next one at once. One of them has
its turn in a pass of the loop: whatever else waits there waits for one part and not for one of each partition.
"""

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

from risk_stream.kafka.ports import EnginePort, StepOutputPort
from risk_stream.messages.packed import Packed
from risk_stream.messages.records import Records

_TURNS: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


async def decide(engine: EnginePort, values: Records, orders: Records, plan: Any) -> StepOutputPort:
    """A whole step of the engine, which nothing else may be asked of meanwhile."""
    parts = engine.step_parts(values, orders, plan)
    while True:
        async with _turn():
            try:
                next(parts)
            except StopIteration as done:
                output: StepOutputPort = done.value
                return output
            await asyncio.sleep(0)


async def cut(engine: EnginePort) -> list[Packed]:
    """Copies of all rows that changed; nothing else may be asked of the engine meanwhile."""
    copies: list[Packed] = []
    parts = engine.cut_parts()
    while True:
        async with _turn():
            part = next(parts, None)
            if part is None:
                return copies
            copies.append(part)
            await asyncio.sleep(0)


def _turn() -> asyncio.Lock:
    """Of this loop: held until the loop has been round once."""
    return _TURNS.setdefault(asyncio.get_running_loop(), asyncio.Lock())
