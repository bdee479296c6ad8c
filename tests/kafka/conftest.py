"""A cluster of topics of its own for each test that needs a broker."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import TestBroker
from tests.kafka.harness import Cluster


@pytest.fixture
def cluster(broker: TestBroker, tmp_path: Path) -> Iterator[Cluster]:
    """Topics with a prefix nobody else has; workers still running at the end are killed."""
    cluster = Cluster(broker.bootstrap, tmp_path, f"kafka-{uuid.uuid4().hex[:8]}.")
    cluster.create_topics()
    yield cluster
    cluster.close()
