"""A worker on a real broker: every order is decided once, whatever stops the worker and however it starts again."""

import asyncio
import re
import shutil
import time
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from risk_stream.kafka.producer import PartitionProducer
from risk_stream.state.save_chunks import VERSION
from tests.faults.admin import configure
from tests.kafka.harness import DEADLINE_S, Cluster
from tests.waiting import wait_for

pytestmark = pytest.mark.broker


def test_a_worker_decides_stops_cleanly_and_goes_on(cluster: Cluster) -> None:
    """Orders, values, poison; a clean stop with exit code 0; the second run continues where the first ended."""
    cluster.publish("portfolio-values", [(0, b"P0", b"100")])
    cluster.orders(200)
    cluster.publish("orders", [(0, None, b"no key"), (1, b"P1", b"poison")])
    worker = cluster.start()
    decisions = cluster.judge(200)
    assert decisions[0]["controls"] == -1
    assert worker.stop() == 0
    cluster.orders(200, first=200)
    cluster.start()
    cluster.judge(400)
    letters = cluster.read("dead-letters")
    assert [(letter.partition, letter.key, letter.value) for letter in letters] == [
        (0, None, b"no key"),
        (1, b"P1", b"poison"),
    ]


def test_controls_are_read_before_the_first_decision_and_followed(cluster: Cluster) -> None:
    """The whole log counts from the first order on; a later control counts from then on."""
    cluster.publish("controls", [(0, None, b"set %d" % number) for number in range(40)])
    cluster.orders(20)
    cluster.start()
    assert {decision["controls"] for decision in cluster.judge(20)} == {39}
    cluster.publish("controls", [(0, None, b"set 40")])
    sent, deadline = 20, time.monotonic() + DEADLINE_S
    while {decision["controls"] for decision in cluster.judge(sent)} == {39}:
        assert time.monotonic() < deadline
        cluster.orders(2, first=sent)
        sent += 2


def test_a_refused_control_is_answered_once(cluster: Cluster) -> None:
    """With no order flowing, and never again after restarts: what was answered is on the journal."""
    cluster.publish("controls", [(0, b"k", b"bad one"), (0, None, b"good"), (0, None, b"bad two")])
    worker = cluster.start()
    letters = cluster.read("dead-letters", 2)
    assert worker.stop() == 0
    cluster.start()
    cluster.publish("controls", [(0, None, b"bad three")])
    letters = cluster.read("dead-letters", 3)
    assert [(letter.partition, letter.value) for letter in letters] == [
        (0, b"bad one"),
        (0, b"bad two"),
        (0, b"bad three"),
    ]
    headers = dict(letters[0].headers)
    assert headers["reason"] == b"INVALID_CONTROL"
    assert headers["source"] == f"{cluster.prefix}controls/0@0".encode()


def test_orders_wait_for_older_values(cluster: Cluster) -> None:
    """After an outage the values that were published before an order are handled before it."""
    cluster.publish("portfolio-values", [(0, b"P0", b"%d" % number) for number in range(3_000)])
    cluster.publish("orders", [(0, b"P0", b"first")])
    cluster.publish("portfolio-values", [(0, b"P0", b"%d" % number) for number in range(3_000, 3_100)])
    cluster.publish("orders", [(0, b"P0", b"second")])
    cluster.start()
    first, second = cluster.judge(2)
    assert first["value"] >= 2_999
    assert second["value"] == 3_099


KILLED_AT = [
    "step.after_produce:12",
    "step.after_offsets:7",
    "step.after_commit:15",
    "snapshot.after_produce:2",
    "snapshot.after_commit:3",
    "snapshot.after_store:2",
]


@pytest.mark.parametrize("point", KILLED_AT)
def test_a_kill_loses_and_repeats_nothing(cluster: Cluster, point: str) -> None:
    """SIGKILL at a named point; the restarted worker goes on as if nothing had been."""
    first = cluster.start(failpoints=point, instance_id="one")
    sent = cluster.orders_until_it_ends(first)
    assert first.ends() == -9
    cluster.start(instance_id="one")
    cluster.judge(sent)


