"""One handler at work: reads, hands each violation to a lane, commits what is done.

Violations of one portfolio go to the same lane, so a handler sees them in order; the lanes, as many as calls may run
side by side, do not wait for one another.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any
from zlib import crc32

from risk_stream.handlers.caller import Caller
from risk_stream.handlers.consumer import ViolationsConsumer
from risk_stream.handlers.delivery import Bounds, Delivery
from risk_stream.handlers.metrics import HandlerMetrics
from risk_stream.handlers.plug_ins import Handler, HandlerError
from risk_stream.handlers.published import Unreadable, read_record

log = logging.getLogger(__name__)

COMMIT_INTERVAL_S = 1.0


class Runner:
    """Of one handler."""

    def __init__(
        self, name: str, handler: Handler, consumer: ViolationsConsumer, bounds: Bounds, metrics: HandlerMetrics
    ) -> None:
        self.name = name
        self._consumer = consumer
        self._bounds = bounds
        self._metrics = metrics
        self._caller = Caller(name, handler, bounds.calls_max, bounds.timeout_s)
        self._delivery = Delivery(name, self._caller, bounds, metrics)
        self._lanes: list[asyncio.Queue[Any]] = [asyncio.Queue() for _ in range(bounds.calls_max)]  # bounded by _read
        self._ending = False

    @property
    def assigned(self) -> bool:
        """Whether its group has given it partitions, be it none."""
        return self._consumer.assigned

    @property
    def silence_s(self) -> float:
        """For how long the broker has not answered it; to be asked only when assigned."""
        return self._consumer.silence_s

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. Calls that run then may end, for as long as their timeout; the rest comes at the next start."""
        self._metrics.expect(self.name)
        async with AsyncExitStack() as stack:
            try:
                await self._caller.start()
            except Exception as error:
                raise HandlerError(f"handler {self.name} did not start: {type(error).__name__}: {error}") from error
            stack.push_async_callback(self._close)
            await stack.enter_async_context(self._consumer)
            async with asyncio.TaskGroup() as group:
                lanes = [group.create_task(self._lane(queue)) for queue in self._lanes]
                await self._read(stop)
                await self._end(lanes)
            await self._consumer.commit()
            left = self._consumer.progress.waiting
            log.info("handler %s: stopped; %d violations read and not done come again", self.name, left)

    async def _read(self, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        commit_at = loop.time() + COMMIT_INTERVAL_S
        while not stop.is_set():
            for record in await self._consumer.read(self._bounds.queue_max - self._consumer.progress.waiting):
                self._lanes[crc32(record.key or b"") % len(self._lanes)].put_nowait(record)
            self._metrics.backlog(self.name, self._consumer.progress.waiting, self._consumer.lag)
            if loop.time() >= commit_at:
                await self._consumer.commit()
                commit_at = loop.time() + COMMIT_INTERVAL_S

    async def _end(self, lanes: Sequence[asyncio.Task[None]]) -> None:
        self._ending = True
        for queue in self._lanes:
            queue.put_nowait(None)  # wakes one that waits
        await asyncio.wait(lanes, timeout=self._bounds.timeout_s)
        for lane in lanes:
            lane.cancel()

    async def _lane(self, queue: asyncio.Queue[Any]) -> None:
        while (record := await queue.get()) is not None and not self._ending:
            if not self._consumer.is_ours(record):
                continue
            try:
                violation = read_record(record)
            except Unreadable as error:
                self._metrics.violation(self.name, "unreadable")
                log.error("handler %s: %d@%d is no violation: %s", self.name, record.partition, record.offset, error)
            else:
                await self._delivery.deliver(violation, lambda: self._consumer.is_ours(record))
            self._consumer.done(record)

    async def _close(self) -> None:
        try:
            await self._caller.close()
        except Exception as error:
            log.warning("handler %s: close failed: %s: %s", self.name, type(error).__name__, error)
