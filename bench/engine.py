"""CPU microseconds an order of the decision engine alone, beside the plainest Python loop on the same orders.

    python -m bench.engine [--rounds N] [--json]

The loop decodes with the standard library's json, adds up a number a portfolio, and encodes an answer: it changes with
the machine and the Python, never with this code. Both take turns, batch by batch, in CPU time, so their ratio says
whether the engine became slower; tests/bench keeps it under a limit. The engine's approvals of the peers' job are
compared with the right ones first.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from bench.job import Job, full_job, peers_job, right_answers
from bench.shape import START_MS, Shape, portfolio_id
from risk_stream.decide.engine import Engine
from risk_stream.messages.decode import decode_control
from risk_stream.messages.records import NO_RECORDS, Records, records_from
from risk_stream.rules.book import Controls
from risk_stream.rules.plan import Plan

BATCH = 2_000
PORTFOLIOS = 1_000
APPEND_MS = START_MS + 86_400_000
JOBS: dict[str, Callable[[Shape], Job]] = {"peers": peers_job, "full": full_job}

Row = tuple[bytes, bytes]


class NoRows:
    """No saved state."""

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        """None of them."""
        return [None] * len(keys)


@dataclass(frozen=True, slots=True)
class Costs:
    """CPU us an order, batch by batch."""

    job: str
    engine: list[float]
    floor: list[float]

    @property
    def ratio(self) -> float:
        """Median of the engine over median of the loop."""
        return statistics.median(self.engine) / statistics.median(self.floor)


def measure(name: str, rounds: int) -> Costs:
    """Let engine and loop take turns; the first two batches are not counted. Raises SystemExit on a wrong answer."""
    shape = Shape(rounds * BATCH, PORTFOLIOS)
    job = JOBS[name](shape)
    right = right_answers(shape) if name == "peers" else None
    engine, plan = _engine_of(job)
    rows = [(portfolio_id(draw.portfolio).encode(), job.order(draw)) for draw in shape.draws()]
    sums: dict[str, float] = {}
    costs = Costs(name, [], [])
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        records = _records(batch, start)
        before = time.process_time()
        output = engine.step(NO_RECORDS, records, plan)
        between = time.process_time()
        plain_loop(batch, sums)
        after = time.process_time()
        costs.engine.append((between - before) / BATCH * 1e6)
        costs.floor.append((after - between) / BATCH * 1e6)
        answers = [
            orjson.loads(value)["decision"] == "APPROVED" for value in output.decisions.values.as_list() if value
        ]
        if right is not None and bytearray(answers) != right[start : start + BATCH]:
            raise SystemExit("the engine's answers are not the right ones")
    return Costs(name, costs.engine[2:], costs.floor[2:])


def plain_loop(batch: list[Row], sums: dict[str, float]) -> None:
    """What anybody would write first."""
    for _, value in batch:
        order = json.loads(value)
        name = order["portfolio_id"]
        sums[name] = sums.get(name, 0.0) + order["quantity"] * order["price"]
        json.dumps({"order_id": order["order_id"], "portfolio_id": name, "decision": "APPROVED", "ts": order["ts"]})


def _engine_of(job: Job) -> tuple[Engine, Plan]:
    controls = Controls()
    for offset, value in enumerate(job.controls()):
        controls.append(offset, decode_control(value, START_MS))
    engine, plan = Engine(0, 1, NoRows()), controls.plan()
    values = [(portfolio_id(number).encode(), job.value(number)) for number in range(PORTFOLIOS)]
    engine.step(_records(values, 0), NO_RECORDS, plan)
    return engine, plan


def _records(rows: list[Row], first: int) -> Records:
    offsets = list(range(first, first + len(rows)))
    return records_from(offsets, [APPEND_MS] * len(rows), [key for key, _ in rows], [value for _, value in rows])


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = [measure(name, options.rounds) for name in JOBS]
    if options.json:
        print(json.dumps({one.job: {"engine": one.engine, "floor": one.floor, "ratio": one.ratio} for one in found}))
        return
    print("| job | engine, CPU us/order: median (least to most) | plain loop | ratio |\n|---|---|---|---:|")
    for one in found:
        cells = (f"{statistics.median(us):.2f} ({min(us):.2f} to {max(us):.2f})" for us in (one.engine, one.floor))
        print(f"| {one.job} | {' | '.join(cells)} | {one.ratio:.2f} |")


if __name__ == "__main__":
    main()
