"""Ends the process when it hangs: interpreter, event loop, a thread, or a partition with work and without progress."""

import asyncio
import faulthandler
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from risk_stream.kafka.failstop import fail_stop
from risk_stream.kafka.threads import busy_since
from risk_stream.ops.metrics import WorkerMetrics

TICK_S = 0.25


class Watched(Protocol):
    """Something that works in the loop."""

    def stuck_since(self) -> float | None:
        """Loop time of the last progress while there is work, else None."""

    def report(self) -> None:
        """Publish what the metrics should know."""


class Watchdog:
    """A ticker in the loop and a thread beside it: a loop that hangs cannot watch itself.

    Neither runs while a write of the store, which holds the interpreter, hangs on a disk: then faulthandler's thread,
    which needs no interpreter, says where everything stands and ends the process with exit code 1.
    """

    def __init__(self, timeout: float, metrics: WorkerMetrics, watched: Callable[[], Iterable[Watched]]) -> None:
        self._timeout = timeout
        self._metrics = metrics
        self._watched = watched
        self._ticks = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch_loop, name="watchdog", daemon=True)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch the running loop."""
        self._task = asyncio.create_task(self._tick(), name="watchdog")
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._done.set()
        if self._thread.is_alive():
            self._thread.join()  # at once, and it must not arm again what is disarmed here
        faulthandler.cancel_dump_traceback_later()
        if self._task is not None:
            self._task.cancel()

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            asked = loop.time() + TICK_S
            await asyncio.sleep(TICK_S)
            self._ticks += 1
            self._metrics.loop_lag(max(0.0, loop.time() - asked))
            since = busy_since()
            if since is not None and time.monotonic() - since > self._timeout:
                fail_stop(f"a thread has been busy with one thing for {self._timeout:g} s")
            for watched in self._watched():
                watched.report()
                since = watched.stuck_since()
                if since is not None and loop.time() - since > self._timeout:
                    fail_stop(f"no progress for {self._timeout:g} s although something waits for it")

    def _watch_loop(self) -> None:
        seen = -1
        self._await_interpreter()
        while not self._done.wait(self._timeout):
            self._await_interpreter()
            if self._ticks == seen:
                fail_stop(f"the event loop did not run for {self._timeout:g} s")
            seen = self._ticks

    def _await_interpreter(self) -> None:
        # Twice the time, as the thread needs to find a loop that hangs. Said on the real stderr: it writes by itself.
        faulthandler.dump_traceback_later(2 * self._timeout, exit=True, file=sys.__stderr__ or sys.stderr)
