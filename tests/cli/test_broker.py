"""`risk-stream broker`: a service that commands start, find and stop."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from risk_stream.broker.probe import free_ports
from tests.cli.command import risk_stream

pytestmark = pytest.mark.broker


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[str]:
    """A data folder over which nothing runs when the test is over."""
    yield str(tmp_path / "data")
    risk_stream("broker", "stop", "--data-dir", str(tmp_path / "data"))


def test_start_find_and_stop(folder: str) -> None:
    """start leaves a broker that status finds, another start leaves alone, and stop ends."""
    port = str(free_ports("127.0.0.1", 1)[0])
    started = risk_stream("broker", "start", "--port", port, "--data-dir", folder, "--json")
    assert started.code == 0, started.err
    assert started.json["ready"]
    assert started.json["bootstrap"] == f"127.0.0.1:{port}"
    assert f"RISK_STREAM_BROKER=127.0.0.1:{port}" in started.err
    assert risk_stream("broker", "status", "--data-dir", folder, "--json").json == started.json
    assert risk_stream("broker", "start", "--port", port, "--data-dir", folder, "--json").json == started.json

    elsewhere = risk_stream("broker", "start", "--data-dir", folder)
    assert elsewhere.code == 1
    assert "Another broker is running over" in elsewhere.err

    taken = risk_stream("broker", "start", "--port", port, "--data-dir", f"{folder}-2")
    assert (taken.code, taken.out) == (1, "")
    assert f"Port {port} on 127.0.0.1 is taken" in taken.err

    stopped = risk_stream("broker", "stop", "--data-dir", folder)
    assert stopped.code == 0
    assert "not running" in stopped.out
    left = started.json["pid"]
    assert not psutil.pid_exists(left) or psutil.Process(left).status() == psutil.STATUS_ZOMBIE


def test_nothing_to_stop_or_find(folder: str) -> None:
    """Stopping nothing is no failure; status answers no with exit code 3."""
    stopped = risk_stream("broker", "stop", "--data-dir", folder)
    assert stopped.code == 0
    assert "no broker was running" in stopped.err
    status = risk_stream("broker", "status", "--data-dir", folder, "--json")
    assert status.code == 3
    assert status.json["running"] is False


def test_note_of_another_process_is_not_believed(folder: str) -> None:
    """A process id that now belongs to another process is neither shown nor signalled."""
    Path(folder).mkdir()
    me = psutil.Process()
    (Path(folder) / "broker.json").write_text(f'{{"pid": {me.pid}, "started": 1.0, "port": 1, "kafka_version": "4"}}')
    assert risk_stream("broker", "status", "--data-dir", folder).code == 3
    assert risk_stream("broker", "stop", "--data-dir", folder).code == 0
    assert me.is_running()
