"""The processes of an audit: what they are asked, and that they end with it, however it ends."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from risk_stream.audit.controls_log import read_controls
from risk_stream.audit.log import DECISIONS, Bounds, LogError, PartitionBounds, kept_now, partition_bounds
from risk_stream.audit.replay import replay_partition
from risk_stream.audit.span import Span
from risk_stream.audit.task import PartitionResult, Task
from tests.audit.recording import Recording, record
from tests.waiting import wait_for

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


def test_a_killed_audit_leaves_no_process_behind(tmp_path: Path) -> None:
    """Nor would one that the kernel ends for want of memory."""
    script, folder = tmp_path / "audit_job.py", tmp_path / "processes"
    script.write_text(PROGRAM)
    folder.mkdir()
    environment = os.environ | {"PYTHONPATH": f"{Path.cwd()}{os.pathsep}{tmp_path}"}
    audit = subprocess.Popen([sys.executable, str(script), str(folder)], env=environment)
    try:
        wait_for(lambda: len(list(folder.iterdir())) == 2, 60)
        workers = [int(path.name) for path in folder.iterdir()]
        assert all(map(lives, workers))
    finally:
        audit.send_signal(signal.SIGKILL)
        audit.wait()
    wait_for(lambda: not any(map(lives, workers)))


class Trimmed(Recording):
    """A log whose decisions begin later than they did."""

    first = 0

    async def bounds(self, topic: str, partition: int) -> Bounds:
        """From the first that is kept."""
        known = await super().bounds(topic, partition)
        return known._replace(first=self.first) if topic == DECISIONS else known


def test_what_was_deleted_while_a_partition_waited_is_said() -> None:
    """Decisions that went meanwhile were not compared; when all of them did, nothing can be."""
    log = Trimmed(1, topics=record().topics)
    before = asyncio.run(partition_bounds(log, 0))
    assert asyncio.run(kept_now(log, before)) == before
    log.first = before.outputs[DECISIONS].end // 2
    result = asyncio.run(replayed(log, before))
    assert result.not_kept[DECISIONS] > 0
    assert not result.findings
    log.first = before.outputs[DECISIONS].end + 1
    with pytest.raises(LogError, match="retention has deleted it up to"):
        asyncio.run(replayed(log, before))


async def replayed(log: Recording, before: PartitionBounds) -> PartitionResult:
    """As a process does it, whose turn it is now."""
    return await replay_partition(log, await read_controls(log), await kept_now(log, before), Task(Span()))
