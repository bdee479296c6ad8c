"""CPU microseconds of the decision engine a record of `portfolio-values`: executions, valuations, and their pictures.

    python -m bench.values [--rounds N] [--positions N ...] [--json]

2,000 records a step over 500 portfolios, so each portfolio gets its risk picture in each step. Executions partly fill
orders that are open; the orders' own steps are not counted.

Then valuations of a portfolio that holds that many positions, with a limit on each position and one on each of ten
sectors: all of them within, or all breached since the first valuation, so that no event is told either way; and
executions of such portfolios, one of each of 50 in a step, so that each pays for a risk picture.
"""

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable

from bench.engine import NoRows
from bench.shape import START_MS, portfolio_id
from risk_stream.decide.engine import Engine
from risk_stream.messages.decode import decode_control
from risk_stream.messages.records import NO_RECORDS, Records, records_from
from risk_stream.rules.book import Controls

RECORDS = 2_000
PORTFOLIOS = 500
POSITIONS = 5
WARM_UP = 2
"""Steps not counted."""
HELD = (10, 100, 1_000, 4_000)
HELD_WORK = 100_000
"""Positions looked at a step, about: the more are held, the fewer valuations."""
SECTORS = 10
FILLED = 50
"""Portfolios that hold many positions and get an execution each a step."""
THRESHOLDS = {"within": "1000000", "breached": "0"}

Message = dict[str, object]


def order(number: int) -> Message:
    """An order that stays open for the executions of its number."""
    return {"order_id": f"o-{number}", "symbol": f"S{number % 40}", "side": "BUY", "quantity": "100", "price": "10"}


def execution(number: int) -> Message:
    """A fill of a hundredth of the order."""
    return {
        "type": "EXECUTION",
        "order_id": f"o-{number}",
        "execution_id": f"e-{number}",
        "status": "PARTIALLY_FILLED",
        "symbol": f"S{number % 40}",
        "side": "BUY",
        "last_quantity": 1,
        "last_price": 182.25,
        "ts": START_MS + number,
    }


def valuation(number: int) -> Message:
    """A valuation without positions."""
    return {"type": "VALUATION", "total_value": 1_000_000.25 + number, "cash_flow": "0", "ts": START_MS + number}


def snapshot(number: int) -> Message:
    """A valuation with positions."""
    held = [
        {"symbol": f"S{(number + place) % 40}", "quantity": 100 + place, "price": 182.25, "sector": "TECH"}
        for place in range(POSITIONS)
    ]
    return {**valuation(number), "positions": held}


KINDS: dict[str, Callable[[int], Message]] = {
    "executions": execution,
    "valuations": valuation,
    f"valuations with {POSITIONS} positions": snapshot,
}


def measure(make: Callable[[int], Message], rounds: int) -> list[float]:
    """Microseconds a record, step by step."""
    engine, plan = Engine(0, 1, NoRows()), Controls().plan()
    costs = []
    for number in range(rounds + WARM_UP):
        first = number * RECORDS
        engine.step(NO_RECORDS, records_of(order, first), plan)
        values = records_of(make, first)
        before = time.process_time()
        output = engine.step(values, NO_RECORDS, plan)
        costs.append((time.process_time() - before) / RECORDS * 1e6)
        if output.portfolio_risk.size != PORTFOLIOS or output.dead_letters.size:
            raise SystemExit(f"{output.portfolio_risk.size} pictures, {output.dead_letters.size} dead letters")
    return costs[WARM_UP:]


def holding(positions: int) -> Callable[[int], Message]:
    """A valuation with so many positions, in no order."""
    held = [
        {"symbol": f"S{place}", "quantity": 1 + place, "price": 182.25, "sector": f"T{place % SECTORS}"}
        for place in random.Random(positions).sample(range(positions), positions)
    ]
    return lambda number: {**valuation(number), "positions": held}


def measure_fills(positions: int, rounds: int) -> list[float]:
    """Microseconds an execution of a portfolio that holds these, step by step."""
    engine, plan = Engine(0, 1, NoRows()), Controls().plan()
    for number in range(FILLED):  # one at a time: 4,000 positions are a record of 300 kB
        engine.step(records_of(holding(positions), number, 1, FILLED), NO_RECORDS, plan)
    costs = []
    for number in range(1, rounds + WARM_UP + 1):
        engine.step(NO_RECORDS, records_of(order, number * FILLED, FILLED, FILLED), plan)
        values = records_of(execution, number * FILLED, FILLED, FILLED)
        before = time.process_time()
        output = engine.step(values, NO_RECORDS, plan)
        costs.append((time.process_time() - before) / FILLED * 1e6)
        if output.portfolio_risk.size != FILLED or output.dead_letters.size:
            raise SystemExit(f"{output.portfolio_risk.size} pictures, {output.dead_letters.size} dead letters")
    return costs[WARM_UP:]


def measure_held(positions: int, threshold: str, rounds: int) -> list[float]:
    """Microseconds a valuation of a portfolio that holds these, step by step."""
    controls = Controls()
    for offset, kind in enumerate(("POSITION_SIZE", "SECTOR_EXPOSURE")):
        limit = {"type": "SET_LIMIT", "limit_id": kind, "kind": kind, "threshold": threshold}
        controls.append(offset, decode_control(json.dumps({**limit, "actor": "a", "reason": "r"}).encode(), START_MS))
    engine, plan = Engine(0, 1, NoRows()), controls.plan()
    engine.step(records_of(holding(positions), 0, 1), NO_RECORDS, plan)
    count = min(RECORDS, HELD_WORK // max(positions, 1))
    costs = []
    for number in range(rounds + WARM_UP):
        values = records_of(valuation, 1 + number * count, count, portfolios=1)
        before = time.process_time()
        output = engine.step(values, NO_RECORDS, plan)
        costs.append((time.process_time() - before) / count * 1e6)
        if output.violations.size or output.dead_letters.size:
            raise SystemExit(f"{output.violations.size} events, {output.dead_letters.size} dead letters")
    return costs[WARM_UP:]


def records_of(
    make: Callable[[int], Message], first: int, count: int = RECORDS, portfolios: int = PORTFOLIOS
) -> Records:
    """A step's records."""
    numbers = range(first, first + count)
    names = [portfolio_id(number % portfolios) for number in numbers]
    values: list[bytes | None] = [
        json.dumps({"portfolio_id": name, **make(number)}).encode() for name, number in zip(names, numbers, strict=True)
    ]
    return records_from(
        list(numbers), [START_MS + number for number in numbers], [name.encode() for name in names], values
    )


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser(description="CPU microseconds a record of portfolio-values")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--positions", type=int, nargs="*", default=HELD)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    costs = {name: measure(make, options.rounds) for name, make in KINDS.items()}
    for positions in options.positions:
        for name, threshold in THRESHOLDS.items():
            what = f"valuations of {positions:,} positions held, limits on each {name}"
            costs[what] = measure_held(positions, threshold, options.rounds)
        costs[f"executions beside {positions:,} positions held"] = measure_fills(positions, options.rounds)
    if options.json:
        print(json.dumps(costs))
        return
    for name, each in costs.items():
        print(f"{name}: {statistics.median(each):.2f} us ({min(each):.2f} to {max(each):.2f})")


if __name__ == "__main__":
    main()
