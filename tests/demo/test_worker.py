"""The worker's process as the demo holds it: every way it can fail is told, with its last lines."""

import asyncio
import sys
from pathlib import Path

import pytest

from risk_stream.broker.config import HOST
from risk_stream.broker.probe import free_ports
from risk_stream.demo.worker import Worker, WorkerError


def worker(folder: Path, code: str) -> Worker:
    """A process that runs some Python instead of the worker."""
    [port] = free_ports(HOST, 1)
    return Worker({"data_dir": folder}, folder / "log", port, [sys.executable, "-c", code])


def test_one_that_ends_is_told(tmp_path: Path) -> None:
    """Its exit code and last words."""
    failing = worker(tmp_path, "import sys; sys.exit('topics are missing')")
    failing.start()
    with pytest.raises(WorkerError, match=r"(?s)ended with exit code 1.*topics are missing"):
        asyncio.run(failing.ready(lambda _: None))


def test_one_that_is_never_ready_is_told(tmp_path: Path) -> None:
    """After the time it was given."""
    silent = worker(tmp_path, "import signal; signal.pause()")
    silent.start()
    heard: list[str | None] = []
    with pytest.raises(WorkerError, match=r"(?s)not ready after 0\.5 s.*nothing"):
        asyncio.run(silent.ready(heard.append, 0.5))
    assert heard and set(heard) == {None}
    silent.kill()


def test_a_stop_that_is_not_clean_is_told(tmp_path: Path) -> None:
    """SIGTERM ends plain Python with a signal: that is no clean stop."""
    rough = worker(tmp_path, "import signal; signal.pause()")
    rough.start()
    with pytest.raises(WorkerError, match="stopped with exit code -15"):
        asyncio.run(rough.stop())
    asyncio.run(rough.stop())  # and then there is nothing to stop
