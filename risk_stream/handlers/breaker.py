"""Circuit breaker: a handler that fails again and again is left alone for a while, each time longer.

CLOSED: calls go through. After `failures_max` failures in a row OPEN: none does, for `backoff_s`. Then HALF_OPEN: one
call is the probe; when it succeeds the breaker closes, when it fails it opens again for twice as long, at most
`backoff_max_s`. Nygard, Release It!, 2nd ed., chapter 5. The clock is given, so that tests need not wait.
"""

import time
from collections.abc import Callable
from enum import IntEnum

PROBE_POLL_S = 0.05
"""How soon those who wait for another's probe ask again."""


class BreakerState(IntEnum):
    """The numbers are those of the metric."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Breaker:
    """Of one handler; used from one event loop."""

    def __init__(
        self,
        failures_max: int,
        backoff_s: float,
        backoff_max_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures_max = failures_max
        self._backoff_s = backoff_s
        self._backoff_max_s = backoff_max_s
        self._clock = clock
        self._failures = 0
        self._pause_s = backoff_s
        self._open_until = 0.0
        self.state = BreakerState.CLOSED

    def admit(self) -> float:
        """0.0: make a call and report how it ended; else ask again after so many seconds."""
        if self.state is BreakerState.CLOSED:
            return 0.0
        if self.state is BreakerState.HALF_OPEN:
            return PROBE_POLL_S
        left = self._open_until - self._clock()
        if left > 0:
            return left
        self.state = BreakerState.HALF_OPEN
        return 0.0

    @property
    def pause_s(self) -> float:
        """How long it stays open when it opens next, or how long in all this time."""
        return self._pause_s

    def succeeded(self) -> None:
        """A call ended well."""
        self._failures = 0
        self._pause_s = self._backoff_s
        self.state = BreakerState.CLOSED

    def failed(self) -> None:
        """A call failed. One that was on its way when the breaker opened does not prolong the pause."""
        if self.state is BreakerState.OPEN:
            return
        self._failures += 1
        if self.state is BreakerState.HALF_OPEN:
            self._pause_s = min(2 * self._pause_s, self._backoff_max_s)
        elif self._failures < self._failures_max:
            return
        self.state = BreakerState.OPEN
        self._open_until = self._clock() + self._pause_s

    def withdrawn(self) -> None:
        """A call was given up by us: the next one is the probe in its place."""
        if self.state is BreakerState.HALF_OPEN:
            self.state = BreakerState.OPEN
            self._open_until = self._clock()
