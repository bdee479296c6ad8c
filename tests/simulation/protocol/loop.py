"""An event loop without a clock or sockets: when nothing is ready, time jumps to the next timer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


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
        self._selector = _Jump(self)

    def time(self) -> float:
        """The virtual time, in seconds."""
        return self.now

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        """What would run in a thread runs at once; whoever waits for it gets its turn later."""
        done = self.create_future()
        done.set_result(func(*args))
        return done

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody waits for a socket that would have to be woken."""
