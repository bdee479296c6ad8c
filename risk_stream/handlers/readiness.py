"""Keeps the health of the handlers' process: ready while every handler reads, and a line when that ends or is back.

The process does not end itself as a worker does: nobody's orders wait for it, and its client goes on by itself when
the broker answers again.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from risk_stream.handlers.consumer import TIMEOUT_S
from risk_stream.ops.health import Health

log = logging.getLogger(__name__)

POLL_S = 0.1


class Reader(Protocol):
    """A handler that reads violations."""

    name: str

    @property
    def assigned(self) -> bool:
        """Whether its group has given it partitions, be it none."""
        ...

    @property
    def silence_s(self) -> float:
        """For how long the broker has not answered it; to be asked only when assigned."""
        ...


async def keep_health(readers: Sequence[Reader], health: Health, stop: asyncio.Event) -> None:
    """Look again and again, until `stop`."""
    while not stop.is_set():
        look(readers, health)
        await asyncio.sleep(POLL_S)
    health.stopping = True


def look(readers: Sequence[Reader], health: Health) -> None:
    """Bring the health up to date, and say what has changed."""
    if not health.assigned:
        health.assigned = all(one.assigned for one in readers)
        if not health.assigned:
            return
        log.info("handlers at work: %s", ", ".join(one.name for one in readers))
    silent = max(one.silence_s for one in readers) > TIMEOUT_S
    if silent and not health.silent:
        log.error(
            "the broker has not answered for %g s: not ready; violations wait on the log until it does", TIMEOUT_S
        )
    elif health.silent and not silent:
        log.warning("the broker answers again: ready, going on where it was left")
    health.silent = silent
