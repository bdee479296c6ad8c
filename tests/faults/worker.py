"""One real worker process: start it, hurt it, look at it."""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from time import monotonic

POLL_SECONDS = 0.05
STOPPED = (0, -signal.SIGTERM)  # the second when it was told to stop before it had begun
START = ("-c", "from risk_stream.cli.main import main; main()", "worker")
COMPILED = "RISK_STREAM_COMPILED_DIR"  # workers share what was compiled before
CONSENT = {"RISK_STREAM_ENABLE_FAULT_INJECTION": "yes-in-a-test"}


def environment_of(package_root: Path | None) -> dict[str, str]:
    """Our environment without settings of risk_stream; with another copy of the package first on the path."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("RISK_STREAM_") or name == COMPILED
    }
    if package_root is not None:
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(package_root), environment.get("PYTHONPATH")]))
    return environment


class Worker:
    """A `risk-stream worker` with a data directory and a log of its own."""

    def __init__(self, folder: Path, settings: Mapping[str, object], package_root: Path | None = None) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.log = folder / "worker.log"
        self.settings = {"data_dir": self.data_dir, **settings}
        self.package_root = package_root
        self.process: subprocess.Popen[bytes] | None = None
        self.exit_codes: list[int] = []
        self._began = 0  # characters of the log before the present start
        atexit.register(self.kill)  # whatever becomes of the harness, no worker outlives it

    def start(self, failpoints: str = "", prefix: tuple[str, ...] = (), **changes: object) -> None:
        """Start the process; `prefix` is a command that runs it, `changes` are settings of this start alone."""
        self.folder.mkdir(parents=True, exist_ok=True)
        environment = environment_of(self.package_root)
        environment |= {f"RISK_STREAM_{name.upper()}": str(value) for name, value in (self.settings | changes).items()}
        if failpoints:
            environment |= CONSENT | {"RISK_STREAM_FAILPOINTS": failpoints}
        self._began = len(self.said())
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*prefix, sys.executable, *START], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                cwd=self.package_root or Path.cwd(), start_new_session=True,
            )  # fmt: skip

    @property
    def running(self) -> bool:
        """Whether the process lives, stopped or not."""
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        """The process id."""
        assert self.process is not None
        return self.process.pid

    def signal(self, number: signal.Signals) -> None:
        """Send a signal if the process lives."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is None:
            return
        self.signal(signal.SIGKILL)
        self._gone(self.process.wait())

    async def exited(self, timeout: float) -> int | None:
        """Its exit code once it has ended by itself; None when it has not in time."""
        deadline = monotonic() + timeout
        while self.process is not None and monotonic() < deadline:
            code = self.process.poll()
            if code is not None:
                self._gone(code)
                return code
            await asyncio.sleep(POLL_SECONDS)
        return None

    async def stop(self, timeout: float = 60.0) -> int:
        """Ask it to stop in order; killed, with exit code -9, when it does not."""
        if self.process is None:
            return self.exit_codes[-1] if self.exit_codes else 0
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        code = await self.exited(timeout)
        if code is None:
            self.kill()
            return -signal.SIGKILL
        return code

    def _gone(self, code: int) -> None:
        self.exit_codes.append(code)
        self.process = None

    def said(self) -> str:
        """Everything it wrote."""
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    async def decides(self, timeout: float = 45.0) -> bool:
        """Wait until the process that runs now has taken a partition over."""
        deadline = monotonic() + timeout
        while "deciding from step" not in self.said()[self._began :]:
            if monotonic() > deadline or not self.running:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True

    def last_line(self) -> str:
        """Its last line."""
        lines = self.said().strip().splitlines()
        return lines[-1] if lines else ""

    def memory_bytes(self) -> int:
        """Resident memory; 0 when it does not run."""
        if not self.running:
            return 0
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def handles(self) -> int:
        """Open file handles; 0 when it does not run."""
        return len(os.listdir(f"/proc/{self.pid}/fd")) if self.running else 0
