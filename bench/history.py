"""What history costs: us a valuation and a check, bytes a snapshot, with 1 day of history and with 90, and the ratios.

    python -m bench.history [--rounds N] [--json]

Three pasts of a valuation every five minutes: a day, 90 days, and 90 days of which the last 30 fall steadily (the
longest queue of peaks there is: 8,640 entries). Each is then measured in rounds that take turns, in CPU time, so that
other work on the machine disturbs all alike. Before anything is measured the peaks are compared with those of a list of
all values. Exit code 1 when 90 days cost more than 1.2 times what a day costs.
"""

import argparse
import json
import statistics
import sys
import time
from dataclasses import dataclass, field
from decimal import Decimal

from risk_stream.decide.engine import Engine, StepOutput
from risk_stream.messages.control import SetLimit
from risk_stream.messages.limit import Action, Limit, Scope
from risk_stream.messages.limit_kind import LimitKind
from risk_stream.messages.records import NO_RECORDS, Records, records_from
from risk_stream.rules.book import Controls

EVERY_MS = 300_000
DAY_MS = 86_400_000
A_DAY = DAY_MS // EVERY_MS
WINDOWS = {"P1D": A_DAY, "P7D": 7 * A_DAY, "P30D": 30 * A_DAY}
START_MS = 1_795_341_600_000
PORTFOLIOS = 8
VALUATIONS = 100  # a portfolio and round
ORDERS = 100  # a portfolio and round
RATIO_MAX = 1.2
UNITS = {"valuation": "us", "check": "us", "snapshot": "bytes a portfolio"}


class _Nothing:
    """No saved rows."""

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        return [None] * len(keys)


def plan_limits() -> list[Limit]:
    """A drawdown limit a window, and rolling counts: all that looks at history."""
    windows = {"total": 0, "day": DAY_MS, "week": 7 * DAY_MS, "month": 30 * DAY_MS}
    falls = [
        Limit(f"fall-{name}", LimitKind.DRAWDOWN, Scope(), Decimal("0.9"), window_ms=ms, adverse_move=10**6)
        for name, ms in windows.items()
    ]
    rolling = [
        Limit(f"{kind.lower()}-{ms}", kind, Scope(), Decimal(10**9), window_ms=ms, action=Action.WARN)
        for kind in (LimitKind.ORDER_RATE, LimitKind.TURNOVER, LimitKind.DUPLICATE_ORDER)
        for ms in (60_000, 3_600_000, DAY_MS)
    ]
    return falls + rolling


