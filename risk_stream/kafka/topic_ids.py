"""What Kafka knows a topic by, besides its name: an id that no topic made anew under the same name has again.

aiokafka's own metadata request is older than these ids, which brokers give away since Kafka 2.8 (KIP-516).
"""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.metadata import MetadataRequest_v5
from aiokafka.protocol.types import (
    AbstractType,
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from risk_stream.kafka.failstop import Doubt

ASKED_AGAIN_S = 0.1
NO_TOPIC_ID = UUID(int=0)
NAME = CompactString("utf-8")


class Uuid(AbstractType[UUID]):  # type: ignore[misc]
    """Sixteen bytes."""

    @classmethod
    def encode(cls, value: UUID) -> bytes:
        """As they go over the wire."""
        return value.bytes

    @classmethod
    def decode(cls, data: object) -> UUID:
        """From what is left of a response."""
        return UUID(bytes=data.read(16))  # type: ignore[attr-defined]


class TopicIdsResponse(Response):  # type: ignore[misc]
    """MetadataResponse of version 10, by Kafka's MetadataResponse.json."""

    API_KEY = MetadataRequest_v5.API_KEY
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(("node_id", Int32), ("host", NAME), ("port", Int32), ("rack", NAME), ("tags", TaggedFields)),
        ),
        ("cluster_id", NAME),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("topic", NAME),
                ("topic_id", Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_authorized_operations", Int32),
        ("tags", TaggedFields),
    )


class TopicIdsRequestV10(RequestStruct):  # type: ignore[misc]
    """MetadataRequest of version 10, by Kafka's MetadataRequest.json."""

    API_KEY = MetadataRequest_v5.API_KEY
    API_VERSION = 10
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = TopicIdsResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", Uuid), ("topic", NAME), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class TopicIdsRequest(Request[TopicIdsRequestV10]):  # type: ignore[misc]
    """The ids of some topics, none of which is made by asking."""

    API_KEY = TopicIdsRequestV10.API_KEY

    def __init__(self, topics: Sequence[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[TopicIdsRequestV10]) -> TopicIdsRequestV10:
        """The request in the version that the broker was found to know."""
        return request_struct_class([(NO_TOPIC_ID, topic, {}) for topic in self._topics], False, False, False, {})


async def topic_ids(client: AIOKafkaClient, topics: Sequence[str]) -> list[str]:
    """The ids of these topics, in hex, in that order: asked for until a broker tells, so that the caller sets a limit.

    A KafkaError that is not retriable where one may not be described.
    """
    while True:
        try:
            return await _asked(client, topics)
        except KafkaError as error:
            if not error.retriable:
                raise
        await asyncio.sleep(ASKED_AGAIN_S)


def are_others(known: Sequence[str], now: Sequence[str]) -> bool:
    """Whether any of these topics has another id than it had. A broker may give old topics ids that had none."""
    none = NO_TOPIC_ID.hex
    return any(one != other and none not in (one, other) for one, other in zip(known, now, strict=True))


async def _asked(client: AIOKafkaClient, topics: Sequence[str]) -> list[str]:
    try:
        response = await client.send(client.get_random_node(), TopicIdsRequest(topics))
    except NotImplementedError as error:
        raise Doubt("the broker knows no topic ids: a worker needs Kafka 2.8 or later") from error
    found = {}
    for error_code, topic, topic_id, *_ in response.topics:
        if error_code:
            raise for_code(error_code)(topic)
        found[topic] = topic_id.hex
    return [found[topic] for topic in topics]
