"""A command that is run to its end: what it told, and the time and memory that it and all processes below it took."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.process import TICKS, Measured

SAMPLE_S = 0.02
"""Half a dozen processes are a millisecond to read. What is used behind the last sample is missed."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that ended well. `process_mb` is the most that one of its processes ever had resident, `total_mb` the
    most that all had at one moment; memory that a process shares with the one it was forked from counts in both."""

    told: str
    """Its stdout."""
    seconds: float
    cpu_s: float
    process_mb: float
    total_mb: float


def run_to_end(command: Sequence[str], environment: Mapping[str, str]) -> Ran:
    """Run it and watch. RuntimeError with the end of its output unless its exit code is 0."""
    began = time.perf_counter()
    with Measured(command, environment) as process:
        tree = Tree(process.pid)
        while process.running:
            tree.sample()
            time.sleep(SAMPLE_S)
        seconds = time.perf_counter() - began
        process.wait()
        return Ran(process.told(), seconds, tree.cpu_s, tree.process_mb, tree.total_mb)


class Tree:
    """A process and all below it: the most that any sample showed."""

    def __init__(self, root: int) -> None:
        self._root = root
        self.cpu_s = self.process_mb = self.total_mb = 0.0

    def sample(self) -> None:
        """Look at all of them once."""
        cpu_s = total_mb = 0.0
        for pid in _with_all_below(self._root):
            with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
                cpu_s += _cpu_s_with_ended(pid)
                most_mb, now_mb = _resident_mb(pid)
                self.process_mb = max(self.process_mb, most_mb)
                total_mb += now_mb
        self.cpu_s = max(self.cpu_s, cpu_s)
        self.total_mb = max(self.total_mb, total_mb, self.process_mb)  # the latter may have been between two samples


def _with_all_below(pid: int) -> Iterator[int]:
    yield pid
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):
            for child in thread.read_text().split():
                yield from _with_all_below(int(child))


def _cpu_s_with_ended(pid: int) -> float:
    """Its own, and that of children which it has waited for: what a process used is not lost when it ends."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS


def _resident_mb(pid: int) -> tuple[float, float]:
    """The most it ever had, and what it has now; nothing once it has ended."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    most, now = (int(lines.get(name, "0 kB").split()[0]) * 1024 / 1e6 for name in ("VmHWM", "VmRSS"))
    return most, now
