"""Orders a second and CPU an order of one worker, with transactions, journal and snapshots, beside its peers.

    python -m bench.throughput --orders 1000000 --portfolios 10000 --runs 5 --systems risk_stream,streams_eos
        [--shape uniform|hot|cold] [--job peers|full] [--json]

Systems run in turns on the same log. A rate is printed only when each order has one decision and the right one. Rates
are taken from 20 % of the decisions to the last, by the broker's clock. `--job full` lets risk_stream do the full job;
both jobs in one table: `--systems risk_stream,risk_stream_full,...`. Kafka Streams needs a JDK 17+ (javac).
"""

import argparse
import asyncio
from collections.abc import Iterable

from bench.job import full_job, peers_job, right_answers
from bench.peers.streams.build import NoJdk
from bench.place import open_broker
from bench.report import as_json, table
from bench.rounds import SECONDS_MAX, Entry, run_rounds
from bench.run import Run
from bench.shape import Shape
from bench.stage import build
from bench.start import begin
from bench.systems import SYSTEMS, System

OURS = "risk_stream"


async def run_all(systems: Iterable[System], shape: Shape, rounds: int, seconds_max: float = SECONDS_MAX) -> list[Run]:
    """Fill one log a job and let the systems take turns on it."""
    systems = list(systems)
    with open_broker() as where:
        stages = {}
        if not all(system.full for system in systems):
            stages[False] = await build(where[0], "peers.", peers_job(shape), shape, where[1])
        if any(system.full for system in systems):
            stages[True] = await build(where[0], "full.", full_job(shape), shape, where[1])
        right = right_answers(shape)
        entries = [Entry(one, stages[one.full], None if one.full else right) for one in systems]
        return await run_rounds(entries, rounds, seconds_max)


def chosen(names: str, job: str) -> list[System]:
    """The systems of a list of names; with the full job ours does that one."""
    wanted = [f"{OURS}_full" if name == OURS and job == "full" else name for name in names.split(",")]
    unknown = [name for name in wanted if name not in SYSTEMS]
    if unknown:
        raise SystemExit(f"no such system: {', '.join(unknown)}; there are: {', '.join(SYSTEMS)}")
    systems = [SYSTEMS[name] for name in wanted]
    try:
        for system in systems:
            system.command()
    except NoJdk as error:
        raise SystemExit(str(error)) from None
    return systems


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--portfolios", type=int, default=10_000)
    parser.add_argument("--known", type=int, default=0, help="valued portfolios; --shape cold uses them")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="with commas; default: %(default)s")
    parser.add_argument("--shape", choices=("uniform", "hot", "cold"), default="uniform")
    parser.add_argument("--job", choices=("peers", "full"), default="peers")
    parser.add_argument("--seconds-max", type=float, default=SECONDS_MAX, help="of a run; a slow system decides fewer")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    begin()
    systems = chosen(options.systems, options.job)
    shape = Shape(options.orders, options.portfolios, options.shape, options.known)
    runs = asyncio.run(run_all(systems, shape, options.runs, options.seconds_max))
    base = OURS if any(system.name == OURS for system in systems) else systems[0].name
    print(as_json(shape, runs) if options.json else table(runs, base))


if __name__ == "__main__":
    main()
