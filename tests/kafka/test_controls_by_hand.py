"""A batch made by hand, whose record claims an offset outside of it: brokers do not look at that."""

import asyncio

from aiokafka.producer.message_accumulator import BatchBuilder

from risk_stream.kafka.record_batch import HEADER
from tests.kafka.by_hand import produce, sealed
from tests.kafka.harness import Cluster

OFFSET_DELTA_AT = HEADER.size + 3
"""Behind its length of one byte, attributes and the difference of timestamps."""


def one_at(delta: int) -> bytes:
    """A batch of one record, `delta` (below 64) behind its base offset."""
    builder = BatchBuilder(1_000, 0, is_transactional=0)
    assert builder.append(timestamp=0, key=None, value=b"set far")
    batch = bytearray(builder._build())
    batch[OFFSET_DELTA_AT] = 2 * delta
    return sealed(batch)


def test_it_is_passed_over_and_what_follows_counts(cluster: Cluster) -> None:
    """It never was a control: the worker goes on with those behind it."""
    cluster.publish("controls", [(0, None, b"set 0")])
    worker = cluster.start()
    cluster.orders(20)
    cluster.judge(20)
    assert asyncio.run(produce(cluster.bootstrap, f"{cluster.prefix}controls", one_at(5))) == 0
    sent, seen = 20, {0}
    for _ in range(50):
        cluster.orders(1, first=sent)
        sent += 1
        cluster.judge(sent)
    cluster.publish("controls", [(0, None, b"set 2")])
    while 2 not in seen:
        cluster.orders(1, first=sent)
        sent += 1
        seen = {decision["controls"] for decision in cluster.judge(sent)}
    assert seen == {0, 2}
    assert worker.stop() == 0
