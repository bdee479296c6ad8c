"""Order produced to decision read, at fixed rates, beside the bare transactional echo in the same minute.

    python -m bench.latency [--rates 500,2000,10000,20000] [--seconds 20] [--runs R]
        [--systems risk_stream,echo_transactions,streams_eos_fast] [--json]

Open loop: orders are sent by schedule and latency counts from the scheduled moment, so that a system which stops for a
while pays for every order of that while (no coordinated omission). Read with read_committed. Sender and reader are
processes of their own, the same for all. The first seconds are left out; every order must be answered.
"""

import argparse
import asyncio
import gc
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from hdrh.histogram import HdrHistogram

from bench.arrivals import Arrivals
from bench.job import peers_job
from bench.place import open_broker
from bench.process import Measured, jit_s_of
from bench.report import conditions
from bench.shape import Shape
from bench.stage import Stage, build, group_of
from bench.start import begin
from bench.systems import System
from bench.throughput import chosen

RATES = "500,2000,10000,20000"
WARM_ORDERS = 20_000
"""Decided before the clock runs: the system is up, its caches filled."""
WARM_S = 5
WARM_BROKER_S = 15
WARM_ROUNDS_MAX = 6
JIT_SHARE_MAX = 0.05
"""Before the first run all systems take turns, uncounted, until the broker's just-in-time compilers take no more of a
core than this: they take a whole one at first, for half a minute to three, and whoever came first waited for them."""
LEAD_S = 3.0
ANSWER_TIMEOUT_S = 60.0
START_TIMEOUT_S = 180.0
LATENCY_MAX_US = 120_000_000
DIGITS = 3
PERCENTILES = (50.0, 90.0, 99.0, 99.9)
ECHO = "echo_transactions"


@dataclass(frozen=True, slots=True)
class LatencyRun:
    """One run at one rate; milliseconds."""

    system: str
    rate: int
    p50: float
    p90: float
    p99: float
    p99_9: float
    max: float
    cpu_us_per_order: float
    sender_late_ms_p99: float


async def measure(system: System, stage: Stage, rate: int, seconds: int) -> LatencyRun:
    """Start the system, let it decide the first log, then send by schedule."""
    first, count = stage.shape.orders, rate * (seconds + WARM_S)
    arrivals = Arrivals(stage, first, count)
    with tempfile.TemporaryDirectory(prefix="risk-stream-bench-") as folder:
        environment = system.environment(stage, group_of(stage, "0"), Path(folder))
        with Measured(system.command(), environment) as process:
            following = asyncio.create_task(arrivals.follow())
            async with asyncio.timeout(START_TIMEOUT_S):
                while arrivals.earlier < first:
                    process.check()
                    await asyncio.sleep(0.05)
            start_ns = time.monotonic_ns() + int(LEAD_S * 1e9)
            arguments = (stage.bootstrap, stage.topic("orders"), rate, seconds + WARM_S, start_ns, first)
            sender = ("-m", "bench.open_loop", *map(str, arguments), str(stage.shape.portfolios))
            gc.collect()
            gc.freeze()
            with Measured((sys.executable, *sender), {}) as sending:
                await asyncio.sleep(LEAD_S + WARM_S)
                begun = process.cpu_s
                await asyncio.sleep(seconds)
                cpu_s = process.cpu_s - begun
                async with asyncio.timeout(ANSWER_TIMEOUT_S):
                    await following
                sending.wait()
                late_us = json.loads(sending.told())["late_us_p99"]
            process.check()
    due_ns = start_ns + np.arange(count) * 1_000_000_000 // rate
    latencies = (arrivals.when_ns - due_ns)[rate * WARM_S :] // 1000
    return _summed(system.name, rate, latencies.tolist(), cpu_s / (rate * seconds) * 1e6, late_us / 1000)


def _summed(system: str, rate: int, latencies_us: Iterable[int], cpu_us: float, late_ms: float) -> LatencyRun:
    histogram = HdrHistogram(1, LATENCY_MAX_US, DIGITS)
    for latency in latencies_us:
        histogram.record_value(latency)
    p50, p90, p99, p99_9 = (histogram.get_value_at_percentile(percentile) / 1000 for percentile in PERCENTILES)
    return LatencyRun(system, rate, p50, p90, p99, p99_9, histogram.get_max_value() / 1000, cpu_us, late_ms)


