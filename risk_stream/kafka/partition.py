"""One assigned partition, from its take-over to its release: the task that decides it."""

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path

from aiokafka import TopicPartition

from risk_stream.kafka.config import WorkerConfig
from risk_stream.kafka.controls import ControlsReader
from risk_stream.kafka.failpoints import failpoint
from risk_stream.kafka.failstop import fail_stop
from risk_stream.kafka.heard import Heard
from risk_stream.kafka.ports import EngineFactory
from risk_stream.kafka.step import Stepper
from risk_stream.kafka.takeover import Owned, Takeover
from risk_stream.kafka.transport import InLoopConsumerThread, Router
from risk_stream.messages.records import Records
from risk_stream.ops.health import Health
from risk_stream.ops.metrics import WorkerMetrics

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every partition of a worker shares."""

    config: WorkerConfig
    changelog: str
    controls: ControlsReader
    engines: EngineFactory
    health: Health
    metrics: WorkerMetrics
    router: Router
    driver: InLoopConsumerThread


class Partition:
    """Owns partition `number` until `release`. An error in its task ends the process."""

    def __init__(self, surroundings: Surroundings, number: int, path: Path) -> None:
        self._shared = surroundings
        self._number = number
        self._path = path
        config = surroundings.config
        self._values = TopicPartition(config.topic("portfolio-values"), number)
        self._orders = TopicPartition(config.topic("orders"), number)
        self._owned: Owned | None = None
        self._stepper: Stepper | None = None
        self._released = False
        self._heard = Heard()
        self._task = asyncio.create_task(self._guarded(), name=f"partition-{number}")

    def has_room(self, tp: TopicPartition) -> bool:
        """Whether more of this input may be fetched."""
        stepper = self._stepper
        return stepper is not None and (stepper.orders if tp == self._orders else stepper.values).has_room()

    def position(self, tp: TopicPartition) -> int:
        """Where the fetcher stands in this input; asked only while this is its handler."""
        assert self._stepper is not None
        values, orders = self._stepper.positions()
        return orders if tp == self._orders else values

    def is_busy(self) -> bool:
        """Whether its steps have something to do."""
        return self._stepper is not None and self._stepper.is_busy()

    def receive(self, tp: TopicPartition, records: Records, start: int | None) -> None:
        """Buffer what was fetched and wake the stepper."""
        stepper = self._stepper
        if stepper is not None:
            (stepper.receive_orders if tp == self._orders else stepper.receive_values)(records, start)

    def stuck_since(self) -> float | None:
        """Since when (loop time) nothing moved although it should: steps with work, or the broker's answers."""
        if self._stepper is None:
            return None
        asked = [tp for tp in (self._values, self._orders) if self.has_room(tp)]
        answers = {tp: self._shared.driver.fetch_state(tp).timestamp for tp in asked}
        heard = self._heard.since(answers, asyncio.get_running_loop().time())
        step = self._stepper.stuck_since()
        return heard if step is None else min(heard, step)

    def report(self) -> None:
        """Tell the metrics how full the buffers are."""
        if self._stepper is not None:
            self._shared.metrics.waiting(self._number, self._stepper.values.count, self._stepper.orders.count)

    async def release(self, save: bool) -> None:
        """Stop after the step at hand, with `save` after a last snapshot; drop everything."""
        self._released = True
        router = self._shared.router
        router.handlers.pop(self._values, None)
        router.handlers.pop(self._orders, None)
        self._shared.health.partitions.pop(self._number, None)
        if self._stepper is None:
            self._task.cancel()
        else:
            self._stepper.ask_to_stop()
        await asyncio.wait([self._task])
        if self._stepper is not None and self._owned is not None:
            await self._stepper.stop(save)
            await self._owned.close()

    async def _guarded(self) -> None:
        try:
            await self._run()
        except Exception as error:
            fail_stop(f"partition {self._number}", error)

    async def _run(self) -> None:
        shared, number = self._shared, self._number
        shared.health.partitions[number] = "recovering"
        loop = asyncio.get_running_loop()
        started = loop.time()
        takeover = Takeover(shared.config, number, self._path, shared.changelog, shared.controls, shared.engines)
        self._owned = owned = await takeover.run(shared.driver.committed)
        if self._released:  # a client library may swallow the cancellation of the take-over
            await owned.close()
            return
        self._stepper = stepper = Stepper(shared.config, number, owned, shared.controls, shared.metrics)
        for tp, offset in ((self._values, owned.end.values_to), (self._orders, owned.end.orders_to)):
            shared.driver.start_reading(tp, offset)
            shared.router.handlers[tp] = self
        stepper.read_from(shared.driver.fetch_state(self._values), shared.driver.fetch_state(self._orders))
        failpoint("takeover.after_seek")
        seconds = loop.time() - started
        shared.metrics.takeover(number, seconds)
        shared.health.partitions[number] = "deciding"
        log.info("partition %d: deciding from step %d on, taken over in %.2f s", number, owned.end.seq + 1, seconds)
        await stepper.run()
