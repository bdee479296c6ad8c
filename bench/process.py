"""A measured process: started with its output kept, its CPU time and memory read from the kernel."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

TICKS = os.sysconf("SC_CLK_TCK")
STOP_TIMEOUT_S = 60
JIT_THREADS = ("C1 CompilerThre", "C2 CompilerThre")
LAST_CHARACTERS = 4000
ROOT = Path(__file__).resolve().parent.parent


def cpu_s_of(pid: int) -> float:
    """CPU seconds a process has used so far, user and system, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def jit_s_of(pid: int) -> float:
    """CPU seconds that the just-in-time compilers of a JVM have used so far."""
    used = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # a thread may end
            name, _, fields = (task / "stat").read_text().rpartition(")")
            if name.partition("(")[2].startswith(JIT_THREADS):
                used += sum(map(int, fields.split()[11:13]))
    return used / TICKS


def rss_mb_of(pid: int) -> float:
    """Resident memory of a process, MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


class Measured:
    """A child process in the folder of this checkout; its output is told when it fails."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._out, self._log = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115  # closed in __exit__
        # Settings of the user's are not ours; where compiled code is kept is the machine's.
        kept = {name: value for name, value in os.environ.items() if not _is_setting(name)}
        self._process = subprocess.Popen(
            command, env={**kept, **environment}, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._log
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self.stop()
        self._out.close()
        self._log.close()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    @property
    def cpu_s(self) -> float:
        """CPU seconds used so far."""
        return cpu_s_of(self._process.pid)

    @property
    def rss_mb(self) -> float:
        """Resident memory, MB."""
        return rss_mb_of(self._process.pid)

    def check(self) -> None:
        """Raise RuntimeError with the end of its output when it is no longer running."""
        if not self.running:
            raise RuntimeError(f"exit code {self._process.returncode}:\n{self.said()[-LAST_CHARACTERS:]}")

    def said(self) -> str:
        """All it wrote so far: its stdout, then its stderr."""
        return self.told() + _read(self._log)

    def told(self) -> str:
        """What it wrote to stdout so far."""
        return _read(self._out)

    def wait(self) -> None:
        """Wait for its own end; RuntimeError when that was none of a healthy process."""
        if self._process.wait(STOP_TIMEOUT_S):
            self.check()

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Ask it to stop, and wait."""
        if self.running:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def _read(file: BinaryIO) -> str:
    # Not by seek(): the process writes on from the same place.
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode(errors="replace")


def _is_setting(name: str) -> bool:
    return name.startswith("RISK_STREAM_") and name != "RISK_STREAM_COMPILED_DIR"
