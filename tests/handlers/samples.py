"""Violations, handlers of every bad habit, and what a test needs to look at them."""

import asyncio
import json
import threading
from typing import Any

from risk_stream.handlers.published import PublishedViolation

FIELDS: dict[str, Any] = {
    "type": "VIOLATION",
    "violation_id": "L:o:0@1",
    "event": "DETECTED",
    "trigger": "ORDER",
    "limit_id": "L",
    "kind": "MAX_ORDER_NOTIONAL",
    "severity": "HARD_BREACH",
    "portfolio_id": "P1",
}


def violation(number: int = 1, **fields: Any) -> PublishedViolation:
    """The violation of that number."""
    whole = {**FIELDS, "violation_id": f"L:o:0:{number}", **fields}
    headers = {"ce_id": whole["violation_id"], "ce_subject": "Pörtfolio 1", "ce_type": "risk_stream.violation.v1"}
    return PublishedViolation(json.dumps(whole).encode(), whole, headers, 0, number)


class Patient:
    """Blocks until it is released; counts who came. Both sorts below block a thread, not only a task."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.came = 0

    def wait(self) -> None:
        """Until released, or for so long that the test has failed."""
        self.came += 1
        self.release.wait(60)


class BlocksThread(Patient):
    """A plain handler that blocks."""

    def handle(self, one: PublishedViolation) -> None:
        """Block."""
        self.wait()


class BlocksLoop(Patient):
    """An `async def` handler that blocks where it should await."""

    async def handle(self, one: PublishedViolation) -> None:
        """Block the loop."""
        self.wait()


class Slow:
    """Awaits for ever; remembers that it was cancelled."""

    def __init__(self) -> None:
        self.cancelled = threading.Event()

    async def handle(self, one: PublishedViolation) -> None:
        """Wait."""
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled.set()


class RefusesToEnd(Patient):
    """Awaits on when it is cancelled."""

    async def handle(self, one: PublishedViolation) -> None:
        """Wait, whatever happens, until released."""
        self.came += 1
        while not self.release.is_set():
            try:
                await asyncio.wait_for(asyncio.Event().wait(), 0.02)
            except (TimeoutError, asyncio.CancelledError):
                continue


class Raises:
    """Raises what it is given, then works."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.taken: list[str] = []

    def handle(self, one: PublishedViolation) -> None:
        """Raise the next error, if there is one left."""
        if self.errors:
            raise self.errors.pop(0)
        self.taken.append(one.violation_id)


class RaisesAsync(Raises):
    """The same, `async def`."""

    async def handle(self, one: PublishedViolation) -> None:  # type: ignore[override]
        """Raise the next error, if there is one left."""
        super().handle(one)
