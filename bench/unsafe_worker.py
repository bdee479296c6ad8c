"""A worker without transactions, to say what they cost: started by bench.finality, and good for nothing else.

Nothing is fenced, nothing is undone, the group's offsets never move: a crash repeats or loses decisions. Everything
else is as shipped: journal, digests, changelog, snapshots.
"""

import sys
from collections.abc import Callable, Mapping, Sequence

from aiokafka import TopicPartition
from aiokafka.protocol.transaction import InitProducerIdRequest

from risk_stream.kafka import record_batch, takeover
from risk_stream.kafka.coordinator import ProducerIdentity
from risk_stream.kafka.leaders import Leaders
from risk_stream.kafka.producer import PartitionProducer, Write


class UnsafeProducer(PartitionProducer):
    """Sends, and waits for the answers; idempotent, for a batch without a producer has no header."""

    async def start(self) -> None:
        """Take the id, so that all else is as shipped, and become a producer that nobody can fence."""
        await super().start()
        request = InitProducerIdRequest(None, -1)  # null: of no transactional id
        response = await self._client.send(self._client.get_random_node(), request)
        self._leaders = Leaders(self._client, self._partition, None, self._timeout)
        self._leaders.sent_by(ProducerIdentity(response.producer_id, response.producer_epoch))

    async def transact(
        self,
        writes: Sequence[Write],
        offsets: Mapping[TopicPartition, int],
        passed: Callable[[str], None],
    ) -> dict[str, int]:
        """Write everything."""
        return await self._produce([write for write in writes if write.records.size], passed)


if __name__ == "__main__":
    from risk_stream.cli.worker import command

    record_batch.TRANSACTIONAL = 0
    takeover.PartitionProducer = UnsafeProducer  # type: ignore[attr-defined]
    command(sys.argv[2:])  # after the word `worker`
