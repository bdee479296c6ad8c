"""Publishing to a topic and reading it back: everything that is committed, nothing else."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from risk_stream.kafka.connection import Connection
from risk_stream.kafka.publish import UNACKNOWLEDGED_MAX, Outbound, Publisher
from risk_stream.kafka.reader import TopicError, TopicReader
from tests.conftest import TestBroker
from tests.kafka.by_hand import make_topic

pytestmark = pytest.mark.broker


@pytest.fixture
def topic(broker: TestBroker) -> str:
    """A new topic of two partitions."""
    name = f"t{uuid.uuid4().hex[:8]}"

    run(make_topic(broker.bootstrap, name, 2))
    return name


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Its result."""
    return asyncio.run(work)


async def publish(broker: TestBroker, topic: str, count: int) -> int:
    """Send `count` numbered records, even ones to partition 0."""

    async def records() -> AsyncIterator[Outbound]:
        for number in range(count):
            yield Outbound(b"%d" % number, b"v%d" % number, number % 2)

    async with Publisher(Connection(broker.bootstrap), topic) as publisher:
        assert publisher.partitions == 2
        return await publisher.send_all(records())


async def read(broker: TestBroker, topic: str, last: int | None = None) -> dict[int, list[bytes]]:
    """Values by partition, all or from the last offsets on."""
    found: dict[int, list[bytes]] = {0: [], 1: []}
    async with TopicReader(Connection(broker.bootstrap), topic) as reader:
        await (reader.from_beginning() if last is None else reader.from_last(last))
        async for records in reader.to_end():
            found[records[0].partition] += [record.value for record in records]
    return found


def test_everything_is_read_back_in_order(broker: TestBroker, topic: str) -> None:
    """More records than may be unacknowledged at once arrive, each on its partition, in the order sent."""
    count = UNACKNOWLEDGED_MAX + 10
    assert run(publish(broker, topic, count)) == count
    found = run(read(broker, topic))
    assert found == {part: [b"v%d" % number for number in range(part, count, 2)] for part in (0, 1)}


def test_last_ones_only(broker: TestBroker, topic: str) -> None:
    """Reading may start a few offsets before the end of each partition."""
    run(publish(broker, topic, 10))
    assert run(read(broker, topic, last=2)) == {0: [b"v6", b"v8"], 1: [b"v7", b"v9"]}
    assert run(read(broker, topic, last=0)) == {0: [], 1: []}


def test_empty_topic_ends_at_once(broker: TestBroker, topic: str) -> None:
    """Nothing there is nothing read."""
    assert run(read(broker, topic)) == {0: [], 1: []}


def test_only_committed_records_are_read(broker: TestBroker, topic: str) -> None:
    """An aborted transaction is passed over, an open one is the end."""

    async def work() -> dict[int, list[bytes]]:
        producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, transactional_id=topic)
        await producer.start()
        try:
            for value, ending in (
                (b"aborted", producer.abort_transaction),
                (b"committed", producer.commit_transaction),
            ):
                await producer.begin_transaction()
                await producer.send_and_wait(topic, value, partition=0)
                await ending()
            await producer.begin_transaction()
            await producer.send_and_wait(topic, b"open", partition=0)
            found = await read(broker, topic)
            await producer.abort_transaction()
        finally:
            await producer.stop()
        return found

    assert run(work()) == {0: [b"committed"], 1: []}


def test_follows_what_is_published_later(broker: TestBroker, topic: str) -> None:
    """follow() yields records that arrive after it began."""

    async def work() -> list[bytes]:
        async with TopicReader(Connection(broker.bootstrap), topic) as reader:
            await reader.from_last(0)
            following = reader.follow()
            next_list = asyncio.ensure_future(anext(following))
            await publish(broker, topic, 1)
            return [record.value for record in await asyncio.wait_for(next_list, 30)]

    assert run(work()) == [b"v0"]


def test_what_is_committed_while_it_catches_up_is_left_to_follow(broker: TestBroker, topic: str) -> None:
    """One fetch may bring both: nothing is skipped between the two."""

    async def work() -> list[list[bytes]]:
        async with TopicReader(Connection(broker.bootstrap), topic) as reader:
            await publish(broker, topic, 4)
            await reader.from_beginning()
            end_offsets = reader._consumer.end_offsets

            async def ends(partitions: Any) -> Any:
                known = await end_offsets(partitions)
                await publish(broker, topic, 8)
                await reader.from_beginning()  # what it may have fetched before is fetched again, with these
                return known

            reader._consumer.end_offsets = ends
            found = [sorted([record.value async for part in reader.to_end() for record in part])]
            following = reader.follow()
            found.append([])
            async with asyncio.timeout(30):
                while len(found[1]) < 8:
                    found[1] += [record.value for record in await anext(following)]
        return [found[0], sorted(found[1])]

    assert run(work()) == [[b"v%d" % number for number in range(count)] for count in (4, 8)]


def test_missing_topic_is_said(broker: TestBroker) -> None:
    """Neither reading nor writing makes a topic."""

    async def write() -> None:
        async with Publisher(Connection(broker.bootstrap), "no-such-topic"):
            pass

    for work in (read(broker, "no-such-topic"), write()):
        with pytest.raises(TopicError, match="There is no topic no-such-topic"):
            run(work)
