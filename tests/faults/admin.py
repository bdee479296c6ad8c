"""What an administrator can do to a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest

DELETE_SECONDS = 30
TO_THE_END = -1

# Numbers of Kafka's protocol, and of its access lists (org.apache.kafka.common.acl).
TOPIC, LITERAL, ANYBODY, READ, WRITE, DENY, ALLOW, EVERY = 2, 3, "User:*", 3, 4, 2, 3, 1


@asynccontextmanager
async def admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """A started client."""
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def configure(bootstrap: str, topic: str, configs: dict[str, str]) -> None:
    """Give a topic these settings, and the defaults of all others."""
    async with admin(bootstrap) as client:
        for response in await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs)]):
            for code, message, *_ in response.resources:
                if code:
                    raise KafkaError(f"{topic}: {message}")


async def changelogs(bootstrap: str, application: str) -> dict[str, int]:
    """An application's changelog topics, with their partition counts."""
    async with admin(bootstrap) as client:
        names = [name for name in await client.list_topics() if name.startswith(application) and "changelog" in name]
        return {one["topic"]: len(one["partitions"]) for one in await client.describe_topics(names)} if names else {}


async def empty(bootstrap: str, topic: str, partitions: int) -> None:
    """Delete every record of a compacted topic, which must for a moment be one that may be deleted from."""
    await configure(bootstrap, topic, {"cleanup.policy": "delete"})
    async with admin(bootstrap) as client:
        wanted = {TopicPartition(topic, place): RecordsToDelete(TO_THE_END) for place in range(partitions)}
        await client.delete_records(wanted, timeout_ms=DELETE_SECONDS * 1000)
    await configure(bootstrap, topic, {"cleanup.policy": "compact"})


async def delete(bootstrap: str, topic: str) -> None:
    """Delete a topic and wait until it is gone."""
    async with admin(bootstrap) as client:
        await client.delete_topics([topic])
        async with asyncio.timeout(DELETE_SECONDS):
            while topic in await client.list_topics():
                await asyncio.sleep(0.2)


async def create(bootstrap: str, topic: str, partitions: int, configs: dict[str, str]) -> None:
    """Make a topic; shortly after a deletion of the same name the broker may need a moment."""
    async with admin(bootstrap) as client:
        await client.create_topics([NewTopic(topic, partitions, 1, topic_configs=configs)])


async def add_partitions(bootstrap: str, topic: str, total: int) -> None:
    """Let a topic have so many partitions."""
    async with admin(bootstrap) as client:
        await client.create_partitions({topic: NewPartitions(total)})


async def revoke_writing(bootstrap: str, topic: str) -> None:
    """Let everybody read a topic and nobody write to it."""
    async with admin(bootstrap) as client:
        for operation, permission in ((READ, ALLOW), (WRITE, DENY)):
            wanted = CreateAclsRequest(TOPIC, topic, LITERAL, ANYBODY, "*", operation, permission)
            answer = await client._send_request(wanted)
            for code, message in answer.creation_responses:
                if code:
                    raise KafkaError(f"{topic}: {message}")


async def forget_access(bootstrap: str, topic: str) -> None:
    """Take every entry of a topic off the access lists."""
    async with admin(bootstrap) as client:
        await client._send_request(DeleteAclsRequest(TOPIC, topic, LITERAL, ANYBODY, "*", EVERY, EVERY))
