"""`python -m tests.simulation --schedules N [--seed S]`: run schedules; the seed is printed when one fails (exit 3)."""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter

from tests.simulation.inputs import InputLogs, mixed
from tests.simulation.owner import Inputs
from tests.simulation.schedule import Schedule

SCHEDULES_PER_INPUT = 50
JUDGED_EVERY = 50
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


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="tests.simulation", description=__doc__)
    parser.add_argument("--schedules", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    began = time.monotonic()
    try:
        events = run(options.seed, options.schedules)
    except AssertionError as error:
        traceback.print_exc(file=sys.stderr)
        print(f"failed: {error}")
        return 3
    print(f"{options.schedules} schedules in {time.monotonic() - began:.0f} s: {dict(sorted(events.items()))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
