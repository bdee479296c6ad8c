"""The topics of one run, made as the contract says, and the group's progress over them."""

from __future__ import annotations

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

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


class Progress:
    """The offsets a group has committed, asked over one connection: a new one for each question costs 20 ms of CPU."""

    def __init__(self, bootstrap: str, group: str) -> None:
        self.bootstrap, self.group = bootstrap, group
        self._admin: AIOKafkaAdminClient | None = None
        self._known: set[TopicPartition] = set()

    async def committed(self) -> dict[TopicPartition, int]:
        """Of each partition that has one. A broker that does not answer is an error, and asked anew the next time; so
        is one that names none where there was one: it is still loading the group."""
        try:
            if self._admin is None:
                self._admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=10_000)
                await self._admin.start()
            found = await self._admin.list_consumer_group_offsets(self.group)
            offsets = {log: place.offset for log, place in found.items() if place.offset >= 0}
            if self._known - offsets.keys():
                raise KafkaError(f"{self.group}: offsets that were there are not named")
        except BaseException:
            await self.close()
            raise
        self._known |= offsets.keys()
        return offsets

    async def close(self) -> None:
        """Disconnect."""
        admin, self._admin = self._admin, None
        if admin is not None:
            await admin.close()
