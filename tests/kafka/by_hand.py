"""Topics and batches that a test makes for itself."""

import asyncio
import struct

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.util import calc_crc32c

from risk_stream.kafka.record_batch import ATTRIBUTES_AT, CRC_AT


async def make_topic(bootstrap: str, name: str, partitions: int, **configs: str) -> None:
    """Make it and wait until the broker answers for it. `message_timestamp_type` is message.timestamp.type."""
    settings = {key.replace("_", "."): value for key, value in configs.items()}
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=settings)])
        async with asyncio.timeout(30):
            while not await _is_known(admin, name):
                await asyncio.sleep(0)
    finally:
        await admin.close()


async def _is_known(admin: AIOKafkaAdminClient, name: str) -> bool:
    described = {one["topic"]: one["partitions"] for one in await admin.describe_topics()}
    return name in described and all(part["leader"] >= 0 for part in described[name])


def sealed(data: bytes | bytearray) -> bytes:
    """The batch with the length and the checksum of what it holds now."""
    whole = bytearray(data)
    struct.pack_into(">i", whole, 8, len(whole) - 12)
    struct.pack_into(">I", whole, CRC_AT, calc_crc32c(bytes(whole[ATTRIBUTES_AT:])))
    return bytes(whole)


async def produce(bootstrap: str, topic: str, batch: bytes) -> int:
    """Write it to partition 0; the error code."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    try:
        request = ProduceRequest(None, -1, 10_000, [(topic, [(0, batch)])])
        answer = await client.send(client.cluster.brokers().pop().nodeId, request)
        return int(answer.topics[0][1][0][1])
    finally:
        await client.close()
