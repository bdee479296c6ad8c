"""Orders a second of one worker, with transactions, journal and snapshots, beside a bare reader of the same log.

    python -m bench.throughput [--orders N] [--portfolios M] [--runs R] [--hot] [--json]

Systems run in turns on the same input. A rate is printed only when every order has exactly one decision and the
approvals of all runs are equal. Rates are taken between 10 % and all of the orders, so that starting up is left out.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.load import Shape, controls, fill, orders, values
from bench.process import Measured
from risk_stream.broker.embedded import EmbeddedBroker
from risk_stream.kafka.connection import Connection
from risk_stream.kafka.topics import Topics

PARTITIONS = 4
SAMPLE_S = 0.05
WARM_SHARE = 0.1
STALL_S = 120.0


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run."""

    system: str
    orders_per_second: float
    cpu_us_per_order: float
    rss_mb: float


async def prepare(bootstrap: str, prefix: str, shape: Shape) -> None:
    """Topics of this run's own, filled."""
    async with Topics(Connection(bootstrap), prefix, PARTITIONS) as topics:
        await topics.create()
    await fill(bootstrap, f"{prefix}controls", 1, ((None, value) for value in controls()))
    await fill(bootstrap, f"{prefix}portfolio-values", PARTITIONS, values(shape))
    await fill(bootstrap, f"{prefix}orders", PARTITIONS, orders(shape))


async def measure_worker(bootstrap: str, prefix: str, shape: Shape) -> tuple[Run, int]:
    """Let a worker decide the log; its rate, and how many orders it approved."""
    with tempfile.TemporaryDirectory() as data_dir:
        environment = {
            "RISK_STREAM_BROKER": bootstrap,
            "RISK_STREAM_TOPIC_PREFIX": prefix,
            "RISK_STREAM_APP_ID": prefix.strip("."),
            "RISK_STREAM_DATA_DIR": data_dir,
            "RISK_STREAM_METRICS_PORT": "-1",
            "RISK_STREAM_LOG_LEVEL": "WARNING",
        }
        with Measured([str(Path(sys.executable).with_name("risk-stream")), "worker"], environment) as worker:
            run = await watch(bootstrap, prefix, shape, worker)
    return run, await approvals(bootstrap, prefix, shape)


async def watch(bootstrap: str, prefix: str, shape: Shape, worker: Measured) -> Run:
    """Sample the group's committed offsets until every order is decided."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=prefix.strip("."), enable_auto_commit=False)
    await consumer.start()
    try:
        assigned = [TopicPartition(f"{prefix}orders", number) for number in range(PARTITIONS)]
        consumer.assign(assigned)
        begun: tuple[float, float, int] | None = None
        moved_at, done = time.perf_counter(), 0
        while done < shape.orders:
            await asyncio.sleep(SAMPLE_S)
            worker.check()
            before, done = done, sum([await consumer.committed(one) or 0 for one in assigned])
            now = time.perf_counter()
            moved_at = now if done > before else moved_at
            if now - moved_at > STALL_S:
                raise RuntimeError(f"no order decided for {STALL_S} s, {done} of {shape.orders} are")
            if begun is None and done >= WARM_SHARE * shape.orders:
                begun = now, worker.cpu_s, done
        if begun is None:
            raise RuntimeError("too few orders to measure")
        started, cpu, first = begun
        measured = shape.orders - first
        return Run("risk_stream", measured / (now - started), (worker.cpu_s - cpu) / measured * 1e6, worker.rss_mb)
    finally:
        await consumer.stop()


async def approvals(bootstrap: str, prefix: str, shape: Shape) -> int:
    """Read the decisions and check that there is exactly one for each order; how many are approvals."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False, max_poll_records=5000
    )
    await consumer.start()
    try:
        assigned = [TopicPartition(f"{prefix}decisions", number) for number in range(PARTITIONS)]
        consumer.assign(assigned)
        await consumer.seek_to_beginning(*assigned)
        seen: set[str] = set()
        approved = 0
        while len(seen) < shape.orders:
            batches = await consumer.getmany(timeout_ms=5000)
            if not batches:
                raise RuntimeError(f"{len(seen)} decisions for {shape.orders} orders")
            for record in (record for batch in batches.values() for record in batch):
                decision = json.loads(record.value)
                if decision["order_id"] in seen:
                    raise RuntimeError(f"order {decision['order_id']} has two decisions")
                seen.add(decision["order_id"])
                approved += decision["decision"] == "APPROVED"
        return approved
    finally:
        await consumer.stop()


def measure_reader(bootstrap: str, prefix: str) -> Run:
    """The bare reader of the orders."""
    command = [sys.executable, "-m", "bench.read_orders", bootstrap, f"{prefix}orders", str(PARTITIONS)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    records = told["records"]
    return Run("aiokafka reader", records / told["seconds"], told["cpu_s"] / records * 1e6, 0.0)


async def run_all(shape: Shape, count: int) -> list[Run]:
    """Systems in turns, on a log of its own each time."""
    runs: list[Run] = []
    approved: set[int] = set()
    with EmbeddedBroker(heap_mb=1024) as broker:
        for number in range(count):
            prefix = f"bench{number}."
            await prepare(broker.bootstrap, prefix, shape)
            run, approvals_count = await measure_worker(broker.bootstrap, prefix, shape)
            approved.add(approvals_count)
            if len(approved) > 1:
                raise RuntimeError(f"runs over the same orders approved different numbers: {sorted(approved)}")
            for one in (run, measure_reader(broker.bootstrap, prefix)):
                runs.append(one)
                print(describe(one), file=sys.stderr, flush=True)
    return runs


def describe(run: Run) -> str:
    """A run as a line."""
    return f"{run.system:<16} {run.orders_per_second:>9,.0f} orders/s {run.cpu_us_per_order:>6.2f} us CPU/order"


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--portfolios", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--hot", action="store_true", help="all orders in one portfolio")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    shape = Shape(options.orders, options.portfolios, options.hot)
    runs = asyncio.run(run_all(shape, options.runs))
    medians = {
        system: statistics.median(run.orders_per_second for run in runs if run.system == system)
        for system in ("risk_stream", "aiokafka reader")
    }
    ratio = medians["risk_stream"] / medians["aiokafka reader"]
    if options.json:
        print(json.dumps({"shape": asdict(shape), "runs": [asdict(run) for run in runs], "ratio": round(ratio, 3)}))
        return
    for run in runs:
        print(describe(run))
    print(f"risk_stream at {ratio:.2f} of the bare reader (medians of {options.runs})")


if __name__ == "__main__":
    main()
