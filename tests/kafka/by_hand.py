"""Topics that a test makes for itself."""

import asyncio

from aiokafka.admin import AIOKafkaAdminClient, NewTopic


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
