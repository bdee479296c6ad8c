"""Engine against naive model, step by step, over a random stream: `python -m tests.decide.compare --orders N --seed S`.

The engine also lives through what a worker does to it: its rows are cut and saved, portfolios are evicted, and now and
then it is thrown away and starts again from its rows. None of that may change an answer.
"""

import argparse
import json
import random
import sys
import time
from collections import Counter

from risk_stream.audit.naive import NaiveModel
from risk_stream.decide.engine import Engine
from risk_stream.messages.decode import decode_control
from risk_stream.messages.fault import Fault
from risk_stream.messages.records import Records, records_from
from risk_stream.rules.book import Controls
from tests.decide.streams import TEMPERS, Record, Stream, StreamStep
from tests.scenarios.answers import Output
from tests.scenarios.engine_adapter import MemoryRows, outputs_of

RISK_FIELDS = ("total_value", "peaks", "drawdowns", "gross_exposure", "net_exposure", "open_orders", "trading_state")
RESIDENT_MAX = 3


class Difference(AssertionError):
    """The two programs answered a step differently."""


class Comparison:
    """Both programs on one partition."""

    def __init__(self, seed: int, partition: int = 0, partitions: int = 1) -> None:
        self.chance = random.Random(seed)
        self.partition, self.partitions = partition, partitions
        self.naive = NaiveModel(partition, partitions)
        self.controls = Controls()
        self.rows = MemoryRows()
        self.engine = self.new_engine()
        self.codes: Counter[str] = Counter()
        """How often each answer came."""
        self.handled: Counter[str] = Counter()
        """What was sent, by kind."""

    def new_engine(self) -> Engine:
        """An engine that knows only what is in the rows."""
        return Engine(self.partition, self.partitions, self.rows, resident_max=RESIDENT_MAX)

    def step(self, step: StreamStep) -> None:
        """One step on both; raises Difference."""
        for record in step.controls:
            self.control(record)
        expected = self.naive_outputs(step)
        result = self.engine.step(records_of(step.values), records_of(step.orders), self.controls.plan())
        compare_outputs(expected, outputs_of(result), step)
        for payload in result.portfolio_risk.values.as_list():
            self.compare_picture(json.loads(payload or b""))
        self.codes.update(
            str(payload.get("code") or payload.get("event") or payload["reason"]) for _, payload in expected
        )
        self.handled.update(controls=len(step.controls), values=len(step.values), orders=len(step.orders))
        self.handled["values late or repeated"] += result.counts["values_ignored"]
        self.handled["executions"] += sum(b'"EXECUTION"' in (record.value or b"") for record in step.values)
        self.disturb()

    def control(self, record: Record) -> None:
        """A control on both."""
        outputs = self.naive.control(record.offset, record.timestamp, record.key, record.value)
        control = decode_control(record.value, record.timestamp)
        self.controls.append(record.offset, control)
        reason = str(control.reason) if isinstance(control, Fault) else None
        expected = [str(payload["reason"]) for _, payload in outputs]
        if expected != ([] if reason is None else [reason]):
            raise Difference(f"control {record}\n naive  {expected}\n engine {reason}")

    def naive_outputs(self, step: StreamStep) -> list[Output]:
        """All outputs of the model, topic by topic."""
        outputs: list[Output] = []
        for record in step.values:
            outputs += self.naive.value(record.offset, record.timestamp, record.key, record.value)
        for record in step.orders:
            outputs += self.naive.order(record.offset, record.timestamp, record.key, record.value)
        topics = ("decisions", "violations", "dead-letters")
        return [output for topic in topics for output in outputs if output[0] == topic]

    def compare_picture(self, published: dict[str, object]) -> None:
        """The risk picture that the step published."""
        known = self.naive.risk(str(published["portfolio_id"]))
        for name in RISK_FIELDS:
            if published[name] != known[name]:
                raise Difference(
                    f"picture of {known['portfolio_id']}: {name}\n naive  {known[name]}\n engine {published[name]}"
                )

    def disturb(self) -> None:
        """Save, evict, restart."""
        draw = self.chance.random()
        if draw > 0.3:
            return
        self.rows.save(self.engine.cut())
        self.engine.saved()
        if draw < 0.1:
            self.engine = self.new_engine()


def compare_outputs(expected: list[Output], given: list[Output], step: StreamStep) -> None:
    """Raise Difference at the first output that is not the same, with the record it came from."""
    for number in range(max(len(expected), len(given))):
        wanted = expected[number] if number < len(expected) else None
        got = given[number] if number < len(given) else None
        if wanted != got:
            raise Difference(f"output {number}\n naive  {wanted}\n engine {got}\n{sources(step, wanted, got)}")


def sources(step: StreamStep, *outputs: Output | None) -> str:
    """The records these outputs came from."""
    text = json.dumps([output[1] for output in outputs if output is not None], default=str)
    found = [
        f" {name} {record}"
        for name, records, mark in (("order", step.orders, '"0@{}"'), ("value", step.values, ":v:0:{}"))
        for record in records
        if mark.format(record.offset) in text or f'@{record.offset}"' in text
    ]
    return "\n".join(found)


def records_of(records: list[Record]) -> Records:
    """Records as the engine takes them."""
    return records_from(
        [record.offset for record in records],
        [record.timestamp for record in records],
        [record.key for record in records],
        [record.value for record in records],
    )


def compare(seed: int, orders: int, temper: str | None = None) -> Counter[str]:
    """Run one stream on both; how often each answer came."""
    return run(seed, orders, temper).codes


def run(seed: int, orders: int, temper: str | None) -> Comparison:
    """Run one stream on both, to its end; raises Difference."""
    partitions = 1 + 3 * (seed % 2)
    partition = 0 if partitions == 1 else seed % 4
    comparison = Comparison(seed, partition, partitions)
    for number, step in enumerate(Stream(seed, partition, partitions, temper).steps(orders)):
        try:
            comparison.step(step)
        except Difference as difference:
            raise Difference(f"seed {seed}, step {number}: {difference}") from None
    return comparison


def main() -> int:
    """Run streams from rising seeds until that many orders were compared."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--orders-per-stream", type=int, default=3_000)
    parser.add_argument("--temper", choices=sorted(TEMPERS))
    arguments = parser.parse_args()
    answers: Counter[str] = Counter()
    handled: Counter[str] = Counter()
    seed, left, started = arguments.seed, arguments.orders, time.monotonic()
    while left > 0:
        size = min(left, arguments.orders_per_stream)
        compared = run(seed, size, arguments.temper)
        answers += compared.codes
        handled += compared.handled
        left -= size
        print(f"seed {seed}: {size} orders agree, {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        seed += 1
    print(json.dumps({"handled": handled, "answers": dict(sorted(answers.items()))}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
