"""What Kafka knows a topic by, asked of a real broker."""

import asyncio

import pytest

from risk_stream.kafka.range_reader import RangeReader
from risk_stream.kafka.topic_ids import NO_TOPIC_ID, are_others
from tests.faults.admin import delete
from tests.kafka.harness import Cluster


def ids(cluster: Cluster, *topics: str) -> list[str]:
    """As a take-over asks for them."""

    async def ask() -> list[str]:
        async with RangeReader(cluster.config()) as reader:
            return await reader.topic_ids([cluster.prefix + topic for topic in topics])

    return asyncio.run(ask())


@pytest.mark.broker
def test_a_topic_keeps_its_id_until_it_is_made_anew(cluster: Cluster) -> None:
    """Each has one of its own, in the order they were asked for."""
    orders, controls = ids(cluster, "orders", "controls")
    assert len({orders, controls, "0" * 32}) == 3
    assert ids(cluster, "controls", "orders") == [controls, orders]
    asyncio.run(delete(cluster.bootstrap, f"{cluster.prefix}orders"))
    cluster.create_topics()
    assert ids(cluster, "controls")[0] == controls
    assert ids(cluster, "orders")[0] != orders


def test_an_id_that_a_topic_is_given_late_is_not_another() -> None:
    """Brokers before Kafka 2.8 gave none."""
    none = NO_TOPIC_ID.hex
    assert are_others(["a", "b"], ["a", "c"])
    assert not are_others(["a", none], ["a", "b"]) and not are_others(["a", "b"], ["a", none])
    assert are_others(["a", none], ["b", "b"])
