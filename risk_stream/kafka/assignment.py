"""What this worker is assigned: checks that it fits together, starts take-overs and standbys, and releases them."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from faust.types import TP

from risk_stream.kafka.failstop import Doubt
from risk_stream.kafka.partition import Partition, Surroundings
from risk_stream.kafka.standby import Standby

log = logging.getLogger(__name__)


class Assignment:
    """The partitions this worker decides and the ones it keeps warm, replaced as a whole at every rebalance."""

    def __init__(self, surroundings: Surroundings, path_of: Callable[[int], Path]) -> None:
        self._shared = surroundings
        self._path_of = path_of
        self.partitions: dict[int, Partition] = {}
        self._standbys: dict[int, Standby] = {}
        self._ended = False

    async def on_assigned(self, actives: set[TP], standbys: set[TP], generation: int) -> None:
        """Take over every active partition, whether it was ours before or not; memory of before is gone."""
        await self.release(save=False)
        if self._ended:
            return
        self._check_partition_counts()
        owned = self._owned(actives)
        log.info("generation %d: partitions %s", generation, sorted(owned))
        config, changelog = self._shared.config, self._shared.changelog
        self._shared.health.assigned = True
        self._shared.metrics.owned(len(owned))
        self.partitions = {number: Partition(self._shared, number, self._path_of(number)) for number in sorted(owned)}
        self._standbys = {
            tp.partition: Standby(config, changelog, tp.partition, self._path_of(tp.partition))
            for tp in standbys
            if tp.topic == changelog and tp.partition not in owned
        }

    async def end(self) -> None:
        """Release everything after a last snapshot, and take over nothing more, whatever is assigned from now on."""
        self._ended = True
        await self.release(save=True)

    async def release(self, save: bool) -> None:
        """Stop deciding everything; with `save`, each partition takes a last snapshot."""
        partitions, standbys = self.partitions, self._standbys
        self.partitions, self._standbys = {}, {}
        self._shared.health.assigned = False
        self._shared.metrics.owned(0)
        await asyncio.gather(
            *(partition.release(save) for partition in partitions.values()),
            *(standby.release() for standby in standbys.values()),
        )

    def _owned(self, actives: set[TP]) -> set[int]:
        topic = self._shared.config.topic
        by_topic = {
            name: {tp.partition for tp in actives if tp.topic == name}
            for name in (topic("orders"), topic("portfolio-values"), self._shared.changelog)
        }
        owned = by_topic[topic("orders")]
        for name, partitions in by_topic.items():
            if partitions != owned:
                raise Doubt(f"not co-partitioned: orders {sorted(owned)}, {name} {sorted(partitions)}")
        return owned

    def _check_partition_counts(self) -> None:
        config = self._shared.config
        for name in (config.topic("orders"), config.topic("portfolio-values"), self._shared.changelog):
            found = self._shared.driver.partitions_of(name)
            if found != config.partitions:
                raise Doubt(f"{name} has {found} partitions, configured are {config.partitions}: not deciding anything")
