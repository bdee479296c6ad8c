"""`risk-stream demo` end to end: real broker, real worker, every answer compared with the naive model's."""

import json
import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.cli.command import EXECUTABLE, Done
from tests.cli.conftest import Shell
from tests.waiting import wait_for

pytestmark = pytest.mark.broker

FIELDS = [
    "orders", "decisions", "approved", "rejected", "violations", "dead_letters", "orders_per_second", "latency_ms",
    "verified",
]  # fmt: skip


def summary(done: Done) -> dict[str, object]:
    """The last line of stdout, which must be the only one."""
    assert done.code == 0, done.err
    fields: dict[str, object] = done.json
    assert list(fields) == FIELDS
    return fields


def test_a_market_with_a_killed_and_a_restarted_worker(shell: Shell) -> None:
    """Nothing is lost or repeated, and the same seed gives the same answers whatever happens to the worker."""
    size = ("--orders", "600", "--portfolios", "20", "--seed", "5", "--json")
    hurt = summary(shell("demo", *size, "--kill-worker", "--restart-worker"))
    assert hurt["verified"] is True
    assert hurt["orders"] == hurt["decisions"] == 600
    calm = summary(shell("demo", *size))
    same = ("decisions", "approved", "rejected", "violations", "dead_letters", "verified")
    assert {name: hurt[name] for name in same} == {name: calm[name] for name in same}


def test_history(shell: Shell) -> None:
    """Twenty years, quarter by quarter; the topics are gone afterwards."""
    fields = summary(shell("demo", "--scenario", "history", "--orders", "400", "--portfolios", "2", "--json"))
    assert (fields["orders"], fields["verified"]) == (400, True)
    assert json.dumps(fields["latency_ms"]).count("null") == 0


def test_told_to_stop_it_leaves_nothing_behind(shell: Shell, tmp_path: Path) -> None:
    """SIGTERM in mid-flight: exit code 130, and the worker's process is gone."""
    said = tmp_path / "said"
    with said.open("wb") as err:
        demo = subprocess.Popen([EXECUTABLE, "demo"], stderr=err, env=os.environ | shell.env)
    wait_for(lambda: demo.poll() is not None or b"deciding orders" in said.read_bytes(), 240)
    children = psutil.Process(demo.pid).children()
    assert children
    demo.send_signal(signal.SIGTERM)
    assert demo.wait(120) == 130
    assert psutil.wait_procs(children, timeout=60)[1] == []
