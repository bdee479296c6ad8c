"""Runs rows and writes what they showed."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
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


async def campaign(
    stage: Stage, rows: Sequence[Row], runs: int | None, told: Callable[[Sequence[Result]], object] = len
) -> list[Result]:
    """Run each row so often (None: as often as the full campaign says); everything goes on after a failure.

    `told` gets the results so far after each run: a campaign takes hours.
    """
    results = []
    for row in rows:
        result = Result(row)
        results.append(result)
        for number in range(row.runs if runs is None else runs):
            await _once(stage, row, number, runs is not None, result)
            told(results)
    return results


async def run_once(run: Run, stage: Stage, number: int, short: bool) -> Outcome:
    """One run; that it could not be run is a finding, too."""
    try:
        return await run(stage, number, short)
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        return Outcome(findings=[f"the run itself failed: {type(error).__name__}: {error}"])


async def _once(stage: Stage, row: Row, number: int, short: bool, result: Result) -> None:
    began = monotonic()
    outcome = await run_once(row.run, stage, number, short)
    result.runs += 1
    result.seconds += monotonic() - began
    result.survived += not outcome.findings
    total = result.outcome
    total.injected += outcome.injected
    total.findings += outcome.findings
    total.recovery_seconds += outcome.recovery_seconds
    total.notes += outcome.notes
    for name, count in outcome.judged.items():
        total.judged[name] = total.judged.get(name, 0) + count
    state = "ok" if not outcome.findings else "; ".join(outcome.findings[:5])
    print(f"row {row.number} run {number + 1}: {monotonic() - began:.0f} s, {state}", file=sys.stderr, flush=True)
    if stage.broker.running is False:
        stage.broker.start()


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
