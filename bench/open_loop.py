"""A sender that never waits for answers: order i is due at start + i / rate, whatever became of those before it.

    python -m bench.open_loop BOOTSTRAP TOPIC RATE SECONDS START_NS FIRST PORTFOLIOS

START_NS is a moment of the monotonic clock, which all processes of a machine share; FIRST the first order's number.
Orders are encoded before the start, and sent by librdkafka at its defaults: batches of 5 ms. Prints one JSON line: by
how much the sender itself was late (us, 99th percentile).
"""

import gc
import json
import sys
import time

from confluent_kafka import KafkaError, Message, Producer

from bench.job import peers_job
from bench.shape import Shape, portfolio_id
from bench.stage import PARTITIONS
from risk_stream.messages.murmur2 import partition_of

TICK_S = 0.001
CONNECT_TIMEOUT_S = 30.0
FLUSH_TIMEOUT_S = 30.0


class NotTaken(RuntimeError):
    """The broker did not take an order: no latency of the run is worth telling."""


def send(bootstrap: str, topic: str, rate: int, seconds: int, start_ns: int, first: int, portfolios: int) -> float:
    """Send `rate` x `seconds` orders on schedule; 99th percentile of the sender's own lateness, us."""
    count = rate * seconds
    shape = Shape(count, portfolios, seed=2)
    job = peers_job(shape)
    due = [
        (partition_of(key := portfolio_id(draw.portfolio).encode(), PARTITIONS), key, job.order(numbered))
        for draw in shape.draws()
        if (numbered := draw._replace(number=draw.number + first))
    ]
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "on_delivery": _delivered})
    producer.list_topics(topic, timeout=CONNECT_TIMEOUT_S)
    gc.collect()
    gc.freeze()
    late_us: list[float] = []
    sent = 0
    while sent < count:
        elapsed = (time.monotonic_ns() - start_ns) / 1e9
        until = min(count, int(elapsed * rate)) if elapsed > 0 else 0
        if until > sent:
            late_us.append((elapsed - sent / rate) * 1e6)
        for partition, key, value in due[sent:until]:
            producer.produce(topic, value, key, partition)
        sent = max(sent, until)
        producer.poll(0)
        time.sleep(TICK_S)
    if left := producer.flush(FLUSH_TIMEOUT_S):
        raise NotTaken(f"{left} orders were not acknowledged within {FLUSH_TIMEOUT_S:g} s")
    return sorted(late_us)[int(len(late_us) * 0.99)]


def _delivered(error: KafkaError | None, _: Message) -> None:
    if error is not None:
        raise NotTaken(str(error))


if __name__ == "__main__":
    late_us = send(sys.argv[1], sys.argv[2], *(int(number) for number in sys.argv[3:]))
    print(json.dumps({"late_us_p99": late_us}))
