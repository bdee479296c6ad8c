"""`python -m tests.faults.mutants`: break a copy of the package in one place at a time; the harness must find each.

Exit 0 all found, 3 one was not. Each mutant is a list of exact replacements: one that no longer applies is an error.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.faults.campaign import Run, run_once
from tests.faults.rows import kill, rebalance, state
from tests.faults.stage import Stage

HERE = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One way to be wrong, and the row that must find it within so many runs."""

    name: str
    changes: tuple[tuple[str, str, str], ...]  # file, what stands there, what shall
    finder: Run
    runs: int = 1


MUTANTS = (
    Mutant(
        "offsets outside the transaction",
        (
            (
                "kafka/producer.py",
                '            passed("begin")\n',
                "            if offsets:\n"
                "                await self._transaction.move(offsets)\n"
                "                await self._transaction.end(commit=True)\n"
                "                offsets = {}\n"
                '            passed("begin")\n',
            ),
        ),
        kill.at_points,
    ),
    Mutant(
        "RocksDB before commit",
        (
            (
                "kafka/step.py",
                '        failpoint("step.after_compute")\n',
                "        rows = (await self._owned.engine.cut()).rows()\n"
                "        saved = self._owned.store.saved()\n"
                "        if saved is not None:\n"
                "            self._owned.store.apply(rows, saved)\n"
                "            self._owned.store._db.flush()\n"
                "            await self._owned.engine.saved()\n"
                '        failpoint("step.after_compute")\n',
            ),
        ),
        kill.at_points,
    ),
    Mutant(
        "one changelog record dropped",
        (
            (
                "kafka/snapshot.py",
                "    return joined(first, rows, last)\n",
                "    return joined(first, rows.part(1, rows.size), last)\n",
            ),
            # A digest of what is written: the one of all rows would tell, and the rows would be rebuilt.
            ("kafka/snapshot.py", "    digest.add(rows)\n", "    digest.add(rows[1:])\n"),
            ("kafka/snapshot.py", "rows=len(rows),", "rows=len(rows[1:]),"),
        ),
        state.lost,
        2,
    ),
    Mutant(
        "journal range off by one",
        (
            (
                "kafka/step.py",
                "taken.values_range, taken.orders_range, taken.controls",
                "taken.values_range, (taken.orders_range[0], max(taken.orders_range[0], taken.orders_range[1] - 1)), "
                "taken.controls",
            ),
        ),
        state.lost,
    ),
    Mutant(
        "no producer fencing",
        (
            (
                "kafka/config.py",
                '        return f"{self.app_id}-{partition}"\n',
                '        import os\n\n        return f"{self.app_id}-{partition}-{os.getpid()}"\n',
            ),
        ),
        rebalance.paused,
        5,
    ),
    Mutant(
        "memory kept over a reassignment",
        (
            (
                "kafka/takeover.py",
                "        engine = PacedEngine(self._engines(self._partition, self._config.partitions, store))\n",
                "        engine = KEPT.setdefault(\n"
                "            self._partition,\n"
                "            PacedEngine(self._engines(self._partition, self._config.partitions, store)),\n"
                "        )\n",
            ),
            ("kafka/takeover.py", "Bounds = dict[", "KEPT: dict[int, PacedEngine] = {}\nBounds = dict["),
        ),
        rebalance.storm,
        2,
    ),
)


def broken_copy(mutant: Mutant, origin: Path, folder: Path) -> Path:
    """A copy of the package with the mutant's changes; the folder to put on the path."""
    root = folder / "package"  # the same path for all: what is compiled for the first serves every other
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(origin / "risk_stream", root / "risk_stream", ignore=shutil.ignore_patterns("__pycache__"))
    for name, old, new in mutant.changes:
        path = root / "risk_stream" / name
        text = path.read_text("utf-8")
        if text.count(old) != 1:
            raise LookupError(f"{mutant.name}: {name} has {text.count(old)} places like {old!r}")
        path.write_text(text.replace(old, new), "utf-8")
    return root


async def findings_of(mutant: Mutant, stage: Stage) -> list[str]:
    """What the row finds, within its runs."""
    for number in range(mutant.runs):
        outcome = await run_once(mutant.finder, stage, number, short=True)
        if outcome.findings:
            return outcome.findings
    return []


def main() -> int:
    """Run every mutant, or those whose name contains a given text."""
    parser = argparse.ArgumentParser(prog="tests.faults.mutants", description=__doc__)
    parser.add_argument("--only", default="", help="part of a mutant's name")
    parser.add_argument("--package-root", type=Path, default=HERE, help="break a copy of this package")
    options = parser.parse_args()
    missed = 0
    with tempfile.TemporaryDirectory(prefix="risk-stream-mutants-") as folder:
        for mutant in MUTANTS:
            if options.only not in mutant.name:
                continue
            with Stage(7, broken_copy(mutant, options.package_root, Path(folder))) as stage:
                findings = asyncio.run(findings_of(mutant, stage))
            missed += not findings
            print(f"{mutant.name}: {'found: ' + findings[0][:300] if findings else 'NOT FOUND'}", flush=True)
    return 3 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
