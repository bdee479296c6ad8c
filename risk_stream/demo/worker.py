"""The worker as a process of its own: start it, wait until it is ready, stop it, kill it, and hear what it said."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

START_TIMEOUT_S = 900.0
"""The first start on a slow machine compiles the engine."""
STOP_TIMEOUT_S = 40.0
POLL_S = 0.1
PROBE_TIMEOUT_S = 2.0
LAST_LINES = 15
COMMAND = (sys.executable, "-m", "risk_stream", "worker")


class WorkerError(Exception):
    """The worker did not do what it should; says what, with its last lines."""


class Worker:
    """One worker. `settings` are RISK_STREAM_ variables by name; those of this process hold where they say nothing."""

    def __init__(self, settings: Mapping[str, object], log: Path, port: int, command: Sequence[str] = COMMAND) -> None:
        self._environment = os.environ | {f"RISK_STREAM_{name.upper()}": str(value) for name, value in settings.items()}
        self._log, self._command = log, command
        self._ready_url = f"http://127.0.0.1:{port}/readyz"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; not ready yet."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,  # Ctrl-C in the terminal reaches only us, and we stop it in order
            )

    async def ready(self, told: Callable[[str | None], None], timeout_s: float = START_TIMEOUT_S) -> None:
        """Wait until it decides; `told` hears what is missing, None before it answers. Raises WorkerError."""
        async with _limit(timeout_s, lambda: self.error(f"The worker was not ready after {timeout_s:g} s.")):
            while (missing := await asyncio.to_thread(self._missing)) != "":
                self.check()
                told(missing)
                await asyncio.sleep(POLL_S)

    def check(self) -> None:
        """Raise WorkerError if it ended although nobody asked it to."""
        if self._process is not None and (code := self._process.poll()) is not None:
            raise self.error(f"The worker ended with exit code {code}.")

    async def stop(self) -> None:
        """A clean stop. Raises WorkerError when it is none."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.send_signal(signal.SIGTERM)
        try:
            code = await asyncio.to_thread(process.wait, STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise self.error(f"The worker did not stop in {STOP_TIMEOUT_S:g} s.") from None
        if code:
            raise self.error(f"The worker stopped with exit code {code}.")

    def kill(self) -> None:
        """kill -9; harmless when it does not run."""
        if self._process is not None:
            process, self._process = self._process, None
            process.kill()
            process.wait()

    def error(self, problem: str) -> WorkerError:
        """The problem, with the last lines of the worker."""
        lines = self._log.read_text("utf-8", "replace").splitlines()[-LAST_LINES:] if self._log.exists() else []
        said = "\n".join(f"  {line}" for line in lines) or "  (nothing)"
        return WorkerError(f"{problem} Its last lines:\n{said}")

    def _missing(self) -> str | None:
        """Why it is not ready, empty when it is, None when it does not answer."""
        try:
            with urllib.request.urlopen(self._ready_url, timeout=PROBE_TIMEOUT_S):
                return ""
        except urllib.error.HTTPError as answer:
            with answer:
                return ", ".join(json.loads(answer.read())["missing"]) or "not ready"
        except OSError:
            return None


class _limit:
    """A time limit whose end is the error that `error` makes."""

    def __init__(self, timeout_s: float, error: Callable[[], Exception]) -> None:
        self._timeout, self._error = asyncio.timeout(timeout_s), error

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: object) -> None:
        try:
            await self._timeout.__aexit__(kind, value, None)
        except TimeoutError:
            raise self._error() from None
