"""`risk-stream handlers run` on a real broker: final violations only, at least once, each handler for itself."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
from aiokafka import AIOKafkaProducer

from risk_stream.broker.probe import free_ports
from tests.cli.command import EXECUTABLE, risk_stream
from tests.cli.conftest import Shell
from tests.conftest import TestBroker
from tests.handlers.receiver import receiver
from tests.handlers.samples import FIELDS
from tests.handlers.toy import install
from tests.waiting import wait_for

pytestmark = pytest.mark.broker

TOKEN = "tok-hunter2"


class Process:
    """`handlers run` with a toy package installed, its settings and its log."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.shell = Shell(bootstrap)
        self.shell.good("topics", "create", "--partitions", "2")
        self.file = folder / "taken"
        self.log = folder / "log"
        (self.port,) = free_ports("127.0.0.1", 1)
        paths = [str(install(folder / "site")), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("RISK_STREAM_")}
        self.env = {
            **clean,
            **self.shell.env,
            "PYTHONPATH": os.pathsep.join(path for path in paths if path),
            "TOY_FILE": str(self.file),
            "RISK_STREAM_APP_ID": self.shell.prefix.rstrip("."),
            "RISK_STREAM_HANDLERS_METRICS_PORT": str(self.port),
            "RISK_STREAM_HANDLER_BACKOFF_MAX_S": "0.05",
            "RISK_STREAM_HANDLER_TIMEOUT_S": "1",
            "RISK_STREAM_HANDLER_ATTEMPTS_MAX": "3",
        }
        self.running: subprocess.Popen[bytes] | None = None

    def start(self, handlers: str, *options: str, **settings: str) -> None:
        """Start it and wait until every handler reads."""
        env = {**self.env, "RISK_STREAM_HANDLERS": handlers, **settings}
        with self.log.open("ab") as log:
            self.running = subprocess.Popen([str(EXECUTABLE), "handlers", "run", *options], env=env, stderr=log)
        wait_for(self._ready, 60)

    def _ready(self) -> bool:
        assert self.running is not None
        assert self.running.poll() is None, self.said
        try:
            self.get("/readyz")
        except (URLError, ConnectionError):
            return False
        return True

    def get(self, path: str) -> str:
        """From its port."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            text: str = answer.read().decode()
        return text

    def stop(self) -> int:
        """In order; its exit code."""
        assert self.running is not None
        self.running.send_signal(signal.SIGTERM)
        return self.running.wait(60)

    @property
    def said(self) -> str:
        """Its log."""
        return self.log.read_text()

    @property
    def taken(self) -> list[str]:
        """What the toy handler has written."""
        return self.file.read_text().split() if self.file.exists() else []

    def put(self, *ids: str, abort: bool = False, raw: bytes | None = None, marks: Sequence[Any] = ()) -> None:
        """Publish violations in a transaction, as a worker would."""

        async def work() -> None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self.shell.bootstrap, transactional_id=f"{self.shell.prefix}test"
            )
            await producer.start()
            try:
                await producer.begin_transaction()
                for number, one in enumerate(ids):
                    value = json.dumps({**FIELDS, "violation_id": one}).encode() if raw is None else raw
                    headers = [("ce_id", one.encode()), *marks]
                    topic = self.shell.prefix + "violations"
                    await producer.send_and_wait(topic, value, b"P1", partition=number % 2, headers=headers)
                await (producer.abort_transaction() if abort else producer.commit_transaction())
            finally:
                await producer.stop()

        asyncio.run(work())


@pytest.fixture
def process(broker: TestBroker, tmp_path: Path) -> Iterator[Process]:
    """Not started yet; does not outlive the test."""
    process = Process(broker.bootstrap, tmp_path)
    yield process
    if process.running is not None and process.running.poll() is None:
        process.running.kill()
        process.running.wait()


def test_committed_violations_are_handled_once_across_a_restart(process: Process) -> None:
    """A new handler starts with now; aborted ones are never seen; a clean restart repeats and loses nothing."""
    process.put("before")
    process.start("to-file")
    process.put("a", "b")
    process.put("never", abort=True)
    process.put("c")
    wait_for(lambda: len(process.taken) >= 3)
    assert process.stop() == 0, process.said
    process.put("d", "e")
    process.start("to-file")
    wait_for(lambda: len(process.taken) >= 5)
    assert process.stop() == 0, process.said
    assert sorted(process.taken) == ["a", "b", "c", "d", "e"]


def test_from_the_beginning(process: Process) -> None:
    """A handler that never ran may start with the first violation kept."""
    process.put("old")
    process.start("to-file", "--from-beginning")
    wait_for(lambda: process.taken == ["old"])


def test_after_a_kill_nothing_is_missing(process: Process) -> None:
    """At least once: repeats are allowed, gaps are not."""
    process.start("to-file")
    process.put(*(f"v{number}" for number in range(50)))
    wait_for(lambda: process.taken)
    assert process.running is not None
    process.running.kill()
    process.running.wait()
    process.put("last")
    process.start("to-file")
    wait_for(lambda: set(process.taken) == {*(f"v{number}" for number in range(50)), "last"}, 60)


def test_a_blocking_handler_holds_up_no_other(process: Process) -> None:
    """The webhook gets everything while another handler blocks its loop for ever; the process still stops in order."""
    with receiver() as server:
        server.answers = [503]
        process.start(
            "blocks,webhook", RISK_STREAM_WEBHOOK_URL=f"{server.url}/secret-path", RISK_STREAM_WEBHOOK_TOKEN=TOKEN
        )
        process.put("a", "b", "c")
        wait_for(lambda: set(server.ids) == {"a", "b", "c"})
        wait_for(lambda: 'handler_violations_total{handler="blocks",outcome="failed"} 3.0' in process.get("/metrics"))
        metrics = process.get("/metrics")
        assert 'handler_violations_total{handler="webhook",outcome="delivered"} 3.0' in metrics
        assert 'handler_attempts_total{handler="webhook",outcome="error"} 1.0' in metrics
        assert process.stop() == 0, process.said
    assert {one.headers["Authorization"] for one in server.posted} == {f"Bearer {TOKEN}"}
    assert "handler blocks: violation a (0@" in process.said
    assert "given up" in process.said
    assert "secret-path" not in process.said
    assert TOKEN not in process.said


def test_a_violation_that_never_goes_through_is_given_up_and_told(process: Process) -> None:
    """After its attempts, with id and place in the log; so is a record that is no violation; the next ones go."""
    process.start("picky")
    process.put("poison-1")
    process.put("x", raw=b"no JSON")
    process.put("y", marks=[("no-value", None)])
    process.put("after")
    wait_for(lambda: process.taken == ["after"])
    metrics = process.get("/metrics")
    assert 'handler_violations_total{handler="picky",outcome="failed"} 1.0' in metrics
    assert 'handler_violations_total{handler="picky",outcome="unreadable"} 2.0' in metrics
    assert "attempt 3 of 3 failed: ValueError: never this one; given up" in process.said
    assert "is no violation" in process.said


def test_two_processes_share_the_partitions(process: Process) -> None:
    """What one leaves when it is stopped the other takes over."""
    process.start("to-file")
    first = process.running
    (process.port,) = free_ports("127.0.0.1", 1)
    process.start("to-file", RISK_STREAM_HANDLERS_METRICS_PORT=str(process.port))
    process.put("a", "b", "c", "d")
    wait_for(lambda: set(process.taken) == {"a", "b", "c", "d"})
    assert first is not None
    first.send_signal(signal.SIGTERM)
    assert first.wait(60) == 0, process.said
    process.put("e", "f")
    wait_for(lambda: set(process.taken) == {"a", "b", "c", "d", "e", "f"})


@pytest.mark.parametrize(
    ("handlers", "said"),
    [
        ("pager", "no handler pager is installed"),
        ("broken", "RuntimeError: no licence"),
        ("webhook", "RISK_STREAM_WEBHOOK_URL is not set"),
        (",", "names none"),
    ],
)
def test_what_cannot_run_is_said_at_once(process: Process, handlers: str, said: str) -> None:
    """Exit code 1 and a sentence, before anything is read."""
    done = subprocess.run(
        [str(EXECUTABLE), "handlers", "run"],
        env={**process.env, "RISK_STREAM_HANDLERS": handlers},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_said(process: Process) -> None:
    """With what to do, and nothing is left open."""
    with socket.create_server(("127.0.0.1", process.port)):
        done = subprocess.run(
            [str(EXECUTABLE), "handlers", "run"], env=process.env, capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 1
    assert f"Error: health and metrics on 127.0.0.1:{process.port}: " in done.stderr
    assert "RISK_STREAM_HANDLERS_METRICS_PORT" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Unclosed" not in done.stderr


def test_without_a_topic_it_says_so(shell: Shell) -> None:
    """It makes none."""
    done = risk_stream("handlers", "run", env={**shell.env, "RISK_STREAM_HANDLERS_METRICS_PORT": "-1"})
    assert done.code == 1
    assert f"There is no topic {shell.prefix}violations" in done.err
    assert "Unclosed" not in done.err


def test_list_shows_what_is_installed_and_what_runs(process: Process) -> None:
    """By name, with the package it is from."""
    rows = json.loads(
        subprocess.run(
            [str(EXECUTABLE), "handlers", "list", "--json"], env=process.env, capture_output=True, check=True
        ).stdout
    )
    by_name = {row["name"]: row for row in rows}
    assert by_name["log"] == {
        "name": "log",
        "enabled": True,
        "source": "built in",
        "target": "risk_stream.handlers.log:create",
    }
    assert by_name["to-file"]["source"] == "toy-handlers"
    assert not by_name["to-file"]["enabled"]
