"""How long the event loop is held up under full load: at most 20 ms, measured by a ticker beside the worker.

    python -m bench.event_loop [--orders N] [--portfolios M] [--runs R] [--job peers|full] [--json]

A tick comes every millisecond; its lateness is how long nothing else could run. On a machine whose cores are all busy
the loop also waits for a core; the kernel counts that. `held` is the lateness without it: what the loop computed itself
and waited for the interpreter lock, whose holder may be waiting for a core.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from bench.report import conditions
from bench.shape import Shape
from bench.start import begin
from bench.systems import SYSTEMS, worker
from bench.throughput import run_all

BLOCK_MAX_MS = 20.0


@dataclass(frozen=True, slots=True)
class Blocks:
    """Of one run: milliseconds that the loop was held up, and CPU milliseconds between two ticks."""

    orders_per_second: float
    cpu_us_per_order: float
    ticks: int
    late_p50: float
    late_p99: float
    late_p99_9: float
    late_max: float
    held_p99: float
    held_p99_9: float
    held_max: float
    cpu_p99_9: float
    cpu_max: float


async def measure(shape: Shape, full: bool) -> Blocks:
    """One run of the ticked worker; only ticks of the measured part count."""
    with tempfile.TemporaryDirectory() as folder:
        ticks = Path(folder) / "ticks"
        system = replace(
            SYSTEMS["risk_stream_full" if full else "risk_stream"],
            command=worker("bench.ticked_worker"),
            settings={"BENCH_TICKS": str(ticks)},
        )
        (run,) = await run_all([system], shape, 1)
        rows = np.fromfile(ticks).reshape(-1, 4)
    when, late, cpu, waited = rows[(rows[:, 0] > run.start_ms) & (rows[:, 0] < run.end_ms)].T
    return Blocks(
        run.orders_per_second,
        run.cpu_us_per_order,
        int(when.size),
        *(float(np.percentile(late, share)) for share in (50, 99, 99.9, 100)),
        *(float(np.percentile(late - waited, share)) for share in (99, 99.9, 100)),
        *(float(np.percentile(cpu, share)) for share in (99.9, 100)),
    )


def main() -> int:
    """Measure and report; 1 when the loop was held up for too long."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--portfolios", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--job", choices=("peers", "full"), default="peers")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    begin()
    shape = Shape(options.orders, options.portfolios)
    runs = [asyncio.run(measure(shape, options.job == "full")) for _ in range(options.runs)]
    if options.json:
        print(json.dumps({"conditions": conditions(), "runs": [asdict(run) for run in runs]}))
    else:
        print(
            "| orders/s | CPU us/order | ticks | late p50 ms | p99 | p99.9 | max | held p99 ms | p99.9 | max ", end=""
        )
        print("| CPU in a tick p99.9 ms | max |")
        print("|" + "---:|" * 12)
        for run in runs:
            rate, cpu, ticks, *blocks = asdict(run).values()
            print(f"| {rate:,.0f} | {cpu:.2f} | {ticks:,} | {' | '.join(f'{block:.1f}' for block in blocks)} |")
    worst = max(run.late_max for run in runs)
    if worst > BLOCK_MAX_MS:
        print(f"the event loop was held up for {worst:.1f} ms, wanted at most {BLOCK_MAX_MS:g}", file=sys.stderr)
    return 1 if worst > BLOCK_MAX_MS else 0


if __name__ == "__main__":
    raise SystemExit(main())
