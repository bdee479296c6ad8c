"""The Faust table behind the saved rows: Faust declares it, names it and assigns it; filling it is our own take-over's.

Faust's recovery reads record by record, swallows exceptions and never asks for committed data, so the manager here lets
go of it and tells who follows (assignment.py) instead.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from faust.tables.manager import TableManager as FaustTableManager
from faust.types import TP

from risk_stream.kafka.changelog import TOMBSTONE_RETENTION_MS
from risk_stream.kafka.config import WorkerConfig
from risk_stream.state.save_chunks import VERSION

TABLE_NAME = f"portfolios-v{VERSION}"
"""Rows of another layout are another table: its changelog is empty, so they are computed again from the journal."""

ROW_BYTES_MAX = 64 * 1024 * 1024
"""The largest row: a list of positions. 65,536 idle ones are 2 to 9 MiB, 33 MiB where all symbols and sectors are 64
letters of four bytes; a snapshot brings 1 MiB, and open orders their symbols. A broker takes requests of 100 MiB."""

Assigned = Callable[[set[TP], set[TP], int], Awaitable[None]]
"""Told the active and the standby partitions of everything, and the generation."""


class TableManager(FaustTableManager):  # type: ignore[misc]
    """Faust's table manager without Faust's recovery."""

    on_assigned: Assigned

    async def on_start(self) -> None:
        """Register the tables at once (Faust waits a second) and leave recovery unstarted."""
        await self._update_channels()

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Hand the assignment over and let reading begin; what is not taken over yet stays paused."""
        self._recovery_started.set()
        await self._update_channels()
        await self.on_assigned(
            self.app.assignor.assigned_actives(), self.app.assignor.assigned_standbys(), generation_id
        )
        self.app.flow_control.resume()
        self.app.consumer.resume_flow()
        await self.app._fetcher.maybe_start()
        self.on_actives_ready()
        self.on_standbys_ready()
        # After the caller has told the sensors that the callback returned; the other way round Faust warns.
        asyncio.get_running_loop().call_soon(self.app.on_rebalance_end)

    async def wait_until_recovery_completed(self) -> bool:
        """The app counts as started before its partitions are recovered: /readyz says when they are."""
        return False


def declare_table(app: Any, config: WorkerConfig) -> Any:
    """The table of portfolio rows: raw bytes in RocksDB, one directory and one changelog partition a partition."""
    return app.Table(
        TABLE_NAME,
        partitions=config.partitions,
        key_type=bytes,
        value_type=bytes,
        options={"driver": "rocksdict", "block_cache_size": config.block_cache_bytes},
        extra_topic_configs={
            "cleanup.policy": "compact",
            "delete.retention.ms": str(TOMBSTONE_RETENTION_MS),
            "min.cleanable.dirty.ratio": "0.1",
            "max.message.bytes": str(ROW_BYTES_MAX),
            "segment.bytes": str(ROW_BYTES_MAX),  # a broker takes no batch that is larger
        },
    )


def partition_path(table: Any, partition: int) -> Path:
    """The directory Faust's own store would use."""
    return Path(table.data.partition_path(partition))
