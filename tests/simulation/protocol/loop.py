"""An event loop without a clock or sockets: when nothing is ready, time jumps to the next timer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


def in_thread() -> bool:
    """Whether the caller would run in a thread."""
    loop = asyncio.get_running_loop()
    return isinstance(loop, VirtualLoop) and loop.in_thread


class Stuck(Exception):
    """Nothing is ready and no timer is set: whatever is awaited will never come."""


class _Jump:
    """Where asyncio would wait for sockets: move the clock on."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        """No socket is ever ready."""
        if timeout is None:
            raise Stuck
        self._loop.now += timeout
        return []


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs tasks in an order that only they decide: one seed, one history."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.thread_s: Callable[[], float] = float
        """How long a thread takes for the second half of its work."""
        self.in_thread = False
        self._selector = _Jump(self)

    def time(self) -> float:
        """The virtual time, in seconds."""
        return self.now

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        """What would run in a thread runs at once, up to a second half that it returned as a function: that runs
        later, unless the process is gone. Whoever waits for it gets its turn after that."""
        done = self.create_future()
        self.in_thread = True
        try:
            result = func(*args)
        finally:
            self.in_thread = False
        if callable(result):
            timer = self.call_later(self.thread_s(), self._finish, result, done)
            done.add_done_callback(lambda _: timer.cancel())
        else:
            done.set_result(result)
        return done

    def _finish(self, rest: Callable[[], None], done: asyncio.Future[Any]) -> None:
        if not done.cancelled():
            rest()
            done.set_result(None)

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody waits for a socket that would have to be woken."""
