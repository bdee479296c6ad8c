"""Lets the loop breathe while the engine decides: heartbeats, fetches and the other partitions' commits go on."""

import asyncio
from typing import Any

from risk_stream.kafka.ports import EnginePort, StepOutputPort
from risk_stream.messages.records import Records


async def decide(engine: EnginePort, values: Records, orders: Records, plan: Any) -> StepOutputPort:
    """A whole step of the engine, which nothing else may be asked of meanwhile."""
    parts = engine.step_parts(values, orders, plan)
    while True:
        try:
            next(parts)
        except StopIteration as done:
            output: StepOutputPort = done.value
            return output
        await asyncio.sleep(0)
