"""Transactions that the broker reports as ended, with records that no marker ended."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from risk_stream.kafka.journal import beginning, decode, encode, end_after, next_record
from risk_stream.kafka.producer import PartitionProducer, Write
from risk_stream.kafka.record_batch import batches_of
from risk_stream.messages.packed import Event, pack
from tests.kafka.harness import Cluster

pytestmark = pytest.mark.broker

VERIFIES = "transaction.partition.verification.enable"


@pytest.fixture
def unverified(cluster: Cluster) -> Iterator[None]:
    """A broker that takes transactional records for partitions which its coordinator knows nothing of."""
    asyncio.run(_set(cluster, {VERIFIES: "false"}))
    yield
    asyncio.run(_set(cluster, {VERIFIES: "true"}))


async def _set(cluster: Cluster, configs: dict[str, str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    await admin.start()
    try:
        await admin.alter_configs([ConfigResource(ConfigResourceType.BROKER, "1", configs)])
    finally:
        await admin.close()


@contextlib.asynccontextmanager
async def _owner(cluster: Cluster) -> AsyncIterator[PartitionProducer]:
    producer = PartitionProducer(cluster.config(), 0)
    await producer.start()
    yield producer
    await producer.close()


async def leave_open(cluster: Cluster, *topics: str) -> None:
    """Write the step that would come next to these topics of partition 0, in a transaction nobody knows of."""
    end = beginning(0, 0)
    for record in await asyncio.to_thread(cluster.read, "journal"):
        if record.partition == 0:
            end = end_after(decode(record.value))
    record = next_record(end, (end.values_to, end.values_to + 1), (end.orders_to, end.orders_to + 1), -1, "lost")
    async with _owner(cluster) as owner:
        for name in topics:
            event = {
                "journal": Event(None, encode(record), []),
                "decisions": Event(b"P0", b'{"decision_id":"0-%d","n":0}' % end.orders_to, []),
                "portfolio_risk": Event(b"P0", b'{"inputs":{"value":"0@%d"}}' % end.values_to, []),
                "dead_letters": Event(b"P0", b"bad", [("ce_source", b"risk.orders/0@%d" % end.orders_to)]),
            }[name]
            topic = cluster.prefix + name.replace("_", "-")
            (batch,) = batches_of(pack([event]), 0, 10_000)
            await owner._leaders.send({topic: batch})


@pytest.mark.usefixtures("unverified")
@pytest.mark.parametrize("topics", ["journal decisions portfolio_risk", "journal", "decisions", "dead_letters"])
def test_an_aborted_step_that_was_left_open_is_never_seen(cluster: Cluster, topics: str) -> None:
    """Without a marker of its own it would be committed by the first step that follows, which repeats it."""
    cluster.orders(40)
    worker = cluster.start()
    cluster.judge(40)
    assert worker.stop() == 0
    asyncio.run(leave_open(cluster, *topics.split()))
    cluster.orders(40, first=40)
    worker = cluster.start()
    cluster.judge(80)
    assert worker.stop() == 0
    assert "left open by a transaction that the broker gave up" in worker.log.read_text()


@pytest.mark.usefixtures("unverified")
@pytest.mark.parametrize("topics", ["journal", "decisions", "journal decisions"])
def test_a_committed_step_that_was_seen_in_part_is_completed(cluster: Cluster, topics: str) -> None:
    """The worker writes nothing on top of it and stops; what was seen before stays as it was."""
    cluster.orders(40)
    worker = cluster.start(skips=[cluster.prefix + topic for topic in topics.split()], operation_timeout=3.0)
    assert worker.ends() == 1
    assert re.search(r"(journal|decisions): the last transaction is committed and after 3 s", worker.last_line)
    seen = cluster.read("decisions")
    assert bool(seen) == ("decisions" not in topics)
    cluster.orders(40, first=40)
    worker = cluster.start()
    cluster.judge(80)
    assert worker.stop() == 0
    said = worker.log.read_text()
    assert ("was seen and its record undone" in said) == ("journal" in topics)
    assert ("decisions not seen yet; published now" in said) == ("decisions" in topics)
    kept = {(record.partition, record.offset): record.value for record in cluster.read("decisions")}
    assert all(kept[record.partition, record.offset] == record.value for record in seen)


@pytest.mark.usefixtures("unverified")
@pytest.mark.parametrize(
    ("open_topic", "order"),
    [("journal", 5), ("dead_letters", 0)],
)
def test_a_decision_of_a_step_that_nothing_tells_of_is_a_doubt(cluster: Cluster, open_topic: str, order: int) -> None:
    """It was seen, and its step could neither be completed nor decided again."""
    cluster.orders(41)
    asyncio.run(_write_a_decision(cluster, order))
    asyncio.run(leave_open(cluster, open_topic))
    worker = cluster.start()
    assert worker.ends() == 1
    assert "decisions@0 can be seen, its step is not in the journal" in worker.last_line


async def _write_a_decision(cluster: Cluster, order: int) -> None:
    text = b'{"decision_id":"0-%d","n":1}' % order
    async with _owner(cluster) as owner:
        await owner.transact([Write(cluster.prefix + "decisions", pack([(b"P0", text, [])]))], {}, lambda part: None)
