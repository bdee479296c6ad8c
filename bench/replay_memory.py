"""Memory of a replay beside the length of its log: logs of several sizes, each decided live, then replayed.

A portfolio remembers 10,000 ids and what is open, so what memory must hold does not grow once every portfolio has had
10,000 orders, all closed: `--portfolios 10` is there with 100,000. With more portfolios the state grows as well, in the
worker's memory as in the replay's.
"""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.audit import replay
from bench.memory import Days, long_job, run_waves
from bench.place import open_broker
from bench.shape import Shape
from bench.stage import Stage, group_of, remove
from bench.systems import SYSTEMS

WAVE_ORDERS = 50_000  # open at once, whatever the size
DAY_ORDERS = 1_000_000  # the same orders a day for each size


@dataclass(frozen=True, slots=True)
class Size:
    """The most memory that the live worker had, and the replay of its log."""

    orders: int
    live_mb: float
    process_mb: float
    """The largest of the replay's processes."""
    total_mb: float
    """All of them at one moment; what they share counts in each."""
    seconds: float
    """Of the replay, as a command."""


async def run_sizes(sizes: Sequence[int], portfolios: int) -> list[Size]:
    """All sizes on one broker, each told on stderr."""
    found = []
    with open_broker() as (bootstrap, broker_pid):
        for orders in sizes:
            shape = Shape(orders, portfolios)
            stage = Stage(bootstrap, f"size-{orders}.", long_job(shape), shape, broker_pid)
            found.append(one := await run_size(stage))
            told = f"live {one.live_mb:.0f} MB, replay {one.total_mb:.0f} MB"
            print(f"{orders:>11,} orders  {told}", file=sys.stderr, flush=True)
    return found


async def run_size(stage: Stage) -> Size:
    """Decide a log in waves, replay it, and give its space back (the broker deletes files a minute later)."""
    going = Days(stage.shape, stage.job, stage.shape.orders / DAY_ORDERS, WAVE_ORDERS)
    with tempfile.TemporaryDirectory(prefix="risk-stream-bench-") as folder:
        waves = [wave async for wave in run_waves(stage, going, Path(folder))]
        environment = SYSTEMS["risk_stream"].environment(stage, group_of(stage, "0"), Path(folder))
        audit = replay(environment, stage.shape.orders)
    await remove(stage)
    return Size(stage.shape.orders, waves[-1].rss_mb_max, audit.process_mb, audit.total_mb, audit.seconds)


def memory_table(found: Sequence[Size]) -> str:
    """A row a size; how much more the largest process needs than with the first."""
    lines = [
        "| orders | live worker MB | replay, largest process MB | of the first | all processes MB | s |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for one in found:
        growth = one.process_mb / found[0].process_mb
        lines.append(
            f"| {one.orders:,} | {one.live_mb:.0f} | {one.process_mb:.0f} | {growth:.2f} | {one.total_mb:.0f} "
            f"| {one.seconds:.1f} |"
        )
    return "\n".join(lines)
