"""One violation to one handler: calls until one succeeds or the attempts are used up, at the pace of the breaker."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from risk_stream.handlers.breaker import Breaker, BreakerState
from risk_stream.handlers.caller import Caller, Stuck
from risk_stream.handlers.metrics import HandlerMetrics
from risk_stream.handlers.published import PublishedViolation

log = logging.getLogger(__name__)

FAILURES_MAX: Final = 5
"""Failures in a row that open the breaker: more than the bad luck of one violation, less than a minute of an outage."""
BACKOFF_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one handler may use; durations in seconds."""

    calls_max: int = 4
    """Calls side by side."""
    timeout_s: float = 10.0
    """One call."""
    attempts_max: int = 10
    """Calls for one violation. With the pauses between them (1 + 2 + 4 + ... + 60 s) about four minutes."""
    queue_max: int = 1_000
    """Violations read and not yet dealt with: about 2 MB. Reading pauses until there is room."""
    backoff_s: float = BACKOFF_S
    backoff_max_s: float = 60.0
    failures_max: int = FAILURES_MAX

    def pause_s(self, attempt: int) -> float:
        """After so many failed attempts of one violation."""
        doublings = min(attempt - 1, 30)
        return min(self.backoff_s * 2.0**doublings, self.backoff_max_s)


class Delivery:
    """Delivers to one handler; used by all of its lanes."""

    def __init__(
        self,
        name: str,
        caller: Caller,
        bounds: Bounds,
        metrics: HandlerMetrics,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._name = name
        self._caller = caller
        self._bounds = bounds
        self._metrics = metrics
        self._sleep = sleep
        self._breaker = Breaker(bounds.failures_max, bounds.backoff_s, bounds.backoff_max_s)

    async def deliver(self, violation: PublishedViolation, is_ours: Callable[[], bool]) -> bool:
        """Whether it was delivered; when not, it was counted and logged with its id and place.

        Once its partition went to another process (`is_ours` says so) it is left to that one, which counts it.
        """
        for attempt in range(1, self._bounds.attempts_max + 1):
            if not await self._may_call(is_ours):
                log.info("handler %s: violation %s left to another process", self._name, violation.violation_id)
                return False
            self._metrics.breaker(self._name, self._breaker.state)  # HALF_OPEN where this call is the probe
            error = await self._attempt(violation)
            if error is None:
                self._metrics.violation(self._name, "delivered")
                return True
            self._tell(violation, attempt, error)
            if attempt < self._bounds.attempts_max:
                await self._sleep(self._bounds.pause_s(attempt))
        self._metrics.violation(self._name, "failed")
        return False

    async def _may_call(self, is_ours: Callable[[], bool]) -> bool:
        """Wait for the breaker. What it admits must be called, so nothing is awaited between the two questions."""
        while is_ours():
            wait_s = self._breaker.admit()
            if not wait_s:
                return True
            await self._sleep(wait_s)
        return False

    async def _attempt(self, violation: PublishedViolation) -> str | None:
        """One call, reported to breaker and metrics; what was wrong."""
        started = time.perf_counter()
        outcome, error = "ok", None
        try:
            await self._caller.handle(violation)
        except (
            asyncio.CancelledError
        ):  # we are stopping, or the handler has raised it: then it is a failure like others
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                self._breaker.withdrawn()
                raise
            outcome, error = "error", "it cancelled itself"
        except TimeoutError as raised:
            outcome, error = "timeout", str(raised) or f"no answer within {self._bounds.timeout_s:g} s"
        except Stuck as raised:
            outcome, error = "stuck", str(raised)
        except Exception as raised:
            outcome, error = "error", f"{type(raised).__name__}: {raised}"
        self._metrics.attempt(self._name, outcome, time.perf_counter() - started)
        self._report(good=error is None)
        return error

    def _report(self, *, good: bool) -> None:
        before = self._breaker.state
        if good:
            self._breaker.succeeded()
        else:
            self._breaker.failed()
        after = self._breaker.state
        self._metrics.breaker(self._name, after)
        if after is before:
            return
        if after is BreakerState.OPEN:
            log.warning(
                "handler %s: breaker open, the next call in %g s; violations wait", self._name, self._breaker.pause_s
            )
        elif after is BreakerState.CLOSED:
            log.warning("handler %s: breaker closed, delivering again", self._name)

    def _tell(self, violation: PublishedViolation, attempt: int, error: str) -> None:
        last = attempt == self._bounds.attempts_max
        log.log(
            logging.ERROR if last else logging.WARNING,
            "handler %s: violation %s (%d@%d): attempt %d of %d failed: %s%s",
            self._name,
            violation.violation_id,
            violation.partition,
            violation.offset,
            attempt,
            self._bounds.attempts_max,
            error,
            "; given up" if last else "",
        )
