"""Retries, and what is counted: nothing is dropped without a word."""

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from risk_stream.handlers.caller import Caller
from risk_stream.handlers.delivery import Bounds, Delivery
from risk_stream.handlers.metrics import HandlerMetrics
from risk_stream.handlers.plug_ins import Handler
from tests.handlers.samples import BlocksThread, Raises, violation

BOUNDS = Bounds(calls_max=2, timeout_s=0.1, attempts_max=4, backoff_s=0.001, backoff_max_s=0.004, failures_max=3)


class Given:
    """Deliveries to one handler, and their metrics."""

    def __init__(self, handler: Handler, bounds: Bounds = BOUNDS) -> None:
        self.metrics = HandlerMetrics()
        self.metrics.expect("h")
        self.slept: list[float] = []
        self._handler, self._bounds = handler, bounds

    def deliver(self, count: int, pauses_max: float = float("inf")) -> list[bool]:
        """So many violations, one after the other; they are ours until there were more than so many pauses."""

        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            await asyncio.sleep(seconds)

        async def work() -> list[bool]:
            caller = Caller("h", self._handler, self._bounds.calls_max, self._bounds.timeout_s)
            delivery = Delivery("h", caller, self._bounds, self.metrics, sleep)
            delivered = [
                await delivery.deliver(violation(number), lambda: len(self.slept) <= pauses_max)
                for number in range(count)
            ]
            await caller.close()
            return delivered

        return asyncio.run(work())

    def count(self, name: str, **labels: str) -> float:
        """A metric's value."""
        registry: CollectorRegistry = self.metrics.registry
        value = registry.get_sample_value(f"risk_stream_handler_{name}", {"handler": "h", **labels})
        assert value is not None, name
        return value


def test_a_failure_is_tried_again_and_counted() -> None:
    """Two errors, then it is delivered, once."""
    handler = Raises(ValueError("x"), ValueError("y"))
    given = Given(handler)
    assert given.deliver(2) == [True, True]
    assert handler.taken == ["L:o:0:0", "L:o:0:1"]
    assert given.count("attempts_total", outcome="error") == 2
    assert given.count("attempts_total", outcome="ok") == 2
    assert given.count("violations_total", outcome="delivered") == 2
    assert given.count("violations_total", outcome="failed") == 0


def test_attempts_are_bounded_and_the_loss_is_counted() -> None:
    """A violation that never goes through is given up; the next one goes."""
    handler = Raises(*[ValueError("no")] * 4)
    given = Given(handler)
    assert given.deliver(2) == [False, True]
    assert handler.taken == ["L:o:0:1"]
    assert given.count("violations_total", outcome="failed") == 1


def test_pauses_grow_to_their_bound() -> None:
    """After each failed attempt twice as long, and the breaker's pauses likewise."""
    given = Given(Raises(*[ValueError("no")] * 8))
    given.deliver(2)
    assert max(given.slept) <= BOUNDS.backoff_max_s
    assert [BOUNDS.pause_s(attempt) for attempt in (1, 2, 3, 4, 1_000_000)] == [0.001, 0.002, 0.004, 0.004, 0.004]


def test_breaker_opens_and_closes_again_on_its_metric() -> None:
    """Open after three failures in a row; closed after the first success."""
    given = Given(Raises(*[ValueError("no")] * 3), BOUNDS)
    assert given.deliver(1) == [True]
    assert given.count("breaker") == 0
    given = Given(Raises(*[ValueError("no")] * 4), BOUNDS)
    assert given.deliver(1) == [False]
    assert given.count("breaker") == 2


@pytest.mark.parametrize(("pauses", "calls"), [(0, 1), (1, 2), (2, 3)])
def test_what_went_to_another_process_is_left_to_it(pauses: int, calls: int) -> None:
    """It is not tried again, and not counted as given up."""
    given = Given(Raises(*[ValueError("no")] * 4))
    assert given.deliver(1, pauses) == [False]
    assert given.count("attempts_total", outcome="error") == calls
    assert given.count("violations_total", outcome="failed") == 0


def test_what_goes_to_another_process_while_the_breaker_is_open_is_left_to_it() -> None:
    """The first is given up after three pauses; the second waits for the breaker then, and is never called."""
    handler = Raises(*[ValueError("no")] * 4)
    given = Given(handler)
    assert given.deliver(2, 3) == [False, False]
    assert handler.taken == []
    assert given.count("violations_total", outcome="failed") == 1


def test_a_handler_that_blocks_for_ever_costs_bounded_time() -> None:
    """Timeouts, then stuck: the violation is given up after its attempts."""
    handler = BlocksThread()
    try:
        given = Given(handler)
        assert given.deliver(1) == [False]
        assert given.count("attempts_total", outcome="timeout") == 2
        assert given.count("attempts_total", outcome="stuck") == 2
    finally:
        handler.release.set()
