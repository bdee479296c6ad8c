"""A produce request that copies its batches once.

aiokafka's own copies them once a level of its schema, six times: megabytes of a large step, while the loop does nothing
else (docs/performance.md).
"""

from collections.abc import Mapping

from aiokafka.protocol.api import Request
from aiokafka.protocol.produce import ProduceRequest_v7
from aiokafka.protocol.types import Int16, Int32, String

ACKS_ALL = -1
NAME = String("utf-8")


class JoinedProduce(ProduceRequest_v7):  # type: ignore[misc]
    """The same bytes as its base class makes, joined at once. Brokers know version 7 since Kafka 2.1."""

    def encode(self) -> bytes:
        """As it goes over the wire."""
        parts: list[bytes] = [
            NAME.encode(self.transactional_id),
            Int16.encode(self.required_acks),
            Int32.encode(self.timeout),
            Int32.encode(len(self.topics)),
        ]
        for topic, partitions in self.topics:
            parts += NAME.encode(topic), Int32.encode(len(partitions))
            for partition, batch in partitions:
                parts += Int32.encode(partition), Int32.encode(len(batch)), batch
        return b"".join(parts)


class ProduceRequest(Request[JoinedProduce]):  # type: ignore[misc]
    """A batch for partition `partition` of each of some topics, to be acknowledged by all replicas in time."""

    API_KEY = ProduceRequest_v7.API_KEY

    def __init__(
        self, transactional_id: str | None, timeout_ms: int, partition: int, batches: Mapping[str, bytearray]
    ) -> None:
        self._transactional_id = transactional_id
        self._timeout_ms = timeout_ms
        self._topics = [(topic, [(partition, batch)]) for topic, batch in batches.items()]

    def build(self, request_struct_class: type[JoinedProduce]) -> JoinedProduce:
        """The request in the version that the broker was found to know."""
        return request_struct_class(self._transactional_id, ACKS_ALL, self._timeout_ms, self._topics)
