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


async def tick(rows: "array[float]") -> None:
    """Note for ever: wall clock (ms), lateness (ms), CPU time of this thread since the last tick (ms)."""
    while True:
        before, cpu = time.perf_counter(), time.thread_time()
        await asyncio.sleep(TICK_S)
        late = time.perf_counter() - before - TICK_S
        rows.extend((time.time() * 1000, late * 1000, (time.thread_time() - cpu) * 1000))


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
