"""One worker under changed conditions: each variant has a log of its own, and a rate beside the first one's.

The frame of bench.hot, bench.known, bench.limits and bench.scale.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bench.job import Job
from bench.place import open_broker
from bench.report import as_json, ratio, table
from bench.rounds import Entry, run_rounds
from bench.run import Run
from bench.shape import Shape
from bench.stage import Stage, build
from bench.start import begin
from bench.systems import SYSTEMS


@dataclass(frozen=True, slots=True)
class Variant:
    """Conditions by name; `ratio_min` is what the first variant's rate may be multiplied with at least."""

    name: str
    shape: Shape
    job: Job
    processes: int = 1
    ratio_min: float = 0.0


async def run_variants(variants: Sequence[Variant], rounds: int) -> list[Run]:
    """All variants in turns on one broker. Variants with the same log share it."""
    stages: dict[tuple[Shape, str], Stage] = {}
    with open_broker() as (bootstrap, broker_pid):
        entries = []
        for number, one in enumerate(variants):
            key = one.shape, one.job.name
            if key not in stages:
                stages[key] = await build(bootstrap, f"v{number}.", one.job, one.shape, broker_pid)
            system = replace(SYSTEMS["risk_stream"], name=one.name, processes=one.processes)
            entries.append(Entry(system, stages[key]))
        return await run_rounds(entries, rounds)


def main(description: str | None, make: Callable[[int, int], list[Variant]], orders: int = 1_000_000) -> int:
    """Measure what `make(orders, portfolios)` gives and report; 1 when a ratio is below its minimum."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=orders)
    parser.add_argument("--portfolios", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    begin()
    variants = make(options.orders, options.portfolios)
    first = variants[0].name
    runs = asyncio.run(run_variants(variants, options.runs))
    ratios = {one.name: ratio(runs, one.name, first) for one in variants}
    print(as_json(variants[0].shape, runs, ratios=ratios) if options.json else table(runs, first))
    low = [one for one in variants if ratios[one.name] < one.ratio_min]
    for one in low:
        print(f"{one.name} is {ratios[one.name]:.2f} of {first}, wanted {one.ratio_min:.2f}", file=sys.stderr)
    return 1 if low else 0
