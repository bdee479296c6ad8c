"""Where a demo is played: on the configured Kafka or one of its own, in topics and a group that nobody else has."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import msgspec
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from risk_stream.broker.config import HOST
from risk_stream.broker.embedded import EmbeddedBroker
from risk_stream.broker.probe import free_ports, is_ready
from risk_stream.kafka.connection import Connection
from risk_stream.ops.settings import Settings

TIMEOUT_S = 30.0


class Place(NamedTuple):
    """Settings of the demo and its worker; `own_broker` ends with the demo."""

    settings: Settings
    own_broker: bool
    folder: Path
    worker_settings: dict[str, object]
    """What the demo sets for its worker, by name; all else is as the user has it."""


@contextmanager
def open_place(settings: Settings) -> Iterator[Place]:
    """A place for one run; its folder, and a broker started here, are gone afterwards."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="risk-stream-demo-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        own = not is_configured(settings)
        broker = stack.enter_context(EmbeddedBroker()).bootstrap if own else settings.broker
        name = f"risk-demo-{uuid4().hex[:8]}"
        [port] = free_ports(HOST, 1)
        mine: dict[str, object] = {
            "broker": broker,
            "app_id": name,
            "topic_prefix": f"{name}.",
            "partitions": settings.partitions,  # perhaps an option of the command
            "data_dir": folder / "worker",
            "metrics_port": port,
            "metrics_host": HOST,
            "group_instance_id": "demo",  # a restarted worker takes its partitions back at once
        }
        yield Place(msgspec.structs.replace(settings, **mine), own, folder, mine)


def is_configured(settings: Settings) -> bool:
    """Whether there is a Kafka to use: one that was named, or one that answers where all commands look for it."""
    default = Settings()
    if settings.broker != default.broker or os.environ.get("RISK_STREAM_BROKER"):
        return True
    host, _, port = default.broker.partition(":")
    return is_ready(host, int(port))


async def remove_topics(connection: Connection, name: str) -> None:
    """Delete the demo's topics and changelog, if the cluster lets us; the broker forgets its group by itself."""
    admin = AIOKafkaAdminClient(**connection.client_options())
    with suppress(KafkaError, TimeoutError, ConnectionError):  # how the demo went is what matters
        async with asyncio.timeout(TIMEOUT_S):
            await admin.start()
            topics = [topic for topic in await admin.list_topics() if topic.startswith(name)]
            if topics:
                await admin.delete_topics(topics)
    await admin.close()
