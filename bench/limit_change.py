"""How soon a pushed limit is in effect while a worker decides as fast as it can.

    python -m bench.limit_change [--orders 1000000] [--changes 10] [--pause 0.4] [--seconds-max 1.0] [--json]

A log of orders waits for a worker, so it never idles. Meanwhile a limit is set again and again, each time with another
threshold. Of each change, from the broker's word that it has the control:

    first   until the first decision that names its version (inputs.controls) was on the log, on the fastest partition
    all     the same on the slowest partition: from then on the change holds everywhere
    visible until that decision was surely committed: the next step's journal record of that partition was on the log

Times are the broker's (LogAppendTime); it is the same clock as the acknowledgement's. No number is printed unless every
order has one decision, every decision names the version that the journal has for it, versions never go back in a
partition, and every decision is the one that the threshold of its version asks for. Exit code 1 when a change took
longer than --seconds-max until `all`.
"""

import argparse
import asyncio
import json
import logging
import statistics
import sys
import tempfile
import time
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer

from bench.answers import POLL_MS, RECORDS_MAX, WrongAnswers, reader
from bench.job import QUANTITY_MAX, peers_job
from bench.process import Measured
from bench.report import conditions
from bench.shape import START_MS, Shape
from bench.stage import PARTITIONS, Stage, build, group_of, written
from bench.systems import SYSTEMS
from risk_stream.broker.embedded import EmbeddedBroker
from risk_stream.kafka.journal import JournalRecord

LIMIT_ID = "changing"
THRESHOLDS = (QUANTITY_MAX, 100)
"""In turns: one that refuses hardly any order, one that refuses nine in ten."""
START_TIMEOUT_S = 180.0
STALL_S = 60.0
POLL_S = 0.02


class Inputs(msgspec.Struct):
    """Of a decision."""

    order: str
    controls: int


class Listed(msgspec.Struct):
    """A violation of a decision."""

    limit_id: str
    severity: str
    threshold: str


class Decision(msgspec.Struct):
    """What is looked at of a decision."""

    inputs: Inputs
    decision: str
    violations: list[Listed]


@dataclass(frozen=True, slots=True)
class Change:
    """A pushed limit: its version, what it says, and when the broker had it (epoch ms)."""

    version: int
    threshold: int
    acked_ms: int


@dataclass(slots=True)
class Step:
    """A journal record: where its orders end, its version, when it was written."""

    orders_to: int
    version: int
    append_ms: int


@dataclass(frozen=True, slots=True)
class Took:
    """One change, seconds."""

    version: int
    threshold: int
    first_s: float
    all_s: float
    visible_s: float


