"""One call of a handler, isolated: whatever its code does, the loop that reads violations goes on.

An `async def` handler runs on an event loop in a thread of its own, so that one that blocks its loop blocks only
itself; a plain one runs in a thread for each call, at most `calls_max` at once. Python cannot end a thread: a call that
is timed out is left behind and counts until it really ends, so that no handler has more than `calls_max` calls alive,
ever. The threads are daemons, as those of an executor are not: one that is stuck must not keep the process from ending.
A handler that holds the interpreter's lock (a C extension that does not let go) can slow the other handlers of this
process, never a worker.
"""

import asyncio
import inspect
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any

from risk_stream.handlers.plug_ins import Handler
from risk_stream.handlers.published import PublishedViolation

Outcome = Future[None]


class Stuck(Exception):
    """As many calls as may run at once were timed out and have not ended yet."""


class CallFailed(Exception):
    """The handler tried to end the process, or a method that must be one sort is another."""


class Caller:
    """Calls one handler from the main loop."""

    def __init__(self, name: str, handler: Handler, calls_max: int, timeout_s: float) -> None:
        self._name = name
        self._handler = handler
        self._calls_max = calls_max
        self._timeout_s = timeout_s
        self._alive: set[Outcome] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def alive(self) -> int:
        """Calls that have not ended, those left behind included."""
        return len(self._alive)

    async def start(self) -> None:
        """Call the handler's `start`, if it has one. Raises what it raises, or TimeoutError."""
        await self._call_if_there("start")

    async def close(self) -> None:
        """Call its `close`; what is still alive then is left to the end of the process."""
        try:
            await self._call_if_there("close")
        finally:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._loop.stop)

    async def handle(self, violation: PublishedViolation) -> None:
        """One call. Raises what the handler raises, TimeoutError, or Stuck without calling."""
        if len(self._alive) >= self._calls_max:
            raise Stuck(f"{len(self._alive)} calls were timed out and have not ended")
        await self._call(self._handler.handle, violation)

    async def _call_if_there(self, name: str) -> None:
        method = getattr(self._handler, name, None)
        if method is not None:
            await self._call(method)

    async def _call(self, method: Callable[..., Any], *arguments: Any) -> None:
        outcome: Outcome = Future()
        self._alive.add(outcome)
        if inspect.iscoroutinefunction(method):
            loop = self._own_loop()
            loop.call_soon_threadsafe(self._begin_task, loop, outcome, method, arguments)
        else:
            self._begin_thread(outcome, method, arguments)
        async with asyncio.timeout(self._timeout_s):
            await asyncio.wrap_future(outcome)  # cancelled by the timeout, which cancels the task (_begin_task)

    def _begin_thread(self, outcome: Outcome, method: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        name = f"handler-{self._name}-call"
        thread = threading.Thread(target=self._run, args=(outcome, method, arguments), name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system has no thread left
            self._alive.discard(outcome)
            raise

    def _own_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=_run_loop, args=(self._loop,), name=f"handler-{self._name}", daemon=True).start()
        return self._loop

    def _begin_task(
        self, loop: asyncio.AbstractEventLoop, outcome: Outcome, method: Callable[..., Any], arguments: tuple[Any, ...]
    ) -> None:
        if outcome.cancelled():  # timed out before its loop had a moment for it
            self._alive.discard(outcome)
            return
        task = loop.create_task(_guarded(method, arguments))

        def cancel(_: Outcome) -> None:
            if outcome.cancelled():
                with suppress(RuntimeError):  # its loop is closed
                    loop.call_soon_threadsafe(task.cancel)

        def ended(_: "asyncio.Task[None]") -> None:
            error = asyncio.CancelledError() if task.cancelled() else task.exception()
            self._ended(outcome, error)

        task.add_done_callback(ended)
        outcome.add_done_callback(cancel)

    def _run(self, outcome: Outcome, method: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        try:
            answer = method(*arguments)
            if inspect.isawaitable(answer):
                raise CallFailed("it returned an awaitable: it must be an `async def`, or return when it is done")
        except BaseException as error:
            self._ended(outcome, _tamed(error))
        else:
            self._ended(outcome, None)

    def _ended(self, outcome: Outcome, error: BaseException | None) -> None:
        """In the handler's thread; `set` operations are atomic."""
        self._alive.discard(outcome)
        with suppress(InvalidStateError):  # timed out meanwhile
            if error is None:
                outcome.set_result(None)
            else:
                outcome.set_exception(error)


async def _guarded(method: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        await method(*arguments)
    except (SystemExit, KeyboardInterrupt, GeneratorExit) as error:  # they would end the loop
        raise _tamed(error) from error


def _tamed(error: BaseException) -> BaseException:
    """Exceptions as they are; a SystemExit and its like as one, so that they end nothing here."""
    return error if isinstance(error, Exception) else CallFailed(f"it raised {type(error).__name__}: {error}")


def _run_loop(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
