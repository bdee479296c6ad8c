"""Controls that are refused, by real workers: all are answered, and none stands in the way of those that count."""

import asyncio

import pytest
from aiokafka.producer.message_accumulator import BatchBuilder

from risk_stream.kafka.controls import ANSWERS_MAX
from risk_stream.kafka.record_batch import HEADER
from tests.kafka.by_hand import produce, sealed
from tests.kafka.harness import PARTITIONS, Cluster

pytestmark = pytest.mark.broker


def with_foreign_name(value: bytes) -> bytes:
    """A batch of one record, the name of whose header is no UTF-8."""
    builder = BatchBuilder(1_000, 0, is_transactional=0)
    assert builder.append(timestamp=0, key=None, value=value, headers=[("name", b"x")])
    batch = bytearray(builder._build())
    at = batch.index(b"name", HEADER.size)
    batch[at : at + 4] = b"\xff\xfe\xff\xfe"
    return sealed(batch)


def letters(cluster: Cluster, count: int) -> list[bytes]:
    """What so many dead letters say they come from."""
    return [dict(record.headers)["ce_source"] for record in cluster.read("dead-letters", count)]


def test_no_order_is_decided_at_a_version_between_them(cluster: Cluster) -> None:
    """More of them than a step answers, then one that counts: it does for the first order."""
    refused = 2 * ANSWERS_MAX + 50
    cluster.publish("controls", [*[(0, None, b"bad")] * refused, (0, None, b"set")])
    cluster.orders(20)
    worker = cluster.start()
    assert {decision["controls"] for decision in cluster.judge(20)} == {refused}
    places = [b"%scontrols/0@%d" % (cluster.prefix.encode(), offset) for offset in range(refused)]
    assert letters(cluster, refused) == places
    assert worker.stop() == 0


def test_one_with_a_header_that_cannot_be_read_is_answered(cluster: Cluster) -> None:
    """As it counts where it is not refused; the worker goes on."""
    cluster.publish("controls", [(0, None, b"set")])
    worker = cluster.start()
    for value in (b"set", b"bad"):
        batch = with_foreign_name(value)
        assert asyncio.run(produce(cluster.bootstrap, f"{cluster.prefix}controls", batch)) == 0
    assert len(letters(cluster, 1)) == 1
    cluster.orders(20)
    assert {decision["controls"] for decision in cluster.judge(20)} == {2}
    assert worker.stop() == 0


def test_another_programs_outputs_do_not_stop_a_takeover(cluster: Cluster) -> None:
    """They are the last of every partition, and say nothing, or cannot be read record by record."""
    cluster.orders(20)
    worker = cluster.start()
    cluster.judge(20)
    assert worker.stop() == 0
    cluster.publish("violations", [(number, b"P0", b'{"violation_id":"hello"}') for number in range(PARTITIONS)])
    assert asyncio.run(produce(cluster.bootstrap, f"{cluster.prefix}dead-letters", with_foreign_name(b"{}"))) == 0
    cluster.orders(20, first=20)
    worker = cluster.start()
    cluster.judge(40)
    assert worker.stop() == 0
