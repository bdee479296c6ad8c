"""One ownership of the partition: take-over, then steps while a fetcher delivers, until all is handled or it dies."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from aiokafka import TopicPartition

from risk_stream.kafka.config import WorkerConfig
from risk_stream.kafka.controls import ControlsReader
from risk_stream.kafka.ports import EngineFactory
from risk_stream.kafka.step import Stepper
from risk_stream.kafka.takeover import Owned, Takeover
from risk_stream.messages.records import Records
from risk_stream.ops.metrics import WorkerMetrics
from tests.simulation.protocol.cluster import Disk, Topic
from tests.simulation.protocol.engine import CountingEngine
from tests.simulation.protocol.fakes import ControlsFake, NoMetrics, Setting, Taken

VALUES, ORDERS, CHANGELOG = "portfolio-values", "orders", "changelog"
TICK_S = 0.0004
RESIDENTS_MAX = (5, 6, 6, 6)
"""Portfolios in memory, of 6: one owner in four has to wait for snapshots."""


@dataclass(slots=True)
class Fetched:
    """What the driver knows of an input."""

    position: int
    lso: int | None
    timestamp: int | None = 0


async def take_over(setting: Setting, disk: Disk, controls: ControlsFake) -> Owned:
    """Run the worker's take-over over a disk."""

    async def committed(tp: TopicPartition) -> int | None:
        return setting.cluster.committed.get(tp.topic)

    config, path = cast(WorkerConfig, setting), cast(Any, disk)
    reader = cast(ControlsReader, controls)
    engines = cast(EngineFactory, CountingEngine)
    return await Takeover(config, 0, path, CHANGELOG, reader, engines).run(committed)


class Owner:
    """Owns the partition until `run` returns or raises."""

    def __init__(self, setting: Setting, disk: Disk, controls: ControlsFake, draw: random.Random) -> None:
        self._setting, self._disk, self._controls, self._random = setting, disk, controls, draw

    async def run(self, records_max: int | None = None) -> bool:
        """Handle all input, or stop in order after about so many records; whether it saved what it had at the end."""
        owned = await take_over(self._setting, self._disk, self._controls)
        cast(CountingEngine, owned.engine._engine).residents_max = self._random.choice(RESIDENTS_MAX)
        config, controls = cast(WorkerConfig, self._setting), cast(ControlsReader, self._controls)
        stepper = Stepper(config, 0, owned, controls, cast(WorkerMetrics, NoMetrics()))
        topics = [self._setting.cluster.topic(name) for name in (VALUES, ORDERS)]
        starts = (owned.end.values_to, owned.end.orders_to)
        states = [Fetched(start, topic.end) for start, topic in zip(starts, topics, strict=True)]
        stepper.read_from(states[0], states[1])
        fetching = self._fetch(stepper, owned, topics, states, records_max)
        tasks = [asyncio.ensure_future(stepper.run()), asyncio.ensure_future(fetching)]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if tasks[0].done():
                tasks[0].result()
            tasks[1].result()
            stepper.ask_to_stop()
            await tasks[0]
            save = self._random.random() < 0.5
            await stepper.stop(save)
            return save
        finally:
            await _end(tasks, stepper)

    async def _fetch(
        self, stepper: Stepper, owned: Owned, topics: list[Topic], states: list[Fetched], records_max: int | None
    ) -> None:
        """Deliver lists of any length, values and orders in any order, until all is handled."""
        draw = self._random
        buffers = (stepper.values, stepper.orders)
        receive = (stepper.receive_values, stepper.receive_orders)
        left = records_max
        while (owned.end.values_to, owned.end.orders_to) != (topics[0].end, topics[1].end):
            await asyncio.sleep(TICK_S * draw.randint(1, 4))
            now_ms = int(asyncio.get_running_loop().time() * 1000)
            self._controls.version += draw.random() < 0.05
            for place in (0, 1) if draw.random() < 0.5 else (1, 0):
                state, start = states[place], states[place].position
                if not buffers[place].has_room() or draw.random() < 0.2:
                    continue
                state.timestamp = now_ms
                records: Sequence[Any] = topics[place].between(start, start + draw.randint(1, 40))
                state.position = records[-1].offset + 1 if records else start
                if not records or draw.random() < 0.5:  # it has read on, over what is no record
                    state.position = _next(topics[place], state.position)
                receive[place](cast(Records, Taken(records)), start)
                if left is not None and records:
                    left -= len(records)
            if left is not None and left <= 0:
                return


def _next(topic: Topic, position: int) -> int:
    behind = topic.between(position, topic.end)
    return behind[0].offset if behind else topic.end


async def _end(tasks: Sequence[asyncio.Future[None]], stepper: Stepper) -> None:
    """The process is gone: whatever still runs in it ends here, before anything of it can reach the cluster."""
    running = [*tasks, *(task for task in (stepper._commit, stepper._storing) if task is not None)]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
