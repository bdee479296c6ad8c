"""Which process the note in the data folder speaks of, without a Kafka: a process with a broker's command will do."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from risk_stream.broker import daemon


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits, with these arguments at the end of its command."""
    command = [sys.executable, "-c", "import signal; signal.pause()", *arguments]
    with subprocess.Popen(command) as process:
        try:
            yield process
        finally:
            process.kill()


def note(folder: Path, pid: int) -> None:
    """Leave in `folder` what a start leaves, under a clock that has been set since."""
    (folder / "server.properties").touch()
    (folder / "broker.json").write_text(json.dumps({"pid": pid, "started": 1.0, "port": 1, "kafka_version": "4"}))


def test_found_and_stopped_although_the_clock_was_set(tmp_path: Path) -> None:
    """The command says that it is our broker; when it was started plays no part."""
    with running("kafka.Kafka", str(tmp_path / "server.properties")) as process:
        note(tmp_path, process.pid)
        assert daemon.status(tmp_path).pid == process.pid
        assert daemon.stop(tmp_path)
        assert process.wait(10) < 0
    assert not daemon.status(tmp_path).running


def test_others_are_never_signalled(tmp_path: Path) -> None:
    """A recycled process id is not our broker's, even if it is another folder's broker."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "server.properties").touch()
    for arguments in (["kafka.Kafka", str(other / "server.properties")], [str(tmp_path / "server.properties")], []):
        with running(*arguments) as process:
            note(tmp_path, process.pid)
            assert not daemon.status(tmp_path).running
            assert not daemon.stop(tmp_path)
            assert process.poll() is None
