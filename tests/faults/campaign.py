"""Runs rows and writes what they showed."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from threading import Lock, Thread
from time import monotonic

from tests.faults.scene import Outcome
from tests.faults.stage import Stage

HEADINGS = (
    "#", "fault", "runs", "faults injected", "runs survived", "orders judged", "decisions", "violations",
    "recovery s, median / worst",
)  # fmt: skip
Run = Callable[[Stage, int, bool], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the fault matrix. `run` gets the stage, the number of the run, and whether the form is short."""

    number: int
    name: str
    how: str
    runs: int
    run: Run
    privileged: bool = False  # needs root


@dataclass(slots=True)
class Result:
    """What the runs of one row showed."""

    row: Row
    runs: int = 0
    seconds: float = 0.0
    outcome: Outcome = field(default_factory=Outcome)
    survived: int = 0

    def add(self, outcome: Outcome, seconds: float) -> None:
        """Count one more run."""
        self.runs += 1
        self.seconds += seconds
        self.survived += not outcome.findings
        total = self.outcome
        total.injected += outcome.injected
        total.findings += outcome.findings
        total.recovery_seconds += outcome.recovery_seconds
        total.notes += outcome.notes
        for name, count in outcome.judged.items():
            total.judged[name] = total.judged.get(name, 0) + count


def campaign(
    stages: Sequence[Stage],
    rows: Sequence[Row],
    runs: int | None,
    told: Callable[[Sequence[Result]], object] = len,
) -> list[Result]:
    """Run each row so often (None: as often as the full campaign says); everything goes on after a failure.

    As many runs at once as there are stages. `told` gets the results so far after each run: a campaign takes hours.
    """
    results = [Result(row) for row in rows]
    waiting = ((result, number) for result in results for number in range(result.row.runs if runs is None else runs))
    lock = Lock()
    broken: list[Exception] = []

    def take_runs(stage: Stage) -> None:
        try:
            while (taken := _next(waiting, lock)) is not None:
                result, number = taken
                began = monotonic()
                stage.begin(result.row.number, number)
                outcome = asyncio.run(run_once(result.row.run, stage, number, runs is not None))
                seconds = monotonic() - began
                with lock:
                    result.add(outcome, seconds)
                    _tell(result, number, outcome, seconds)
                    told(results)
                if not stage.broker.running:
                    stage.broker.start()
        except Exception as error:  # a broker that does not start, a report that cannot be written
            broken.append(error)

    jobs = [Thread(target=take_runs, args=(stage,), daemon=True) for stage in stages]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    if broken:
        raise ExceptionGroup("the campaign broke off", broken)
    return results


def _next(waiting: Iterator[tuple[Result, int]], lock: Lock) -> tuple[Result, int] | None:
    with lock:
        return next(waiting, None)


def _tell(result: Result, number: int, outcome: Outcome, seconds: float) -> None:
    state = "ok" if not outcome.findings else "; ".join(outcome.findings[:5])
    print(f"row {result.row.number} run {number + 1}: {seconds:.0f} s, {state}", file=sys.stderr, flush=True)


async def run_once(run: Run, stage: Stage, number: int, short: bool) -> Outcome:
    """One run; that it could not be run is a finding, too."""
    try:
        return await run(stage, number, short)
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        return Outcome(findings=[f"the run itself failed: {type(error).__name__}: {error}"])


def as_markdown(results: Sequence[Result]) -> str:
    """The report."""
    lines = ["| " + " | ".join(HEADINGS) + " |", "|---" * len(HEADINGS) + "|"]
    for one in results:
        judged, times = one.outcome.judged, one.outcome.recovery_seconds
        recovery = f"{median(times):.1f} / {max(times):.1f}" if times else "-"
        counts = [f"{judged.get(name, 0):,}" for name in ("orders", "decisions", "violations")]
        cells = [one.row.number, f"{one.row.name}: {one.row.how}", one.runs, one.outcome.injected, one.survived]
        lines.append("| " + " | ".join(str(cell) for cell in [*cells, *counts, recovery]) + " |")
    findings = [f"- row {one.row.number}: {text}" for one in results for text in one.outcome.findings]
    notes = [f"- row {one.row.number}: {text}" for one in results for text in dict.fromkeys(one.outcome.notes)]
    return "\n".join(
        [*lines, "", "Findings:", *(findings or ["- none"]), *(["", "Notes:", *notes] if notes else []), ""]
    )


def as_data(results: Sequence[Result]) -> list[dict[str, object]]:
    """The report for programs."""
    return [
        {
            "row": one.row.number, "name": one.row.name, "runs": one.runs, "seconds": round(one.seconds, 1),
            "injected": one.outcome.injected, "survived": one.survived, "judged": one.outcome.judged,
            "recovery_seconds": one.outcome.recovery_seconds, "findings": one.outcome.findings,
            "notes": one.outcome.notes,
        }
        for one in results
    ]  # fmt: skip
