"""A Kafka in a container, where Docker is reachable and the image is already on the machine."""

import gc
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager

import docker
import docker.errors
from testcontainers.core.container import DockerContainer

from risk_stream.broker.config import HOST
from risk_stream.broker.lock import kafka_version, locked_jars
from risk_stream.broker.probe import free_ports, is_ready
from tests.waiting import wait_for

IMAGE = f"apache/kafka:{kafka_version(locked_jars())}"
READY_TIMEOUT_S = 60


@contextmanager
def container_broker() -> Iterator[str | None]:
    """Its `host:port`; None where there is no Docker or no image (nothing is pulled behind your back)."""
    if not _image_is_here():
        yield None
        return
    (port,) = free_ports(HOST, 1)
    with _container(port):
        wait_for(lambda: is_ready(HOST, port), READY_TIMEOUT_S)
        yield f"{HOST}:{port}"


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
    container = DockerContainer(IMAGE).with_bind_ports(f"{port}/tcp", port)
    for name, value in environment.items():
        container = container.with_env(name, value)
    return container


def _image_is_here() -> bool:
    # Where no daemon answers, the client leaves its socket to the garbage collector, which would fail a test later on.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            with closing(docker.from_env(timeout=5)) as client:
                client.images.get(IMAGE)
            return True
        except docker.errors.DockerException:
            return False
        finally:
            gc.collect()
