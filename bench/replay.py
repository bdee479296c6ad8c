"""How fast a log is proven: the live worker, its replay from the broker, and from an archive, one after the other.

    python -m bench.replay [--orders N] [--portfolios M] [--runs R] [--job peers|full] [--json]
    python -m bench.replay --memory 100000,1000000,5000000 [--portfolios M] [--json]

Each run decides the same orders anew, then proves what it wrote with `risk-stream replay`, a process of its own. No
rate is printed unless the replay was identical, over every order, with as many approvals as live. The live rate is that
of bench.throughput: warm, by the broker's clock; those of a replay are by its own clock, and of the whole command with
its start. `--memory` decides a log of each length, every order closed (bench/replay_memory.py).
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from bench.audit import Audit, archive, replay, replay_archive
from bench.job import full_job, peers_job, right_answers
from bench.place import open_broker
from bench.replay_memory import memory_table, run_sizes
from bench.replay_report import Round, describe_audit, ratios, table
from bench.report import as_json, conditions, describe
from bench.run import Run, measure
from bench.shape import Shape
from bench.stage import Stage, build, group_of
from bench.start import begin
from bench.systems import SYSTEMS, System

TO_THE_END_S = float("inf")


async def run_rounds(shape: Shape, full: bool, runs: int) -> list[Round]:
    """All runs on one broker, each told on stderr."""
    job, system = (full_job, SYSTEMS["risk_stream_full"]) if full else (peers_job, SYSTEMS["risk_stream"])
    right = None if full else right_answers(shape)
    with open_broker() as (bootstrap, broker_pid):
        stage = await build(bootstrap, "replay.", job(shape), shape, broker_pid)
        return [await run_round(system, stage, str(number), right) for number in range(runs)]


async def run_round(system: System, stage: Stage, run: str, right: bytearray | None) -> Round:
    """Decide the log on new topics, replay it, archive it, replay the archive."""
    live = await measure(system, stage, run, right, TO_THE_END_S)
    print(describe(live), file=sys.stderr, flush=True)
    audits = []
    with tempfile.TemporaryDirectory(prefix="risk-stream-bench-") as folder:
        environment = system.environment(stage, group_of(stage, run), Path(folder))
        for audit in audited(environment, Path(folder) / "archive", live):
            print(describe_audit(audit), file=sys.stderr, flush=True)
            audits.append(audit)
    return Round(live, tuple(audits))


def audited(environment: dict[str, str], folder: Path, live: Run) -> Iterator[Audit]:
    """The three commands, on what the live run has written."""
    yield replay(environment, live.orders, live.approved)
    yield archive(environment, folder, live.orders)
    yield replay_archive(environment, folder, live.orders, live.approved)


def sizes(text: str) -> list[int]:
    """`100000,1000000` as numbers."""
    return [int(one) for one in text.split(",")]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--portfolios", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--job", choices=("peers", "full"), default="peers")
    parser.add_argument("--memory", type=sizes, metavar="SIZES", help="orders of each log, with commas")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    begin()
    if options.memory:
        found = asyncio.run(run_sizes(options.memory, options.portfolios))
        told = {"conditions": conditions(), "portfolios": options.portfolios, "sizes": [asdict(one) for one in found]}
        print(json.dumps(told) if options.json else memory_table(found))
        return
    shape = Shape(options.orders, options.portfolios)
    rounds = asyncio.run(run_rounds(shape, options.job == "full", options.runs))
    audits = [[asdict(audit) for audit in one.audits] for one in rounds]
    lives = [one.live for one in rounds]
    print(as_json(shape, lives, audits=audits, ratios=ratios(rounds)) if options.json else table(rounds))


if __name__ == "__main__":
    main()
