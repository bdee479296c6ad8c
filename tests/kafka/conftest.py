"""A cluster of topics of its own for each test that needs a broker."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import TestBroker
from tests.kafka.harness import Cluster

_numbers = itertools.count(1)


@pytest.fixture
def cluster(broker: TestBroker, tmp_path: Path) -> Iterator[Cluster]:
    """Topics with a prefix nobody else has; workers still running at the end are killed."""
    cluster = Cluster(broker.bootstrap, tmp_path, f"kafka-{tmp_path.parent.name}-{next(_numbers)}.")
    cluster.create_topics()
    yield cluster
    cluster.close()
