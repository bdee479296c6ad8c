"""The topics of one run, made as the contract says, and the group's progress over them."""

from __future__ import annotations

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

INPUTS = ("orders", "portfolio-values")
OUTPUTS = ("decisions", "violations", "journal", "dead-letters")
KEPT = {"retention.ms": "-1", "message.timestamp.type": "LogAppendTime"}


def catalogue(prefix: str, partitions: int) -> list[NewTopic]:
    """All topics."""
    counts = dict.fromkeys((*INPUTS, *OUTPUTS), partitions) | {"controls": 1}
    topics = [NewTopic(prefix + name, count, 1, topic_configs=KEPT) for name, count in counts.items()]
    compacted = {"cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime"}
    return [*topics, NewTopic(f"{prefix}portfolio-risk", partitions, 1, topic_configs=compacted)]


async def create(bootstrap: str, prefix: str, partitions: int) -> None:
    """Make all topics."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics(catalogue(prefix, partitions))
    finally:
        await admin.close()


async def committed(bootstrap: str, group: str) -> dict[TopicPartition, int]:
    """The offsets the group has committed."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=10_000)
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets(group)
    finally:
        await admin.close()
    return {log: place.offset for log, place in found.items() if place.offset >= 0}
