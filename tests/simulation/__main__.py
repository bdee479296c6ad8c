"""`python -m tests.simulation --schedules N [--core M]`: run schedules; the seed is printed when one fails (exit 3).

N schedules execute the worker's own protocol code over a cluster in memory (protocol/), on every processor; M more run
the whole engine, judged by the oracle, over a model of that protocol (schedule.py).
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed

from tests.simulation.inputs import InputLogs, mixed
from tests.simulation.owner import Inputs
from tests.simulation.protocol.schedule import run_schedules
from tests.simulation.schedule import Schedule

SCHEDULES_PER_INPUT = 50
JUDGED_EVERY = 50
CHUNK = 1_000
CHUNKS_TOLD = 20
ORDERS = 200


def gapless(seed: int) -> InputLogs:
    """Traffic of at least 200 records for one partition, few portfolios."""
    return mixed(seed, 1, ORDERS, portfolios=8, tick_ms=300_000, gaps=False)


def run(first: int, count: int) -> Counter[str]:
    """Run schedules `first` to `first + count`; AssertionError names the seed."""
    events: Counter[str] = Counter()
    logs = gapless(first)
    inputs = Inputs(logs)
    for seed in range(first, first + count):
        if (seed - first) % SCHEDULES_PER_INPUT == 0:
            logs = gapless(seed)
            inputs = Inputs(logs)
        schedule = Schedule(logs, inputs, seed)
        try:
            schedule.run()
            schedule.check()
            if seed % JUDGED_EVERY == 0:
                schedule.judge()
        except Exception as error:
            base = seed - (seed - first) % SCHEDULES_PER_INPUT
            raise AssertionError(f"schedule {seed} over the inputs of seed {base}: {error}") from error
        events += schedule.events
    return events


def in_parallel(first: int, count: int, processes: int) -> Counter[str]:
    """Protocol schedules `first` to `first + count`, in chunks; the first failure ends it."""
    events: Counter[str] = Counter()
    chunks = [(start, min(CHUNK, first + count - start)) for start in range(first, first + count, CHUNK)]
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        futures, began = [pool.submit(run_schedules, *chunk) for chunk in chunks], time.monotonic()
        for finished, done in enumerate(as_completed(futures), 1):
            try:
                events += done.result()
            except AssertionError:
                pool.shutdown(cancel_futures=True)
                raise
            if finished % CHUNKS_TOLD == 0:
                left = (time.monotonic() - began) * (len(chunks) - finished) / finished
                text = f"{finished * CHUNK:,} of {count:,} schedules, about {left / 60:.0f} minutes left"
                print(text, file=sys.stderr, flush=True)
    return events


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        prog="tests.simulation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--schedules", type=int, default=10_000)
    parser.add_argument("--core", type=int, default=0, help="schedules of the whole engine, about 0.1 s each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    try:
        for name, count, work in (
            ("protocol", options.schedules, lambda first, n: in_parallel(first, n, options.processes)),
            ("core", options.core, run),
        ):
            if count:
                began = time.monotonic()
                events = work(options.seed, count)
                seconds = time.monotonic() - began
                print(f"{name}: {count:,} schedules in {seconds:.0f} s: {dict(sorted(events.items()))}")
    except AssertionError as error:
        traceback.print_exc(file=sys.stderr)
        print(f"failed: {error}")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
