"""Workers whose topics were made anew or deleted from: rows of another history are not used, what is whole goes on."""

import asyncio
import json
import time

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from risk_stream.kafka.changelog import last_mark
from risk_stream.kafka.range_reader import RangeReader
from tests.faults.admin import TO_THE_END, admin, changelogs, delete, empty
from tests.kafka.harness import DEADLINE_S, PARTITIONS, Cluster, Worker
from tests.waiting import wait_for

pytestmark = pytest.mark.broker


def changelog_of(cluster: Cluster) -> str:
    """The workers' changelog topic."""
    (name,) = asyncio.run(changelogs(cluster.bootstrap, cluster.config().app_id))
    return name


def trim(cluster: Cluster, topic: str, offset: int = TO_THE_END) -> None:
    """Delete the records below an offset, of both partitions."""

    async def run() -> None:
        async with admin(cluster.bootstrap) as client:
            wanted = {TopicPartition(cluster.prefix + topic, n): RecordsToDelete(offset) for n in range(PARTITIONS)}
            await client.delete_records(wanted)

    asyncio.run(run())


def one_order(cluster: Cluster, key: bytes, sent: int) -> dict[str, int]:
    """Send one more order of a portfolio after so many, and wait for its decision."""
    cluster.publish("orders", [(0, key, b"order")])
    return json.loads(cluster.read("decisions", sent + 1)[-1].value)  # type: ignore[no-any-return]


def end_of(cluster: Cluster, topic: str) -> int:
    """The end of partition 0."""

    async def run() -> int:
        tp = TopicPartition(topic, 0)
        async with RangeReader(cluster.config()) as reader:
            return (await reader.bounds([tp]))[tp][1]

    return asyncio.run(run())


def wait_until_saved(cluster: Cluster, *partitions: int) -> None:
    """Until the newest mark of each is of its last step."""
    changelog = changelog_of(cluster)

    async def saved(partition: int) -> bool:
        tp, journal = TopicPartition(changelog, partition), TopicPartition(f"{cluster.prefix}journal", partition)
        async with RangeReader(cluster.config()) as reader:
            bounds = await reader.bounds([tp, journal])
            found = await last_mark(reader, tp, *bounds[tp])
        return found is not None and found[0].mark.journal_next + 1 == bounds[journal][1]

    wait_for(lambda: all(asyncio.run(saved(partition)) for partition in partitions), DEADLINE_S)


def test_an_old_directory_is_not_used_with_a_changelog_made_anew(cluster: Cluster) -> None:
    """It is loaded anew, though the new changelog is longer than the old one was when the directory was written."""
    old = cluster.start("old")
    one_order(cluster, b"P0", 0)
    wait_until_saved(cluster, 0)
    assert old.stop() == 0
    written = end_of(cluster, changelog_of(cluster))
    worker = cluster.start("other")
    for sent in range(1, 4):
        one_order(cluster, b"P0", sent)
    assert worker.stop() == 0
    asyncio.run(delete(cluster.bootstrap, changelog_of(cluster)))
    worker, sent, deadline = cluster.start("other"), 4, time.monotonic() + DEADLINE_S
    one_order(cluster, b"P1", sent)
    while end_of(cluster, changelog_of(cluster)) <= written + 3:
        assert time.monotonic() < deadline
        sent += 1
        one_order(cluster, b"P1", sent)
    assert worker.stop() == 0
    worker = cluster.start("old")
    assert one_order(cluster, b"P0", sent + 1)["n"] == 5
    assert "loaded anew" in worker.log.read_text()


def decided(cluster: Cluster, orders: int) -> Worker:
    """A worker that decided so many orders and stopped, with everything saved."""
    cluster.orders(orders)
    worker = cluster.start()
    cluster.judge(orders)
    wait_until_saved(cluster, *range(PARTITIONS))
    assert worker.stop() == 0
    return worker


def test_a_journal_of_which_nothing_is_kept_goes_on_from_the_rows(cluster: Cluster) -> None:
    """They are of its last step, behind which stood only a transaction marker."""
    decided(cluster, 20)
    trim(cluster, "journal")
    cluster.orders(20, first=20)
    cluster.start()
    assert max(json.loads(record.value)["n"] for record in cluster.read("decisions", 40)) == 3


@pytest.mark.parametrize("offset", [2, TO_THE_END])
def test_a_rebuild_without_the_journals_beginning_says_what_it_needs(cluster: Cluster, offset: int) -> None:
    """Nothing begins anew behind steps that are no longer kept, and the rows on disk stay."""
    worker = decided(cluster, 20)
    trim(cluster, "journal", offset)
    asyncio.run(empty(cluster.bootstrap, changelog_of(cluster), PARTITIONS))
    kept = {path.name for path in worker.data_dir.rglob("*.sst")}
    for _ in range(2):
        worker = cluster.start()
        assert worker.ends() == 1
        assert "journal is kept from" in worker.last_line
        assert "a rebuild needs the journal and both inputs from their first records" in worker.last_line
    assert kept <= {path.name for path in worker.data_dir.rglob("*.sst")}


def test_a_rebuild_without_its_inputs_says_what_it_needs(cluster: Cluster) -> None:
    """The journal's first step handled what is no longer kept."""
    decided(cluster, 20)
    trim(cluster, "orders", 3)
    asyncio.run(empty(cluster.bootstrap, changelog_of(cluster), PARTITIONS))
    worker = cluster.start()
    assert worker.ends() == 1
    assert "does not continue 3: no saved rows can be used, and a rebuild needs" in worker.last_line


@pytest.mark.parametrize("topic", ["orders", "portfolio-values", "controls"])
def test_rows_are_computed_again_where_an_input_was_made_anew(cluster: Cluster, topic: str) -> None:
    """The worker was stopped meanwhile. What stands there now is the same, as a replay of every step shows."""
    decided(cluster, 20)
    asyncio.run(delete(cluster.bootstrap, cluster.prefix + topic))
    cluster.create_topics()
    if topic == "orders":
        cluster.orders(20)
    for sent in (20, 40):
        cluster.orders(20, first=sent)
        worker = cluster.start()
        cluster.judge(sent + 20)
        wait_until_saved(cluster, *range(PARTITIONS))
        assert worker.stop() == 0
        # Once a partition, in the first of these lives.
        assert worker.log.read_text().count("was written from other topics of the names") == PARTITIONS


def test_other_orders_under_the_same_offsets_end_the_worker(cluster: Cluster) -> None:
    """As many as were there before: their decisions would never have been made."""
    decided(cluster, 20)
    asyncio.run(delete(cluster.bootstrap, f"{cluster.prefix}orders"))
    cluster.create_topics()
    cluster.orders(20, first=100)
    worker = cluster.start()
    assert worker.ends() == 1
    assert "replayed to other outputs than it published" in worker.last_line
    assert len(cluster.read("decisions")) == 20
