"""What final decisions cost: the worker as shipped, without snapshots, without transactions, without both.

    python -m bench.finality [--orders N] [--portfolios M] [--rate R] [--seconds S] [--runs R] [--json]

Throughput on one log in turns, then latency at one rate, all in the same minutes. The parts that are left out cannot be
left out by a user: the worker without transactions is the benchmark's own (bench/unsafe_worker.py).
"""

import argparse
import asyncio
import json
from dataclasses import asdict, replace

from bench import latency
from bench.report import conditions, table
from bench.shape import Shape
from bench.start import begin
from bench.systems import SYSTEMS, System, worker
from bench.throughput import run_all

NO_SNAPSHOTS = {"RISK_STREAM_SNAPSHOT_INTERVAL_S": "3600"}
SHIPPED = "risk_stream"


def systems() -> list[System]:
    """As shipped, and with less."""
    shipped = SYSTEMS[SHIPPED]
    unsafe = worker("bench.unsafe_worker")
    return [
        shipped,
        replace(shipped, name="no_snapshots", settings=NO_SNAPSHOTS),
        replace(shipped, name="no_transactions", command=unsafe),
        replace(shipped, name="neither", command=unsafe, settings=NO_SNAPSHOTS),
    ]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--portfolios", type=int, default=10_000)
    parser.add_argument("--rate", type=int, default=5_000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    begin()
    runs = asyncio.run(run_all(systems(), Shape(options.orders, options.portfolios), options.runs))
    waits = asyncio.run(latency.run_all(systems(), [options.rate], options.seconds, options.runs, options.portfolios))
    if options.json:
        measured = {"throughput": [asdict(run) for run in runs], "latency": [asdict(run) for run in waits]}
        print(json.dumps({"conditions": conditions(), **measured}))
    else:
        print(table(runs, SHIPPED), latency.table(waits), sep="\n\n")


if __name__ == "__main__":
    main()
