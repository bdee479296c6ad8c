"""A worker with a ticker in its event loop: how late each tick of a millisecond comes. Started by bench.event_loop.

The ticker is a task of its own beside the whole worker, which knows nothing of it. When the worker ends, the ticks are
written to the file that BENCH_TICKS names.
"""

import asyncio
import os
import sys
import time
from array import array
from pathlib import Path
from typing import Any

from risk_stream.kafka import app

TICK_S = 0.001
run_worker = app.run_worker


def spent_ms() -> tuple[float, float]:
    """What this thread has computed, and what it has waited for a core while it could have (Linux, schedstat)."""
    computed, waited, _ = Path("/proc/thread-self/schedstat").read_text("ascii").split()
    return int(computed) / 1e6, int(waited) / 1e6


async def tick(rows: "array[float]") -> None:
    """Note for ever, in ms: wall clock, lateness, and since the last tick what was computed and waited for a core."""
    while True:
        before, (computed, waited) = time.perf_counter(), spent_ms()
        await asyncio.sleep(TICK_S)
        late = time.perf_counter() - before - TICK_S
        now_computed, now_waited = spent_ms()
        rows.extend((time.time() * 1000, late * 1000, now_computed - computed, now_waited - waited))


async def run_ticked(*arguments: Any) -> None:
    """The worker with its ticker."""
    rows = array("d")
    ticker = asyncio.create_task(tick(rows), name="ticker")
    try:
        await run_worker(*arguments)
    finally:
        ticker.cancel()
        Path(os.environ["BENCH_TICKS"]).write_bytes(rows.tobytes())


if __name__ == "__main__":
    from risk_stream.cli.worker import command

    app.run_worker = run_ticked  # type: ignore[assignment]
    command(sys.argv[2:])  # after the word `worker`
