"""Waiting for decisions ends, with a clear error, when none can come."""

import asyncio
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka.errors import KafkaConnectionError

from risk_stream.cli.demo_failure import said
from risk_stream.cli.failure import CommandError
from risk_stream.demo.place import remove_topics
from risk_stream.demo.watch import Watch
from risk_stream.demo.worker import Worker, WorkerError
from risk_stream.kafka.connection import Connection
from risk_stream.kafka.topics import Topics
from tests.conftest import TestBroker


async def wait_in_vain(connection: Connection, worker: Worker) -> None:
    """Wait for one decision in topics where nobody decides, then remove them."""
    prefix = f"watch-{uuid4().hex[:8]}."
    async with Topics(connection, prefix, 1) as topics:
        await topics.create()
    async with Watch(connection, f"{prefix}decisions", 1, worker) as watch:
        try:
            await watch.until(1, stall_s=1.0)
        finally:
            await remove_topics(connection, prefix)
    async with Topics(connection, prefix, 1) as topics:
        assert {one.partitions for one in await topics.describe()} == {None}


@pytest.mark.broker
@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import signal; print('hello', flush=True); signal.pause()", r"(?s)No decision for 1 s; 0 of 1.*hello"),
        ("raise SystemExit('disk full')", r"(?s)ended with exit code 1.*disk full"),
    ],
)
def test_a_worker_that_does_not_decide(broker: TestBroker, tmp_path: Path, code: str, problem: str) -> None:
    """It is told whether it stalls or is gone, with its last lines."""
    worker = Worker({}, tmp_path / "log", 1, [sys.executable, "-c", code])
    worker.start()
    with pytest.raises(WorkerError, match=problem):
        asyncio.run(wait_in_vain(Connection(broker.bootstrap), worker))
    worker.kill()


def test_errors_of_tasks_side_by_side_become_words() -> None:
    """The worker's failure is the one that is told; what nobody foresaw stays what it is."""
    worker, kafka, bug = WorkerError("it ended"), KafkaConnectionError("gone"), ValueError("bug")
    told = said(ExceptionGroup("tasks", [kafka, ExceptionGroup("more", [worker])]), "host:1")
    assert isinstance(told, CommandError) and told.message == "it ended"
    told = said(kafka, "host:1")
    assert isinstance(told, CommandError) and told.message.startswith("Kafka at host:1: ")
    assert said(bug, "host:1") is bug
