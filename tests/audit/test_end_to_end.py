"""The audit commands over a real worker's log on a real broker, one kill included."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from risk_stream.audit.log import CONTROLS, DECISIONS, ORDERS, VALUES
from risk_stream.kafka.connection import Connection
from risk_stream.kafka.recorded_log import KafkaLog
from risk_stream.kafka.topics import Topics
from risk_stream.messages.murmur2 import partition_of
from tests.audit.recording import LIMITS, limit_message, traffic
from tests.conftest import TestBroker
from tests.waiting import wait_for

PARTITIONS = 2
DECIDED_WITHIN_S = 240.0
MAIN = "from risk_stream.cli.main import main; main()"

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600)]


class Place:
    """A cluster's topics of our own, a worker on them, and the commands."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.bootstrap, self.folder = bootstrap, folder
        self.prefix = f"audit-{uuid.uuid4().hex[:8]}."
        self.worker: subprocess.Popen[bytes] | None = None
        asyncio.run(self._create())

    async def _create(self) -> None:
        async with Topics(Connection(self.bootstrap), self.prefix, PARTITIONS) as topics:
            await topics.create()

    def environment(self) -> Mapping[str, str]:
        """Ours, without settings but where compiled code lies."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("RISK_STREAM_") or k.endswith("COMPILED_DIR")}
        return {
            **kept,
            "RISK_STREAM_BROKER": self.bootstrap,
            "RISK_STREAM_TOPIC_PREFIX": self.prefix,
            "RISK_STREAM_APP_ID": self.prefix.rstrip("."),
            "RISK_STREAM_DATA_DIR": str(self.folder / "data"),
            "RISK_STREAM_METRICS_PORT": "-1",
            "RISK_STREAM_PARTITIONS": str(PARTITIONS),
            "RISK_STREAM_GROUP_INSTANCE_ID": "one",
        }

    def run(self, *arguments: str) -> tuple[int, str]:
        """A command's exit code and stdout."""
        done = subprocess.run(
            [sys.executable, "-c", MAIN, *arguments], env=self.environment(), stdout=subprocess.PIPE, text=True
        )
        return done.returncode, done.stdout

    def start(self) -> None:
        """Start the worker."""
        with (self.folder / "worker.log").open("ab") as log:
            self.worker = subprocess.Popen([sys.executable, "-c", MAIN, "worker"], env=self.environment(), stderr=log)

    def stop(self, number: int) -> None:
        """Send the worker a signal and wait for its end."""
        if self.worker is not None:
            self.worker.send_signal(number)
            self.worker.wait()
            self.worker = None

    def send(self, records: Sequence[tuple[str, bytes | None, bytes]]) -> None:
        """Publish (topic, key, value)."""

        async def work() -> None:
            async with AIOKafkaProducer(bootstrap_servers=self.bootstrap, linger_ms=5) as producer:
                for topic, key, value in records:
                    partition = partition_of(key, PARTITIONS) if key is not None else 0
                    await producer.send(self.prefix + topic, value, key, partition)
                await producer.flush()

        asyncio.run(work())

    def decided(self, orders: int) -> bool:
        """Whether there are so many decisions; fails when the worker has ended."""
        assert self.worker is not None and self.worker.poll() is None, (self.folder / "worker.log").read_text()[-2000:]
        return len(self.decisions()) >= orders

    def decisions(self) -> list[bytes | None]:
        """All decisions."""

        async def work() -> list[bytes | None]:
            found: list[bytes | None] = []
            async with KafkaLog(Connection(self.bootstrap), self.prefix) as log:
                for partition in range(PARTITIONS):
                    bounds = await log.bounds(DECISIONS, partition)
                    async for part in log.records(DECISIONS, partition, bounds.first, bounds.end):
                        found += part.packed.values.as_list()
            return found

        return asyncio.run(work())


@pytest.fixture
def place(broker: TestBroker, tmp_path: Path) -> Iterator[Place]:
    """Topics and a worker that does not outlive the test."""
    place = Place(broker.bootstrap, tmp_path)
    yield place
    place.stop(signal.SIGKILL)


def test_a_real_log_is_proven_archived_and_a_forged_decision_found(place: Place, tmp_path: Path) -> None:
    """Identical beside the live worker, from the archive and with an anchored head; then one decision is doubled."""
    flow = [(topic, key, value) for topic, key, value, _ in traffic(600, 3, 10)]
    orders = [sum(topic == ORDERS and value != b"{" for topic, _, value in part) for part in (flow[:400], flow)]
    place.send([(CONTROLS, None, limit_message(**limit)) for limit in LIMITS])
    place.send(flow[:400])
    place.start()
    wait_for(lambda: place.decided(orders[0]), DECIDED_WITHIN_S)
    place.stop(signal.SIGKILL)
    place.start()
    place.send(flow[400:])
    wait_for(lambda: place.decided(orders[1]), DECIDED_WITHIN_S)

    code, out = place.run("replay", "--json", "--report", str(tmp_path / "report.html"))
    report = json.loads(out)
    assert code == 0 and report["identical"], out
    assert sum(one["published"][DECISIONS] for one in report["partitions"]) == orders[1]
    assert "Replay: identical" in (tmp_path / "report.html").read_text("utf-8")

    code, out = place.run("head")
    (tmp_path / "head.json").write_text(out)
    code, out = place.run("archive", str(tmp_path / "archive"), "--state", "--json")
    assert code == 0 and len(json.loads(out)["state"]["states"]) == PARTITIONS, out
    assert place.run("replay", "--archive", str(tmp_path / "archive"), "--head", str(tmp_path / "head.json"))[0] == 0
    later = ("--from", "2100-01-01T00:00:00Z", "--json")
    code, out = place.run("replay", "--archive", str(tmp_path / "archive"), *later)
    assert code == 0 and all(one["started_from"]["segment"] == 1 for one in json.loads(out)["partitions"]), out
    key = next(key for topic, key, _ in flow if topic == VALUES)
    code, out = place.run("as-of", "--at", "2100-01-01T00:00:00Z", "--portfolio", key.decode(), "--json")
    assert code == 0 and json.loads(out)["portfolio"]["total_value"] is not None

    forged = next(value for value in place.decisions() if value is not None)
    name = json.loads(forged)["portfolio_id"]
    place.send([(DECISIONS, name.encode(), forged)])
    code, out = place.run("replay", "--json")
    findings = [finding for one in json.loads(out)["partitions"] for finding in one["findings"]]
    assert code == 3 and [one["kind"] for one in findings] == ["DUPLICATED"]
    assert findings[0]["subject"] == json.loads(forged)["decision_id"]
    place.stop(signal.SIGTERM)
