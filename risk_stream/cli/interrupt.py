"""A request to end (Ctrl-C, SIGTERM, a closed terminal) ends what was started too: everything is cleaned up first."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

import click

T = TypeVar("T")
REQUESTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def heed_signals() -> None:
    """Make every request what Ctrl-C is, a KeyboardInterrupt: by default the others end a process on the spot."""
    for number in REQUESTS:
        signal.signal(number, signal.default_int_handler)


def run_heeding(work: Coroutine[Any, Any, T]) -> T:
    """asyncio.run; a request cancels the work, so that its `finally` blocks can still talk to others."""
    try:
        return asyncio.run(_cancelled_by_signals(work))
    except asyncio.CancelledError:
        raise click.Abort from None
    finally:
        heed_signals()  # the loop has put the defaults back


async def _cancelled_by_signals(work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.ensure_future(work)
    for number in REQUESTS:
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await task
