"""Systems in turns: each round runs all, the next begins with another, so that a slow minute is nobody's alone."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from bench.report import describe
from bench.run import Run, measure
from bench.stage import Stage
from bench.systems import System

SECONDS_MAX = 60.0


@dataclass(frozen=True, slots=True)
class Entry:
    """A system, the stage it runs on, and the right answers where they are known."""

    system: System
    stage: Stage
    right: bytearray | None = None


async def run_rounds(entries: Sequence[Entry], rounds: int, seconds_max: float = SECONDS_MAX) -> list[Run]:
    """All runs, in the order in which they ran; each is told on stderr when it ends."""
    runs: list[Run] = []
    for number in range(rounds):
        first = number % len(entries)
        for place, entry in enumerate([*entries[first:], *entries[:first]]):
            run = await measure(entry.system, entry.stage, f"{number}-{place}", entry.right, seconds_max)
            print(describe(run), file=sys.stderr, flush=True)
            runs.append(run)
    approvals = {(run.system, run.approved) for run in runs if run.orders == _orders(entries, run)}
    if len(approvals) > len({system for system, _ in approvals}):
        raise RuntimeError(f"runs over the same orders approved different numbers: {sorted(approvals)}")
    return runs


def _orders(entries: Sequence[Entry], run: Run) -> int:
    return next(entry.stage.shape.orders for entry in entries if entry.system.name == run.system)
