"""A Kafka in a container, where Docker answers on this machine and the image is here already: nothing is pulled."""

import gc
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import docker
import docker.errors
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from risk_stream.broker.config import HOST
from risk_stream.broker.lock import kafka_version, locked_jars
from risk_stream.broker.probe import free_ports, is_ready
from tests.waiting import wait_for

IMAGE = f"apache/kafka:{kafka_version(locked_jars())}"
READY_TIMEOUT_S = 60
LAST_LINES = 15
LOCAL_URL_PREFIX = "http+docker://"
"""How the client names a daemon behind a socket or a pipe of this machine: only its containers are on loopback."""


@dataclass(frozen=True)
class Offer:
    """What Docker has for the tests: a broker at `bootstrap`, or the reason why not."""

    bootstrap: str | None
    words: str


@contextmanager
def container_broker() -> Iterator[Offer]:
    """A broker for as long as the block lasts, or none and why. A container that does not serve fails, with its log."""
    reason = _reason_against()
    if reason:
        yield Offer(None, reason)
        return
    (port,) = free_ports(HOST, 1)
    with _container(port) as container:
        try:
            wait_for(lambda: is_ready(HOST, port), READY_TIMEOUT_S)
        except AssertionError as error:
            log = b"".join(container.get_logs()).decode("utf-8", "replace")
            lines = "\n".join(log.splitlines()[-LAST_LINES:])
            raise RuntimeError(f"{IMAGE} does not serve on {HOST}:{port}: {error}. Its last words:\n{lines}") from None
        yield Offer(f"{HOST}:{port}", f"{IMAGE} in a container")


def _container(port: int) -> DockerContainer:
    environment = {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": f"PLAINTEXT://:{port},CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{HOST}:{port}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_LOG_MESSAGE_TIMESTAMP_TYPE": "LogAppendTime",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "1000",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
    }
    container = DockerContainer(IMAGE)
    # Not by with_bind_ports, which takes no address: the port would be open to the whole network.
    container.ports[f"{port}/tcp"] = (HOST, port)  # type: ignore[assignment]  # handed to Docker's client, which takes it
    for name, value in environment.items():
        container = container.with_env(name, value)
    return container


def _reason_against() -> str | None:
    """Why no container can be had; None if one can. Testcontainers' own reaper is used if its image is here too."""
    # Where no daemon answers, the client leaves its socket to the garbage collector, which would fail a test later on.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            with closing(docker.from_env(timeout=5)) as client:
                client.ping()
                if not client.api.base_url.startswith(LOCAL_URL_PREFIX):
                    return "Docker is on another machine"
                if not _is_here(client, IMAGE):
                    return f"Docker is here, its image not: `docker pull {IMAGE}` for tests in a container"
                if not _is_here(client, testcontainers_config.ryuk_image):
                    testcontainers_config.ryuk_disabled = True
            return None
        except docker.errors.DockerException:
            return "no Docker answers here"
        finally:
            gc.collect()


def _is_here(client: docker.DockerClient, image: str) -> bool:
    try:
        client.images.get(image)
    except docker.errors.ImageNotFound:
        return False
    return True
