"""A cluster of fake-engine workers on a real broker: start, kill, publish, read back, and judge what was published."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from risk_stream.kafka.config import WorkerConfig
from risk_stream.kafka.connection import Connection
from risk_stream.kafka.journal import beginning, decode, end_after, verify
from risk_stream.kafka.topics import Topics

ROOT = Path(__file__).parents[2]
PARTITIONS = 2
DEADLINE_S = 120.0
EXIT_DEADLINE_S = 100.0
"""Both only end a test that has failed: a machine ten times slower than ours must not."""

FEED_ORDERS = 200

SETTINGS: dict[str, Any] = {
    "partitions": PARTITIONS,
    "metrics_port": -1,
    "session_timeout": 2.0,
    "heartbeat_interval": 0.3,
    "snapshot_interval": 0.2,
    "operation_timeout": 15.0,
    "step_records_max": 50,
}


class Worker:
    """A worker process and what it says."""

    def __init__(self, cluster: "Cluster", name: str, failpoints: str, settings: dict[str, Any]) -> None:
        self.data_dir = cluster.folder / name
        self.log = cluster.folder / f"{name}.log"
        environment = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "RISK_STREAM_ENABLE_FAULT_INJECTION": "yes-in-a-test",
            "RISK_STREAM_FAILPOINTS": failpoints,
        }
        text = json.dumps({**cluster.settings, **settings})
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.kafka.fake_worker", cluster.bootstrap, str(self.data_dir), text],
                stdout=output,
                stderr=output,
                env=environment,
                cwd=ROOT,
            )

    def stop(self) -> int:
        """Ask it to stop in order; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(EXIT_DEADLINE_S)

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait(EXIT_DEADLINE_S)

    def ends(self) -> int:
        """Wait until it ends by itself; its exit code."""
        return self.process.wait(EXIT_DEADLINE_S)

    @property
    def last_line(self) -> str:
        """The last line it wrote."""
        return self.log.read_text().rstrip().rpartition("\n")[2]


@dataclass
class Cluster:
    """Topics of their own on the shared broker, and the workers on them."""

    bootstrap: str
    folder: Path
    prefix: str
    workers: list[Worker] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of every worker of this cluster."""
        return {**SETTINGS, "app_id": self.prefix.rstrip("."), "topic_prefix": self.prefix}

    def config(self, **settings: Any) -> WorkerConfig:
        """The same as a value, for use in the test's own process."""
        return WorkerConfig(Connection(self.bootstrap), self.folder / "own", **{**self.settings, **settings})

    def create_topics(self, partitions: int = PARTITIONS) -> None:
        """Make the catalogue's topics."""

        async def create() -> None:
            async with Topics(Connection(self.bootstrap), self.prefix, partitions) as topics:
                await topics.create()

        asyncio.run(create())

    def start(self, name: str = "worker", failpoints: str = "", **settings: Any) -> Worker:
        """Start a worker process."""
        worker = Worker(self, name, failpoints, settings)
        self.workers.append(worker)
        return worker

    def close(self) -> None:
        """Kill whoever still runs."""
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.kill()

    def publish(self, topic: str, records: Sequence[tuple[int, bytes | None, bytes | None]]) -> None:
        """Send (partition, key, value), in order, and wait for the broker."""

        async def send() -> None:
            async with AIOKafkaProducer(bootstrap_servers=self.bootstrap, linger_ms=5) as producer:
                for partition, key, value in records:
                    await producer.send(self.prefix + topic, value, key, partition)
                await producer.flush()

        asyncio.run(send())

    def orders(self, count: int, first: int = 0, portfolios: int = 7) -> None:
        """Publish orders numbered from `first` on, spread over portfolios and partitions."""
        numbers = range(first, first + count)
        self.publish("orders", [(n % PARTITIONS, b"P%d" % (n % portfolios), b"order-%d" % n) for n in numbers])

    def orders_until_it_ends(self, worker: Worker) -> int:
        """Publish orders as long as the worker lives, so that every point is reached at any speed; how many it were."""
        sent, deadline = 0, time.monotonic() + EXIT_DEADLINE_S
        while worker.process.poll() is None:
            assert time.monotonic() < deadline, f"still running after {sent} orders: {self.last_words()}"
            self.orders(FEED_ORDERS, first=sent)
            sent += FEED_ORDERS
        return sent

    def read(self, topic: str, count: int = 0, partitions: int = PARTITIONS) -> list[Any]:
        """Committed records up to the present end, and on until there are `count` of them."""
        return asyncio.run(self._read(self.prefix + topic, count, partitions))

    async def _read(self, topic: str, count: int, partitions: int) -> list[Any]:
        tps = [TopicPartition(topic, partition) for partition in range(partitions)]
        found: list[Any] = []
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
        )
        async with consumer:
            consumer.assign(tps)
            ends = await consumer.end_offsets(tps)
            deadline = time.monotonic() + DEADLINE_S
            while len(found) < count or any([await consumer.position(tp) < ends[tp] for tp in tps]):
                for records in (await consumer.getmany(*tps, timeout_ms=200)).values():
                    found.extend(records)
                assert time.monotonic() < deadline, f"{len(found)} of {count} in {topic}: {self.last_words()}"
        return sorted(found, key=lambda record: (record.partition, record.offset))

    def last_words(self) -> str:
        """What each worker wrote last, for a failing test."""
        return "; ".join(f"{worker.log.name}: {worker.last_line}" for worker in self.workers)

    def judge(self, orders: int) -> list[dict[str, Any]]:
        """Wait for an answer to every order, then check finality, journal and state; the decisions in offset order."""
        answered = self.read("decisions", orders)
        decisions = [json.loads(record.value) for record in answered]
        assert len(decisions) == orders
        assert max(Counter(decision["decision_id"] for decision in decisions).values()) == 1
        self._judge_state(answered)
        self._judge_journal(answered)
        return decisions

    def _judge_state(self, answered: list[Any]) -> None:
        """The count of a portfolio's orders goes 1, 2, 3, ...: nothing of its state was lost or applied twice."""
        seen: dict[tuple[int, bytes], int] = defaultdict(int)
        for record in answered:
            place = record.partition, record.key
            seen[place] += 1
            assert json.loads(record.value)["n"] == seen[place], f"{place} at {record.offset}"

    def _judge_journal(self, answered: list[Any]) -> None:
        """Steps are contiguous, the chain holds, and what was answered lies inside the ranges, in their order."""
        for partition in range(PARTITIONS):
            steps = [decode(record.value) for record in self.read("journal") if record.partition == partition]
            end = beginning(0, 0)
            for step in steps:
                verify(end, step)
                end = end_after(step)
            mine = [record for record in answered if record.partition == partition]
            offsets = [int(json.loads(record.value)["decision_id"].partition("-")[2]) for record in mine]
            assert offsets == sorted(offsets)
            assert not offsets or offsets[-1] < end.orders_to