@dataclass
class Past:
    """An engine with some history, and every value it was given."""

    name: str
    days: int
    falling_days: int
    values: list[int] = field(default_factory=list)
    spent: dict[str, list[float]] = field(default_factory=lambda: {"valuation": [], "check": [], "snapshot": []})

    def __post_init__(self) -> None:
        controls = Controls()
        for offset, limit in enumerate(plan_limits()):
            controls.append(offset, SetLimit(limit, "bench", "history", START_MS))
        self.plan = controls.plan()
        self.engine = Engine(0, 1, _Nothing())
        self.now = START_MS - self.days * DAY_MS
        self.offset = 0
        for _ in range(self.days):
            answer = self.engine.step(self.valuations(A_DAY), NO_RECORDS, self.plan)
        self.check(answer)

    def next_value(self) -> int:
        """A zigzag over days, or one less each time."""
        count = len(self.values)
        if count >= (self.days - self.falling_days) * A_DAY and self.falling_days:
            return self.values[-1] - 1
        return 10_000_000 + count * 7919 % 100_003

    def valuations(self, count: int) -> Records:
        """The next valuations of every portfolio, all portfolios alike."""
        keys: list[bytes | None] = []
        values: list[bytes | None] = []
        timestamps: list[int] = []
        for _ in range(count):
            self.now += EVERY_MS
            self.values.append(self.next_value())
            for number in range(PORTFOLIOS):
                keys.append(b"P%d" % number)
                values.append(b'{"portfolio_id":"P%d","total_value":%d}' % (number, self.values[-1]))
                timestamps.append(self.now)
        self.offset += len(keys)
        return records_from(list(range(self.offset - len(keys), self.offset)), timestamps, keys, values)

    def orders(self, count: int) -> Records:
        """New orders of every portfolio, a fifth of them equal to one another."""
        keys: list[bytes | None] = []
        values: list[bytes | None] = []
        for number in range(count * PORTFOLIOS):
            name = b"P%d" % (number % PORTFOLIOS)
            keys.append(name)
            values.append(
                b'{"order_id":"o%d-%d","portfolio_id":"%b","symbol":"S","side":"BUY","quantity":%d,"price":10}'
                % (self.now, number, name, 1 + number % 5)
            )
        self.offset += len(keys)
        offsets = list(range(self.offset - len(keys), self.offset))
        return records_from(offsets, [self.now] * len(keys), keys, values)

    def round(self) -> None:
        """Measure one round of valuations and one of orders."""
        values = self.valuations(VALUATIONS)
        start = time.process_time()
        answer = self.engine.step(values, NO_RECORDS, self.plan)
        self.spent["valuation"].append((time.process_time() - start) / values.size * 1e6)
        self.check(answer)
        orders = self.orders(ORDERS)
        start = time.process_time()
        decided = self.engine.step(NO_RECORDS, orders, self.plan)
        self.spent["check"].append((time.process_time() - start) / orders.size * 1e6)
        if decided.counts.get("OK") != orders.size:
            raise SystemExit(f"{self.name}: not every order was approved: {decided.counts}")
        self.spent["snapshot"].append(
            sum(len(key) + len(value or b"") for key, value in self.engine.cut().rows()) / PORTFOLIOS
        )
        self.engine.saved()

    def check(self, answer: StepOutput) -> None:
        """Raise SystemExit unless the peaks are those of the list of all values."""
        peaks = {name: str(max(self.values[-count:])) for name, count in WINDOWS.items()}
        peaks["TOTAL"] = str(max(self.values))
        for payload in answer.portfolio_risk.values.as_list():
            found = json.loads(payload or b"")["peaks"]
            if found != peaks:
                raise SystemExit(f"{self.name}: {found} is not {peaks}")


def measure(rounds: int) -> dict[str, dict[str, list[float]]]:
    """By past, then by what was measured (`UNITS`): what each round cost. One more is run first and not counted."""
    pasts = [Past("1 day", 1, 0), Past("90 days", 90, 0), Past("90 days, 30 falling", 90, 30)]
    for number in range(rounds + 1):
        for past in pasts[number % 3 :] + pasts[: number % 3]:
            past.round()
    return {past.name: {what: spent[1:] for what, spent in past.spent.items()} for past in pasts}


def ratios(spent: dict[str, dict[str, list[float]]]) -> dict[str, dict[str, float]]:
    """Median of each past over the median of the first."""
    first, *others = spent
    return {
        name: {what: statistics.median(spent[name][what]) / statistics.median(spent[first][what]) for what in runs}
        for name, runs in ((other, spent[other]) for other in others)
    }


def print_table(spent: dict[str, dict[str, list[float]]], found: dict[str, dict[str, float]]) -> None:
    """Every run, the median and the ratio."""
    for name, runs in spent.items():
        for what, rates in runs.items():
            ratio = f"   ratio {found[name][what]:.2f}" if name in found else ""
            listed = " ".join(f"{rate:6.2f}" for rate in rates)
            print(f"{name:22}{what:10} {listed}   median {statistics.median(rates):.2f} {UNITS[what]}{ratio}")


def main() -> int:
    """0 when history costs nothing, 1 when it does."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    spent = measure(arguments.rounds)
    found = ratios(spent)
    if arguments.json:
        print(json.dumps({"spent": spent, "units": UNITS, "ratio": found, "ratio_max": RATIO_MAX}))
    else:
        print_table(spent, found)
    flat = all(ratio <= RATIO_MAX for one in found.values() for ratio in one.values())
    if not flat:
        print(f"history costs more than {RATIO_MAX} times a day's", file=sys.stderr)
    return 0 if flat else 1


if __name__ == "__main__":
    raise SystemExit(main())
