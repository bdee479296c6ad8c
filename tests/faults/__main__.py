"""`python -m tests.faults`: run rows of the fault matrix. Exit 0 all survived, 3 a finding, 2 wrong usage."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.faults.campaign import as_data, as_markdown, campaign
from tests.faults.rows import ROWS
from tests.faults.stage import Soak, Stage


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="tests.faults", description=__doc__)
    parser.add_argument("--rows", help="numbers with commas (default: all)")
    parser.add_argument("--runs", type=int, default=1, help="short runs of each row (default: 1)")
    parser.add_argument("--full", action="store_true", help="the full campaign: long runs, as many as the matrix says")
    parser.add_argument("--orders", type=int, help="of the soak (default: 5,000,000)")
    parser.add_argument("--minutes", type=float, help="of the soak, at most")
    parser.add_argument("--rate", type=float, help="of the soak, orders a second (default: 2,500)")
    parser.add_argument("--jobs", type=int, default=1, help="runs at once, each on a broker of its own (default: 1)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--package-root", type=Path, help="run the workers of this copy of the package")
    parser.add_argument("--report", type=Path, help="write the report here (Markdown)")
    parser.add_argument("--json", action="store_true", help="the report as JSON on stdout")
    options = parser.parse_args()
    wanted = {int(number) for number in options.rows.split(",")} if options.rows else {row.number for row in ROWS}
    rows = [row for row in ROWS if row.number in wanted and (not row.privileged or os.geteuid() == 0)]
    left_out = wanted - {row.number for row in rows}
    if left_out:
        print(f"left out (unknown, or root is needed): rows {sorted(left_out)}", file=sys.stderr)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # told to end, it still clears up
    with ExitStack() as stages:
        used = [stages.enter_context(Stage(options.seed, options.package_root)) for _ in range(options.jobs)]
        for stage in used:
            stage.soak = Soak.of(options.orders, options.minutes, options.rate)
        report: Path | None = options.report
        told = (lambda so_far: report.write_text(as_markdown(so_far))) if report else len
        results = campaign(used, rows, None if options.full else options.runs, told)
    print(json.dumps(as_data(results)) if options.json else as_markdown(results))
    return 3 if any(one.outcome.findings for one in results) else 0


if __name__ == "__main__":
    sys.exit(main())
