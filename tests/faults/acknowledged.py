"""`python -m tests.faults.acknowledged`: does this broker keep the transactions it acknowledged when it is stopped?

Producers write numbered transactions to several topics while the broker is stopped and started again; then every
number that was acknowledged must be readable, once, in every topic. Nothing of the package takes part but the broker:
its version is what is judged. Exit 0 all kept, 3 a finding.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import random
import sys
from collections import Counter

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from risk_stream.broker.embedded import EmbeddedBroker

PRODUCERS = 4
TOPICS = tuple(f"topic-{number}" for number in range(7))
OTHER_TOPICS = 60
"""Partitions that lose and find their leader as well: a stop takes its time, as it does where there are many."""
ANSWER_S = 20.0
UNDER_LOAD_S, DOWN_S, BACK_S = (2.0, 4.0), (0.0, 1.0), (3.0, 5.0)


class Writers:
    """Transactional producers, one a partition, and what was acknowledged to them."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._numbers = [0] * PRODUCERS
        self.acknowledged: set[bytes] = set()

    async def write(self, partition: int, stop: asyncio.Event) -> None:
        """Transactions until told to stop; a new producer after each error."""
        while not stop.is_set():
            producer = self._producer(partition)
            with contextlib.suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(ANSWER_S):
                    await producer.start()
                while not stop.is_set():
                    async with asyncio.timeout(ANSWER_S):
                        await self._one(producer, partition)
            with contextlib.suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(3):
                    await producer.stop()

    async def _one(self, producer: AIOKafkaProducer, partition: int) -> None:
        self._numbers[partition] += 1
        number = b"%d-%d" % (partition, self._numbers[partition])
        await producer.begin_transaction()
        await asyncio.gather(*[await producer.send(topic, number, partition=partition) for topic in TOPICS])
        await producer.commit_transaction()
        self.acknowledged.add(number)

    async def take_over(self) -> None:
        """End whatever the last producers left to the broker."""
        for partition in range(PRODUCERS):
            async with self._producer(partition):
                pass

    def _producer(self, partition: int) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            bootstrap_servers=self._bootstrap, transactional_id=f"writer-{partition}", request_timeout_ms=5000
        )


async def read(bootstrap: str) -> dict[str, Counter[bytes]]:
    """Every committed number of every topic."""
    partitions = [TopicPartition(topic, partition) for topic in TOPICS for partition in range(PRODUCERS)]
    found: dict[str, Counter[bytes]] = {topic: Counter() for topic in TOPICS}
    async with AIOKafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level="read_committed", auto_offset_reset="earliest", group_id=None
    ) as consumer:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        async with asyncio.timeout(60):
            while any([await consumer.position(tp) < ends[tp] for tp in partitions]):
                for tp, records in (await consumer.getmany(timeout_ms=200)).items():
                    found[tp.topic].update(record.value for record in records)
    return found


async def run(rounds: int, kill: bool) -> int:
    """Stop and start the broker so many times; how many findings."""
    findings = 0
    with EmbeddedBroker() as broker:
        admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
        await admin.start()
        names = [*TOPICS, *(f"other-{number}" for number in range(OTHER_TOPICS))]
        await admin.create_topics([NewTopic(name, PRODUCERS, 1) for name in names])
        await admin.close()
        writers = Writers(broker.bootstrap)
        for number in range(1, rounds + 1):
            stop = asyncio.Event()
            tasks = [asyncio.create_task(writers.write(partition, stop)) for partition in range(PRODUCERS)]
            await asyncio.sleep(random.uniform(*UNDER_LOAD_S))
            await asyncio.to_thread(broker.kill if kill else broker.stop)
            await asyncio.sleep(random.uniform(*DOWN_S))
            await asyncio.to_thread(broker.start)
            await asyncio.sleep(random.uniform(*BACK_S))
            stop.set()
            await asyncio.gather(*tasks)
            await writers.take_over()
            found = await read(broker.bootstrap)
            lost = {one for one in writers.acknowledged if any(one not in numbers for numbers in found.values())}
            twice = {one for numbers in found.values() for one, times in numbers.items() if times > 1}
            seen = [set(numbers) for numbers in found.values()]
            torn = set[bytes]().union(*seen) - seen[0].intersection(*seen)
            findings = len(lost) + len(twice) + len(torn)
            print(
                f"round {number}: {len(writers.acknowledged)} transactions acknowledged, {len(lost)} of them lost, "
                f"{len(twice)} repeated, {len(torn)} in some topics only",
                flush=True,
            )
    return findings


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="tests.faults.acknowledged", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="stops of the broker (default: 30)")
    parser.add_argument("--kill", action="store_true", help="kill it instead of asking it to stop")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)  # the clients tell of every attempt to reach a broker that is down
    return 3 if asyncio.run(run(options.rounds, options.kill)) else 0


if __name__ == "__main__":
    sys.exit(main())