@dataclass(slots=True)
class Seen:
    """What one partition answered."""

    orders: int = 0
    first_at: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Version to the offset of the first order decided at it, and when that was on the log (epoch ms)."""
    started_ms: int = 0
    ended_ms: int = 0


async def push(stage: Stage, changes: int, pause_s: float, worker: Measured) -> list[Change]:
    """Wait until the worker decides, then set the limit that often."""
    async with reader(stage.bootstrap) as consumer:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not await written(consumer, stage):
            worker.check()
            if time.monotonic() > deadline:
                raise RuntimeError(f"no decision within {START_TIMEOUT_S:g} s:\n{worker.said()[-2000:]}")
            await asyncio.sleep(POLL_S)
    pushed = []
    async with AIOKafkaProducer(bootstrap_servers=stage.bootstrap, acks="all", enable_idempotence=True) as producer:
        for number in range(changes):
            threshold = THRESHOLDS[(number + 1) % 2]
            limit = {
                "type": "SET_LIMIT",
                "limit_id": LIMIT_ID,
                "kind": "MAX_ORDER_QUANTITY",
                "threshold": threshold,
                "warn_ratio": 1,
                "actor": "bench",
                "reason": "under load",
                "ts": START_MS,
            }
            told = await producer.send_and_wait(stage.topic("controls"), json.dumps(limit).encode(), partition=0)
            pushed.append(Change(told.offset, threshold, told.timestamp))
            await asyncio.sleep(pause_s)
    return pushed


async def decided(stage: Stage, worker: Measured) -> None:
    """Return when all orders have an answer."""
    async with reader(stage.bootstrap) as consumer:
        consumer.assign(tps := stage.partitions_of("journal"))
        ends = await consumer.end_offsets(stage.partitions_of("orders"))
        wanted = {tp.partition: end for tp, end in ends.items()}
        await consumer.seek_to_beginning(*tps)
        moved_at = time.monotonic()
        while wanted:
            worker.check()
            for tp, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
                moved_at = time.monotonic()
                last = msgspec.json.decode(records[-1].value, type=JournalRecord)
                if last.orders[1] >= wanted.get(tp.partition, sys.maxsize):
                    del wanted[tp.partition]
            if time.monotonic() - moved_at > STALL_S:
                raise RuntimeError(f"nothing decided for {STALL_S:g} s; partitions {sorted(wanted)} are not done")


async def journals(stage: Stage) -> dict[int, list[Step]]:
    """The steps of each partition that handled orders."""
    decode = msgspec.json.Decoder(JournalRecord).decode
    steps: dict[int, list[Step]] = {number: [] for number in range(PARTITIONS)}
    async for record in _all(stage, "journal"):
        one = decode(record.value)
        if one.orders[1] > one.orders[0]:
            steps[record.partition].append(Step(one.orders[1], one.controls, record.timestamp))
    return steps


async def judge(stage: Stage, changes: list[Change], steps: dict[int, list[Step]]) -> dict[int, Seen]:
    """Read every decision; raise WrongAnswers unless all are as they must be."""
    thresholds = {change.version: change.threshold for change in changes}
    ends = {number: [step.orders_to for step in own] for number, own in steps.items()}
    seen = {number: Seen() for number in range(PARTITIONS)}
    versions = dict.fromkeys(range(PARTITIONS), -1)
    decode = msgspec.json.Decoder(Decision).decode
    offsets: dict[int, set[int]] = {number: set() for number in range(PARTITIONS)}
    async for record in _all(stage, "decisions"):
        one, partition = decode(record.value), record.partition
        version, offset = one.inputs.controls, int(one.inputs.order.partition("@")[2])
        place = f"order {partition}@{offset}"
        if offset in offsets[partition]:
            raise WrongAnswers(f"{place} has two decisions")
        offsets[partition].add(offset)
        journalled = steps[partition][bisect_right(ends[partition], offset)].version
        if version != journalled:
            raise WrongAnswers(f"{place} names controls {version}, the journal says {journalled}")
        if version < versions[partition]:
            raise WrongAnswers(f"{place} names controls {version} after {versions[partition]}")
        versions[partition] = version
        _check_threshold(place, one, thresholds.get(version))
        own = seen[partition]
        own.orders += 1
        own.first_at.setdefault(version, (offset, record.timestamp))
        own.started_ms = own.started_ms or record.timestamp
        own.ended_ms = record.timestamp
    count = sum(own.orders for own in seen.values())
    if count != stage.shape.orders:
        raise WrongAnswers(f"{count} decisions for {stage.shape.orders} orders")
    return seen


def _check_threshold(place: str, one: Decision, threshold: int | None) -> None:
    """What a decision says of the changing limit must be what its version says of it."""
    for listed in one.violations:
        if listed.limit_id == LIMIT_ID and (threshold is None or listed.threshold != str(threshold)):
            raise WrongAnswers(f"{place} names threshold {listed.threshold}, its version has {threshold}")


def times(changes: list[Change], seen: dict[int, Seen], steps: dict[int, list[Step]]) -> list[Took]:
    """How long each change took. A version that a partition passed over (a newer came) counts from the newer on."""
    took = []
    for change in changes:
        firsts, visible = [], []
        for partition, own in seen.items():
            later = [place for version, place in own.first_at.items() if version >= change.version]
            if not later:
                raise WrongAnswers(
                    f"partition {partition} was done before version {change.version} came: more --orders"
                )
            offset, append_ms = min(later)
            firsts.append(append_ms)
            number = bisect_right([step.orders_to for step in steps[partition]], offset)
            following = steps[partition][number + 1 : number + 2]
            visible.append(following[0].append_ms if following else append_ms)
        ms = [(value - change.acked_ms) / 1000 for value in (min(firsts), max(firsts), max(visible))]
        took.append(Took(change.version, change.threshold, *ms))
    return took


async def _all(stage: Stage, topic: str) -> Any:
    async with reader(stage.bootstrap) as consumer:
        assigned = stage.partitions_of(topic)
        consumer.assign(assigned)
        await consumer.seek_to_beginning(*assigned)
        left = await consumer.end_offsets(assigned)
        while left := {tp: end for tp, end in left.items() if await consumer.position(tp) < end}:
            for batch in (await consumer.getmany(*left, timeout_ms=POLL_MS, max_records=RECORDS_MAX)).values():
                for record in batch:
                    yield record


async def run(shape: Shape, changes: int, pause_s: float) -> tuple[list[Took], float]:
    """All of it on a broker of its own; the changes, and the orders a second meanwhile."""
    with EmbeddedBroker(heap_mb=1024) as broker, tempfile.TemporaryDirectory() as folder:
        assert broker.process is not None
        stage = await build(broker.bootstrap, "change.", peers_job(shape), shape, broker.process.pid)
        system = SYSTEMS["risk_stream"]
        environment = system.environment(stage, group_of(stage, "1"), Path(folder))
        with Measured(system.command(), environment) as worker:
            pushed = await push(stage, changes, pause_s, worker)
            await decided(stage, worker)
        steps = await journals(stage)
        seen = await judge(stage, pushed, steps)
        seconds = (max(own.ended_ms for own in seen.values()) - min(own.started_ms for own in seen.values())) / 1000
        return times(pushed, seen, steps), shape.orders / seconds


def summary(took: Iterable[Took]) -> dict[str, float]:
    """Medians and the longest, seconds."""
    rows = list(took)
    return {
        "first_s_median": statistics.median(one.first_s for one in rows),
        "all_s_median": statistics.median(one.all_s for one in rows),
        "all_s_max": max(one.all_s for one in rows),
        "visible_s_max": max(one.visible_s for one in rows),
    }


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--portfolios", type=int, default=10_000)
    parser.add_argument("--changes", type=int, default=10)
    parser.add_argument("--pause", type=float, default=0.4, help="seconds between changes")
    parser.add_argument("--seconds-max", type=float, default=1.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    shape = Shape(options.orders, options.portfolios)
    took, rate = asyncio.run(run(shape, options.changes, options.pause))
    told = summary(took)
    if options.json:
        print(
            json.dumps(
                {
                    "conditions": conditions(),
                    "shape": asdict(shape),
                    "orders_per_second": round(rate),
                    **told,
                    "seconds_max": options.seconds_max,
                    "changes": [asdict(one) for one in took],
                }
            )
        )
    else:
        for one in took:
            print(
                f"version {one.version}, threshold {one.threshold}: first {one.first_s:.3f} s, all {one.all_s:.3f} s, "
                f"visible {one.visible_s:.3f} s"
            )
        print(f"{rate:,.0f} orders/s meanwhile; in effect everywhere after {told['all_s_max']:.3f} s at most")
    return 0 if told["all_s_max"] <= options.seconds_max else 1


if __name__ == "__main__":
    sys.exit(main())
