"""The processes of an audit end with it, however it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PROGRAM = """
import asyncio, os, sys
from functools import partial
from pathlib import Path

from risk_stream.audit.log import Bounds, PartitionBounds
from risk_stream.audit.pool import run_partitions
from tests.audit.recording import Recording


class Opened(Recording):
    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass


async def job(log, bounds, progress, *, folder):
    (folder / str(os.getpid())).touch()
    await asyncio.sleep(3600)


if __name__ == "__main__":
    bounds = [PartitionBounds(one, Bounds(0, 0), {}, {}, {}) for one in (0, 1)]
    run_partitions(partial(Opened, 2), bounds, partial(job, folder=Path(sys.argv[1])), 2, lambda _: None)
"""


def lives(process: int) -> bool:
    """Whether it is there and no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Wait for it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_a_killed_audit_leaves_no_process_behind(tmp_path: Path) -> None:
    """Nor would one that the kernel ends for want of memory."""
    script, folder = tmp_path / "audit_job.py", tmp_path / "processes"
    script.write_text(PROGRAM)
    folder.mkdir()
    environment = os.environ | {"PYTHONPATH": f"{Path.cwd()}{os.pathsep}{tmp_path}"}
    audit = subprocess.Popen([sys.executable, str(script), str(folder)], env=environment)
    try:
        assert until(lambda: len(list(folder.iterdir())) == 2)
        workers = [int(path.name) for path in folder.iterdir()]
        assert all(map(lives, workers))
    finally:
        audit.send_signal(signal.SIGKILL)
        audit.wait()
    assert until(lambda: not any(map(lives, workers)))
