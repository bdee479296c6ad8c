"""A warm copy of a partition another worker decides: its saved rows, kept up to date from the changelog."""

import asyncio
import logging
from pathlib import Path

from aiokafka import TopicPartition

from risk_stream.kafka.changelog import Untrusted, catch_up
from risk_stream.kafka.config import WorkerConfig
from risk_stream.kafka.failstop import fail_stop
from risk_stream.kafka.range_reader import RangeReader
from risk_stream.kafka.store import open_store

log = logging.getLogger(__name__)


class Standby:
    """Follows changelog partition `number` until `release`."""

    def __init__(self, config: WorkerConfig, changelog: str, number: int, path: Path) -> None:
        self._config = config
        self._tp = TopicPartition(changelog, number)
        self._journal = TopicPartition(config.topic("journal"), number)
        self._path = path
        self._released = False
        self._task = asyncio.create_task(self._guarded(), name=f"standby-{number}")

    async def release(self) -> None:
        """Stop and close the directory, so that a take-over may open it."""
        self._released = True
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _guarded(self) -> None:
        try:
            await self._follow()
        except Exception as error:
            fail_stop(f"standby of partition {self._tp.partition}", error)

    async def _follow(self) -> None:
        store = open_store(self._path, self._config.block_cache_bytes)
        try:
            async with RangeReader(self._config) as reader:
                while not self._released:
                    bounds = await reader.bounds([self._tp, self._journal])
                    try:
                        await catch_up(reader, store, self._tp, self._journal, bounds)
                    except Untrusted as error:
                        # The directory stays: it tells a take-over that the changelog is not to be trusted.
                        log.warning("standby %s/%d %s: waiting for its owner to rebuild it", *self._tp, error)
                        if store.saved() is None:
                            store.empty()  # half of a load, of which another copy must not become the rest
                    await asyncio.sleep(self._config.snapshot_interval)
        finally:
            store.close()
