"""A batch made by hand, whose record claims an offset outside of it: brokers do not look at that."""

import asyncio
import struct

from aiokafka.client import AIOKafkaClient
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.util import calc_crc32c

from risk_stream.kafka.record_batch import ATTRIBUTES_AT, CRC_AT, HEADER
from tests.kafka.harness import Cluster

OFFSET_DELTA_AT = HEADER.size + 3
"""Behind its length of one byte, attributes and the difference of timestamps."""


def one_at(delta: int) -> bytes:
    """A batch of one record, `delta` (below 64) behind its base offset."""
    builder = BatchBuilder(1_000, 0, is_transactional=0)
    assert builder.append(timestamp=0, key=None, value=b"set far")
    batch = bytearray(builder._build())
    batch[OFFSET_DELTA_AT] = 2 * delta
    struct.pack_into(">I", batch, CRC_AT, calc_crc32c(memoryview(batch)[ATTRIBUTES_AT:]))
    return bytes(batch)


async def produce(bootstrap: str, topic: str, batch: bytes) -> int:
    """Write it to partition 0; the error code."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    try:
        request = ProduceRequest(None, -1, 10_000, [(topic, [(0, batch)])])
        answer = await client.send(client.cluster.brokers().pop().nodeId, request)
        return int(answer.topics[0][1][0][1])
    finally:
        await client.close()


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