@pytest.mark.parametrize("point", ["takeover.after_fence", "takeover.after_seek"])
def test_a_kill_during_a_takeover_does_no_harm(cluster: Cluster, point: str) -> None:
    """The next take-over starts over."""
    cluster.orders(300)
    first = cluster.start(instance_id="one")
    cluster.read("decisions", 100)
    first.kill()
    assert cluster.start(instance_id="one", failpoints=point).ends() == -9
    cluster.start(instance_id="one")
    cluster.judge(300)


def stopped_after(cluster: Cluster, orders: int) -> Path:
    """Let a worker decide some orders and stop; its table directory."""
    cluster.orders(orders)
    worker = cluster.start()
    cluster.judge(orders)
    assert worker.stop() == 0
    return next(worker.data_dir.rglob("*-0.db")).parent


def test_a_damaged_directory_is_set_aside_and_rebuilt(cluster: Cluster) -> None:
    """From the changelog, with every count right."""
    tables = stopped_after(cluster, 300)
    manifest = next((next(tables.glob("*-0.db"))).glob("MANIFEST-*"))
    manifest.write_bytes(b"damaged")
    cluster.orders(100, first=300)
    cluster.start()
    cluster.judge(400)
    assert [path.name for path in tables.glob("*.damaged-*")] == [f"portfolios-v{VERSION}-0.db.damaged-1"]


def test_a_lost_directory_is_rebuilt_from_the_changelog(cluster: Cluster) -> None:
    """All rows come back in bulk."""
    shutil.rmtree(stopped_after(cluster, 300))
    cluster.orders(100, first=300)
    worker = cluster.start()
    cluster.judge(400)
    assert "rebuilding" not in worker.log.read_text()


def test_rows_of_another_worker_are_caught_up(cluster: Cluster) -> None:
    """A worker whose directory is old reads what the changelog has beyond it."""
    stopped_after(cluster, 200)
    cluster.orders(200, first=200)
    other = cluster.start("other")
    cluster.judge(400)
    assert other.stop() == 0
    cluster.orders(200, first=400)
    cluster.start()
    cluster.judge(600)


def test_two_workers_share_the_partitions(cluster: Cluster) -> None:
    """A second worker joins, the first leaves: every take-over continues the state of the other."""
    cluster.orders(400)
    first = cluster.start("first")
    cluster.read("decisions", 50)
    second = cluster.start("second")
    cluster.orders(1_000, first=400)
    cluster.judge(1_400)
    assert first.stop() == 0
    cluster.orders(300, first=1_400)
    cluster.judge(1_700)
    assert second.stop() == 0


@pytest.mark.parametrize("moment", ["Revoking previously assigned partitions", "(Re-)joining group", "Joined group"])
def test_a_stop_while_the_group_rebalances_is_clean(cluster: Cluster, moment: str) -> None:
    """Told to stop at any moment of a rebalance, a worker ends with exit code 0, and the other goes on."""
    cluster.orders(100)
    first = cluster.start("first")
    cluster.judge(100)
    before = first.log.read_text().count(moment)
    second = cluster.start("second")
    wait_for(lambda: first.log.read_text().count(moment) > before, DEADLINE_S)
    assert first.stop() == 0, first.last_line
    cluster.orders(100, first=100)
    cluster.judge(200)
    assert second.stop() == 0, second.last_line


def test_a_standby_keeps_a_warm_copy(cluster: Cluster) -> None:
    """When the owner stops, the standby goes on from its copy."""
    cluster.orders(200)
    first = cluster.start("first", standby_replicas=1)
    cluster.read("decisions", 50)
    cluster.start("second", standby_replicas=1)
    cluster.orders(400, first=200)
    cluster.judge(600)
    first.kill()
    cluster.orders(200, first=600)
    cluster.judge(800)


def test_another_owner_fences_the_worker(cluster: Cluster) -> None:
    """Whoever takes the transactional id stops the worker: it exits with an error and writes nothing more."""
    cluster.orders(50)
    worker = cluster.start()
    cluster.judge(50)

    async def take_the_id() -> None:
        producer = PartitionProducer(cluster.config(), 0)
        await producer.start()
        await producer.close()

    asyncio.run(take_the_id())
    cluster.publish("orders", [(0, b"P0", b"late")])
    assert worker.ends() == 1
    assert "stopped: partition 0: fenced" in worker.last_line
    assert len(cluster.read("decisions")) == 50
    cluster.start()
    cluster.judge(51)