async def run_all(
    systems: list[System], rates: list[int], seconds: int, runs: int, portfolios: int
) -> list[LatencyRun]:
    """All systems at each rate before the next rate; each on topics of its own."""
    done: list[LatencyRun] = []
    shape = Shape(WARM_ORDERS, portfolios)
    with open_broker() as (bootstrap, broker_pid):
        await warm(bootstrap, broker_pid, systems, max(rates), shape)
        for number in range(runs):
            for rate in rates:
                first = number % len(systems)
                for system in (*systems[first:], *systems[:first]):
                    prefix = f"l{len(done)}."
                    stage = await build(bootstrap, prefix, peers_job(shape), shape, broker_pid)
                    run = await measure(system, stage, rate, seconds)
                    print(describe(run), file=sys.stderr, flush=True)
                    done.append(run)
    return done


async def warm(bootstrap: str, broker_pid: int, systems: list[System], rate: int, shape: Shape) -> None:
    """Run what will be measured until the broker compiles nothing any more; says so when it still does."""
    for number in range(WARM_ROUNDS_MAX):
        share = 0.0
        for system in systems:
            stage = await build(bootstrap, f"w{number}-{system.name}.", peers_job(shape), shape, broker_pid)
            compiled_s, started = jit_s_of(broker_pid), time.monotonic()
            await measure(system, stage, rate, WARM_BROKER_S)
            share = max(share, (jit_s_of(broker_pid) - compiled_s) / (time.monotonic() - started))
        print(f"warming: the broker's compilers took {share:.0%} of a core", file=sys.stderr, flush=True)
        if share < JIT_SHARE_MAX:
            return
    print("the broker still compiles: the first runs wait for it", file=sys.stderr, flush=True)


def describe(run: LatencyRun) -> str:
    """A run as a line, for people who wait."""
    return (
        f"{run.system:<20} {run.rate:>6,}/s  p50 {run.p50:7.1f}  p90 {run.p90:7.1f}  p99 {run.p99:7.1f}  "
        f"p99.9 {run.p99_9:7.1f}  max {run.max:7.1f} ms  {run.cpu_us_per_order:6.1f} us CPU/order"
    )


def table(runs: list[LatencyRun]) -> str:
    """Medians of the runs of each rate and system, with the ratio to the echo's."""
    lines = [
        "| orders/s | system | p50 ms | p90 | p99 | p99.9 | max | p50 / echo | p99 / echo | CPU us/order | runs |",
        "|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    for rate, system in dict.fromkeys((run.rate, run.system) for run in runs):
        own = [run for run in runs if (run.rate, run.system) == (rate, system)]
        echo = [run for run in runs if (run.rate, run.system) == (rate, ECHO)]
        names = ("p50", "p90", "p99", "p99_9", "max")
        middle = {name: statistics.median(getattr(run, name) for run in own) for name in names}
        beside = [
            f"{middle[name] / statistics.median(getattr(run, name) for run in echo):.2f}" if echo else ""
            for name in ("p50", "p99")
        ]
        cpu = statistics.median(run.cpu_us_per_order for run in own)
        cells = [f"{rate:,}", system, *(f"{middle[name]:.1f}" for name in names), *beside, f"{cpu:.1f}"]
        every = ", ".join(f"{run.p50:.1f} / {run.p99:.1f}" for run in own)
        lines.append(f"| {' | '.join([*cells, every])} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", default=RATES)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--portfolios", type=int, default=10_000)
    parser.add_argument("--systems", default=f"risk_stream,{ECHO}")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    begin()
    systems = chosen(options.systems, "peers")
    rates = [int(rate) for rate in options.rates.split(",")]
    runs = asyncio.run(run_all(systems, rates, options.seconds, options.runs, options.portfolios))
    if options.json:
        print(json.dumps({"conditions": conditions(), "runs": [asdict(run) for run in runs]}))
    else:
        print(table(runs))


if __name__ == "__main__":
    main()
