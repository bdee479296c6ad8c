"""Fixtures for the whole suite: above all `broker`, a real Kafka."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from risk_stream.broker.embedded import EmbeddedBroker
from tests.containers import container_broker


@dataclass(frozen=True)
class TestBroker:
    """A Kafka for tests, wherever it runs."""

    __test__ = False
    bootstrap: str


@pytest.fixture(scope="session")
def broker() -> Iterator[TestBroker]:
    """One Kafka for the whole run: the one configured, else in a container, else the embedded one.

    Shared by all tests: use topic prefixes and group names of your own.
    """
    configured = os.environ.get("RISK_STREAM_BROKER")
    if configured:
        yield TestBroker(configured)
        return
    with container_broker() as bootstrap:
        if bootstrap:
            yield TestBroker(bootstrap)
            return
    with EmbeddedBroker() as embedded:
        yield TestBroker(embedded.bootstrap)
