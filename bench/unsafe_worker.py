"""A worker without transactions, to say what they cost: started by bench.finality, and good for nothing else.

Nothing is fenced, nothing is undone, the group's offsets never move: a crash repeats or loses decisions. Everything
else is as shipped: journal, digests, changelog, snapshots.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence

from aiokafka import AIOKafkaProducer, TopicPartition

from risk_stream.kafka import record_batch, takeover
from risk_stream.kafka.config import WorkerConfig
from risk_stream.kafka.producer import BATCH_BYTES_MAX, PartitionProducer, Write


class UnsafeProducer(PartitionProducer):
    """Sends, and waits for the answers; idempotent, for a batch without a producer has no header."""

    def __init__(self, config: WorkerConfig, partition: int) -> None:
        super().__init__(config, partition)
        self._producer._closed = True  # never started; else it would complain of not being stopped
        self._producer = AIOKafkaProducer(
            **config.connection.client_options(), enable_idempotence=True, max_batch_size=BATCH_BYTES_MAX
        )

    async def abort_left_open(self, outputs: Iterable[TopicPartition]) -> None:
        """Nothing can be left open."""

    async def transact(
        self,
        writes: Sequence[Write],
        offsets: Mapping[TopicPartition, int],
        passed: Callable[[str], None],
    ) -> dict[str, int]:
        """Write everything."""
        return {topic: offset for topic, offset in await self._produce(writes, passed) if offset >= 0}


if __name__ == "__main__":
    from risk_stream.cli.worker import command

    record_batch.TRANSACTIONAL = 0
    takeover.PartitionProducer = UnsafeProducer  # type: ignore[attr-defined]
    command(sys.argv[2:])  # after the word `worker`
