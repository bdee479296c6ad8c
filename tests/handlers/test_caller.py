"""One call, isolated: slow, blocking, raising and endless handlers, and a main loop that goes on."""

import asyncio

import pytest

from risk_stream.handlers.caller import Caller, CallFailed, Stuck
from risk_stream.handlers.plug_ins import Handler
from risk_stream.handlers.published import PublishedViolation
from tests.handlers.samples import (
    BlocksLoop,
    BlocksThread,
    Patient,
    Raises,
    RaisesAsync,
    RefusesToEnd,
    Slow,
    violation,
)
from tests.waiting import wait_for

TIMEOUT_S = 0.1


def call(handler: Handler, times: int = 1, calls_max: int = 2) -> tuple[list[BaseException | None], int]:
    """How so many calls in turn ended, and how often the main loop came round meanwhile."""

    async def work() -> tuple[list[BaseException | None], int]:
        caller = Caller("test", handler, calls_max, TIMEOUT_S)
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.001)
                ticks += 1

        ticking = asyncio.create_task(tick())
        await caller.start()
        ended: list[BaseException | None] = []
        for number in range(times):
            try:
                await caller.handle(violation(number))
                ended.append(None)
            except Exception as error:
                ended.append(error)
        ticking.cancel()
        await caller.close()
        return ended, ticks

    return asyncio.run(work())


@pytest.mark.parametrize("handler", [BlocksThread(), BlocksLoop(), RefusesToEnd()], ids=lambda one: type(one).__name__)
def test_a_blocking_handler_holds_up_nobody(handler: Patient) -> None:
    """It is timed out while the main loop goes on; calls that never end are never more than the bound."""
    try:
        ended, ticks = call(handler, times=5)  # type: ignore[arg-type]
        assert [type(error) for error in ended] == [TimeoutError, TimeoutError, Stuck, Stuck, Stuck]
        assert ticks > 20
        assert handler.came <= 2
    finally:
        handler.release.set()


def test_a_blocked_thread_that_ends_makes_room_again() -> None:
    """What was left behind counts only as long as it lives."""
    handler = BlocksThread()

    async def work() -> None:
        caller = Caller("test", handler, 1, TIMEOUT_S)
        with pytest.raises(TimeoutError):
            await caller.handle(violation())
        with pytest.raises(Stuck):
            await caller.handle(violation())
        handler.release.set()
        wait_for(lambda: caller.alive == 0)
        await caller.handle(violation())
        await caller.close()

    asyncio.run(work())


def test_a_slow_task_is_cancelled_at_its_timeout() -> None:
    """Its `finally` runs, and it leaves nothing behind."""
    handler = Slow()
    ended, _ = call(handler, times=4, calls_max=1)
    assert {type(error) for error in ended} <= {TimeoutError, Stuck}
    assert isinstance(ended[0], TimeoutError)
    assert handler.cancelled.wait(5)


@pytest.mark.parametrize("kind", [Raises, RaisesAsync])
def test_what_a_handler_raises_comes_back(kind: type[Raises]) -> None:
    """Also an exit: it ends neither the process nor the handler's loop, and the next call works."""
    handler = kind(ValueError("x"), SystemExit(3), KeyboardInterrupt())
    ended, _ = call(handler, times=4)
    assert [type(error) for error in ended] == [ValueError, CallFailed, CallFailed, type(None)]
    assert handler.taken == ["L:o:0:3"]


class ReturnsCoroutine:
    """A plain function that forgets to be `async`."""

    def handle(self, one: PublishedViolation) -> object:
        """A future nobody awaits."""
        loop = asyncio.new_event_loop()
        try:
            return loop.create_future()
        finally:
            loop.close()


def test_an_awaitable_from_a_plain_function_is_a_failure() -> None:
    """It would be taken for done although nothing was done."""
    ended, _ = call(ReturnsCoroutine())
    assert "async def" in str(ended[0])