def test_a_replay_with_other_outputs_stops_the_worker(cluster: Cluster) -> None:
    """When the journal is replayed to something else than was published, nobody decides on."""
    cluster.orders(20)
    worker = cluster.start(snapshot_interval=60.0)
    cluster.judge(20)
    worker.kill()
    other = cluster.start("other", salt="another engine")
    assert other.ends() == 1
    assert "replayed to other outputs" in other.last_line


def test_another_partition_count_is_refused(cluster: Cluster) -> None:
    """A worker set for more partitions than there are decides nothing."""
    worker = cluster.start(partitions=3)
    assert worker.ends() == 1
    assert "partition count" in worker.last_line


def test_a_gzip_bomb_is_one_dead_letter(cluster: Cluster) -> None:
    """120 MiB in 120 KiB: one answer for its three offsets, its neighbours are decided, and recovery reads the same."""

    async def explode() -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=cluster.bootstrap, compression_type="gzip", max_batch_size=1 << 28
        )
        async with producer:
            batch = producer.create_batch()
            for _ in range(3):
                batch.append(key=b"P0", value=b" " * (40 << 20), timestamp=None)
            await (await producer.send_batch(batch, f"{cluster.prefix}orders", partition=0))

    cluster.orders(20)
    asyncio.run(explode())
    cluster.orders(20, first=20)
    worker = cluster.start()
    cluster.judge(40)
    assert worker.stop() == 0
    shutil.rmtree(worker.data_dir)
    cluster.orders(20, first=40)
    cluster.start()
    cluster.judge(60)
    (letter,) = cluster.read("dead-letters")
    assert (letter.key, letter.value[:28]) == (None, b"offsets 10 to 12 not read: i")


def test_a_batch_too_large_is_refused_in_words(cluster: Cluster) -> None:
    """The last line names topic, size, setting and next step; with the setting put right, nothing is lost."""
    cluster.orders(20)
    asyncio.run(configure(cluster.bootstrap, f"{cluster.prefix}decisions", {"max.message.bytes": "100"}))
    worker = cluster.start()
    assert worker.ends() == 1
    said = re.search(
        r"(\S+): the broker refused a batch of (\d+) bytes.* max.message.bytes of (\S+) ", worker.last_line
    )
    assert said is not None, worker.last_line
    assert said[1] == said[3] == f"{cluster.prefix}decisions"
    assert 100 < int(said[2]) < 10_000
    assert worker.last_line.endswith("then start the worker again")
    asyncio.run(configure(cluster.bootstrap, f"{cluster.prefix}decisions", {}))
    cluster.start()
    cluster.judge(20)


def test_missing_topics_are_named(cluster: Cluster) -> None:
    """The last line says what to do."""
    worker = cluster.start(topic_prefix=f"{cluster.prefix}elsewhere.")
    assert worker.ends() == 1
    assert "risk-stream topics create" in worker.last_line


def test_committed_offsets_reach_the_end_over_transaction_markers(cluster: Cluster) -> None:
    """An upstream producer with transactions, an aborted one first, leaves no lag behind."""

    async def send() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=cluster.bootstrap, transactional_id=f"{cluster.prefix}up")
        async with producer:
            for number, good in enumerate((False, True, False)):
                await producer.begin_transaction()
                await producer.send_and_wait(f"{cluster.prefix}orders", b"order-%d" % number, b"P0", 0)
                await (producer.commit_transaction() if good else producer.abort_transaction())

    async def lag() -> int:
        orders = TopicPartition(f"{cluster.prefix}orders", 0)
        consumer = AIOKafkaConsumer(bootstrap_servers=cluster.bootstrap, group_id=cluster.config().app_id)
        async with consumer:
            consumer.assign([orders])
            end = (await consumer.end_offsets([orders]))[orders]
            return int(end - (await consumer.committed(orders) or 0))

    asyncio.run(send())
    worker = cluster.start(snapshot_interval=0.1)
    cluster.judge(1)
    wait_for(lambda: asyncio.run(lag()) == 0, DEADLINE_S)
    assert worker.stop() == 0
