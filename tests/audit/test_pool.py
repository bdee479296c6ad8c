"""The processes of an audit: what they are asked, and that they end with it, however it ends."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from risk_stream.audit.controls_log import read_controls
from risk_stream.audit.log import DECISIONS, Bounds, LogError, PartitionBounds, kept_now, partition_bounds
from risk_stream.audit.replay import replay_partition
from risk_stream.audit.span import Span
from risk_stream.audit.task import PartitionResult, Task
from tests.audit.recording import Recording, record
from tests.waiting import wait_for

OPENED = """
import asyncio, os, sys
from functools import partial
from pathlib import Path

from risk_stream.audit.log import Bounds, LogError, PartitionBounds
from risk_stream.audit.pool import run_partitions
from risk_stream.audit.scratch import ScratchRows
from tests.audit.recording import Recording


class Opened(Recording):
    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass


"""
"""How each program of a test begins."""

PROGRAM = (
    OPENED
    + """
async def job(log, bounds, progress, *, folder):
    (folder / str(os.getpid())).touch()
    await asyncio.sleep(3600)


if __name__ == "__main__":
    bounds = [PartitionBounds(one, Bounds(0, 0), {}, {}, {}) for one in (0, 1)]
    run_partitions(partial(Opened, 2), bounds, partial(job, folder=Path(sys.argv[1])), 2, lambda _: None)
"""
)


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


ENDED = (
    OPENED
    + """
async def job(log, bounds, progress, *, folder, refused):
    if bounds.partition == refused:
        while not list(folder.glob("risk-stream-replay-*/*")):
            pass
        raise LogError("it cannot be read")
    with ScratchRows() as rows:
        rows.put([(b"key", b"value")])
        while True:
            pass


if __name__ == "__main__":
    jobs, refused, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    bounds = [PartitionBounds(one, Bounds(0, 0), {}, {}, {}) for one in range(jobs)]
    run_partitions(partial(Opened, 2), bounds, partial(job, folder=folder, refused=refused), jobs, lambda _: None)
"""
)


@contextmanager
def ended(tmp_path: Path, jobs: int, refused: int = -1) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """An audit that never waits, once it has rows on disk, and the folder of these."""
    script = tmp_path / "ended_job.py"
    script.write_text(ENDED)
    # Not below tmp_path: a socket of the processes lies in it, whose path must be short.
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"PYTHONPATH": f"{Path.cwd()}{os.pathsep}{tmp_path}", "TMPDIR": folder}
        options = [sys.executable, str(script), str(jobs), str(refused), folder]
        audit = subprocess.Popen(options, env=environment, stderr=subprocess.PIPE, text=True)
        try:
            yield audit, Path(folder)
        finally:
            audit.kill()
            audit.communicate()


def scratch(folder: Path) -> list[Path]:
    """What replays have on disk."""
    return list(folder.glob("risk-stream-replay-*"))


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_audit_that_is_told_to_end_leaves_nothing_on_disk(tmp_path: Path, jobs: int, number: signal.Signals) -> None:
    """Although its work never waits for anything."""
    with ended(tmp_path, jobs) as (audit, folder):
        wait_for(lambda: len(scratch(folder)) == jobs, 60)
        audit.send_signal(number)
        assert "KeyboardInterrupt" in audit.communicate(timeout=30)[1]
        wait_for(lambda: not scratch(folder))


def test_a_partition_that_cannot_be_read_ends_the_others(tmp_path: Path) -> None:
    """The error is told at once, not when they are through."""
    with ended(tmp_path, 2, refused=1) as (audit, folder):
        assert "it cannot be read" in audit.communicate(timeout=60)[1]
        assert audit.returncode == 1 and not scratch(folder)


def test_a_process_that_is_killed_is_said(tmp_path: Path) -> None:
    """As the kernel does for want of memory."""
    with ended(tmp_path, 2) as (audit, folder):
        wait_for(lambda: len(scratch(folder)) == 2, 60)
        children = psutil.Process(audit.pid).children(recursive=True)
        victim = next(one for one in children if any("risk-stream-replay-" in file.path for file in one.open_files()))
        victim.kill()
        assert "fewer --jobs need less" in audit.communicate(timeout=30)[1]


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
