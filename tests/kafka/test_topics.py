"""The topic catalogue on a real cluster."""

import asyncio
import uuid
from collections.abc import Coroutine
from typing import Any

import pytest

from risk_stream.kafka.connection import Connection
from risk_stream.kafka.topic_catalogue import CATALOGUE, FOR_EVER
from risk_stream.kafka.topics import Topics, TopicsError, TopicState
from tests.conftest import TestBroker
from tests.kafka.by_hand import make_topic

pytestmark = pytest.mark.broker


@pytest.fixture
def prefix() -> str:
    """A prefix that no other test has."""
    return f"t{uuid.uuid4().hex[:8]}."


def topics(broker: TestBroker, prefix: str, partitions: int = 2) -> Topics:
    """The catalogue on the test's cluster."""
    return Topics(Connection(broker.bootstrap), prefix, partitions)


async def created(broker: TestBroker, prefix: str, partitions: int = 2) -> list[str]:
    """The names of the topics that were made now."""
    async with topics(broker, prefix, partitions) as catalogue:
        return await catalogue.create()


async def described(broker: TestBroker, prefix: str, partitions: int = 2) -> list[TopicState]:
    """The topics as they are."""
    async with topics(broker, prefix, partitions) as catalogue:
        return await catalogue.describe()


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Its result."""
    return asyncio.run(work)


def test_catalogue_is_the_contracts() -> None:
    """Names, the one-partition topic, what is compacted and what is kept for ever."""
    assert {spec.name for spec in CATALOGUE} == {
        *("orders", "portfolio-values", "controls", "decisions", "violations", "journal", "portfolio-risk"),
        "dead-letters",
    }
    assert [spec.name for spec in CATALOGUE if spec.one_partition] == ["controls"]
    assert [spec.name for spec in CATALOGUE if spec.compacted] == ["portfolio-risk"]
    assert [spec.name for spec in CATALOGUE if spec.retention_ms == FOR_EVER] == ["controls"]
    kept = {spec.name: spec.retention_ms for spec in CATALOGUE}
    assert kept["journal"] >= kept["orders"] == kept["portfolio-values"]


def test_creates_once_and_describes(broker: TestBroker, prefix: str) -> None:
    """All missing, then all made as the catalogue says, then nothing left to make."""
    assert all(state.partitions is None and not state.right for state in run(described(broker, prefix)))
    assert run(created(broker, prefix)) == [prefix + spec.name for spec in CATALOGUE]
    states = run(described(broker, prefix))
    assert all(state.right for state in states), states
    assert {state.name: state.partitions for state in states}[prefix + "controls"] == 1
    assert run(created(broker, prefix)) == []


def test_two_at_once_do_no_harm(broker: TestBroker, prefix: str) -> None:
    """Workers that start together may both create."""

    async def both() -> list[list[str]]:
        return list(await asyncio.gather(created(broker, prefix), created(broker, prefix)))

    made = [name for names in run(both()) for name in names]
    assert sorted(made) == sorted(prefix + spec.name for spec in CATALOGUE)


def test_refuses_another_partition_count(broker: TestBroker, prefix: str) -> None:
    """An existing topic with another count stops everything: nothing else is made."""
    run(make_topic(broker.bootstrap, prefix + "orders", 3))
    with pytest.raises(TopicsError, match=f"{prefix}orders has 3, not 2"):
        run(created(broker, prefix))
    assert [state.partitions for state in run(described(broker, prefix)) if state.partitions] == [3]


def test_shows_other_settings(broker: TestBroker, prefix: str) -> None:
    """A topic whose timestamps the clients choose is not right, and it is said why."""
    run(make_topic(broker.bootstrap, prefix + "orders", 2, message_timestamp_type="CreateTime"))
    orders = run(described(broker, prefix))[0]
    assert orders.partitions == 2
    assert not orders.right
    assert orders.differences["message.timestamp.type"] == "is CreateTime, should be LogAppendTime"
    assert "retention.ms" in orders.differences


def test_impossible_replication_is_said(broker: TestBroker, prefix: str) -> None:
    """What the broker refuses reaches the user in its words."""

    async def work() -> None:
        async with topics(broker, prefix) as catalogue:
            await catalogue.create(replication_factor=1_000)

    with pytest.raises(TopicsError, match=r"(?i)replication"):
        run(work())
