"""How fast a worker is back: rows read from the changelog, journal replayed, seconds from kill -9 to the next decision.

    python -m bench.recovery [--portfolios M] [--orders N] [--kills K] [--only rebuild,replay,takeover] [--json]

rebuild   M portfolios with positions, peaks, open orders and recent ids; the data directory deleted; rows a second
          until every partition has its rows again.
replay    N orders that no snapshot holds; kill -9; orders a second of the replay, beside the rate they were decided at.
takeover  kill -9 under load, data directory in place, started again at once; seconds to the first new decision, with a
          static member id and without one (then the group waits for the session timeout).
"""

import argparse
import asyncio
import json
import re
import shutil
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench.fill import order_records
from bench.job import full_job
from bench.process import Measured
from bench.shape import Shape
from bench.stage import PARTITIONS, build
from bench.systems import SYSTEMS
from risk_stream.broker.embedded import EmbeddedBroker
from risk_stream.kafka.changelog import catch_up
from risk_stream.kafka.config import WorkerConfig
from risk_stream.kafka.connection import Connection
from risk_stream.kafka.range_reader import RangeReader
from risk_stream.kafka.store import open_store
from risk_stream.kafka.tables import TABLE_NAME
from risk_stream.messages.murmur2 import partition_of

TICK_S = 0.05
WARM_SHARE = 0.2
NEVER_S = 86_400.0
LOAD_PER_S = 500
LOADED_S = 3.0
BACK_S = 120.0
TAKEN_OVER = re.compile(r"deciding from step (\d+) on, taken over in ([\d.]+) s")


@dataclass(slots=True)
class Measurement:
    """One figure: what, how much, of what unit, and what it was made of."""

    what: str
    value: float
    unit: str
    made_of: dict[str, float] = field(default_factory=dict)


class Place:
    """A worker's settings and folder; topics of its own, filled for the full job."""

    def __init__(self, broker: EmbeddedBroker, folder: Path, name: str, **settings: object) -> None:
        assert broker.process is not None
        self.bootstrap, self._broker_pid = broker.bootstrap, broker.process.pid
        self.name, self.prefix, self.data_dir = name, f"{name}.", folder / name
        ours = {
            "broker": self.bootstrap,
            "topic_prefix": self.prefix,
            "app_id": name,
            "data_dir": self.data_dir,
            "metrics_port": -1,
        }
        self._environment = {f"RISK_STREAM_{key.upper()}": str(value) for key, value in (ours | settings).items()}

    def worker(self) -> Measured:
        """The worker's process."""
        return Measured(SYSTEMS["risk_stream"].command(), self._environment)

    async def fill(self, shape: Shape) -> None:
        """Topics and inputs."""
        await build(self.bootstrap, self.prefix, full_job(shape), shape, self._broker_pid)

    async def send(self, shape: Shape, per_s: float = 1e9) -> None:
        """More orders, under ids of their own."""
        async with AIOKafkaProducer(bootstrap_servers=self.bootstrap, linger_ms=2) as producer:
            began = time.perf_counter()
            for number, (key, value) in enumerate(order_records(full_job(shape), shape), 1):
                assert key is not None
                more = value.replace(b'"o0', b'"p%d-0' % shape.seed, 1)
                await producer.send(f"{self.prefix}orders", more, key, partition_of(key, PARTITIONS))
                ahead = number / per_s - (time.perf_counter() - began)
                if ahead > TICK_S:
                    await asyncio.sleep(ahead)
            await producer.flush()

    async def decided(self, count: int, worker: Measured) -> list[tuple[float, int]]:
        """Wait until so many orders are committed; how many were at which times."""
        seen: list[tuple[float, int]] = []
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, group_id=self.name, enable_auto_commit=False)
        async with consumer:
            orders = [TopicPartition(f"{self.prefix}orders", number) for number in range(PARTITIONS)]
            consumer.assign(orders)
            while not seen or seen[-1][1] < count:
                worker.check()
                await asyncio.sleep(TICK_S)
                done = sum([await consumer.committed(one) or 0 for one in orders])
                seen.append((time.perf_counter(), done))
        return seen


async def rebuild(broker: EmbeddedBroker, folder: Path, portfolios: int) -> list[Measurement]:
    """Records a second out of the changelog into empty directories, one after the other; then a whole start."""
    place, shape = Place(broker, folder, "rebuild"), Shape(2 * portfolios, portfolios)
    await place.fill(shape)
    with place.worker() as worker:
        await place.decided(shape.orders, worker)
    shutil.rmtree(place.data_dir)
    config = WorkerConfig(Connection(place.bootstrap), folder, app_id=place.name, topic_prefix=place.prefix)
    read = size = 0
    began = time.perf_counter()
    async with RangeReader(config) as reader:
        for number in range(PARTITIONS):
            tp = TopicPartition(f"{place.name}-{TABLE_NAME}-changelog", number)
            store = open_store(folder / f"rows-{number}", config.block_cache_bytes)
            journal = TopicPartition(config.topic("journal"), number)
            bounds = await reader.bounds([tp, journal])
            saved = await catch_up(reader, store, tp, journal, bounds)
            if saved is None:
                raise RuntimeError(f"nothing was saved on {tp}")
            read += bounds[tp][1] - bounds[tp][0]
            store.close()
            size += sum(path.stat().st_size for path in store.path.rglob("*") if path.is_file())
    seconds = time.perf_counter() - began
    await place.send(Shape(1, portfolios, seed=2))
    with place.worker() as worker:
        began = time.perf_counter()
        back = (await place.decided(shape.orders + 1, worker))[-1][0] - began
        slowest = max(float(taken) for _, taken in TAKEN_OVER.findall(worker.said()))
    return [
        Measurement(
            "changelog into an empty directory", read / seconds, "records/s",
            {"portfolios": portfolios, "records": read, "seconds": seconds, "MB on disk": size / 1e6},
        ),
        Measurement(
            "start without a data directory to the first decision", back, "s",
            {"slowest of four take-overs at once, s": slowest},
        ),
    ]  # fmt: skip


async def replay(broker: EmbeddedBroker, folder: Path, count: int) -> list[Measurement]:
    """Orders a second of a replay without any snapshot, beside the live rate."""
    place, shape = Place(broker, folder, "replay", snapshot_interval_s=NEVER_S), Shape(count, 10_000)
    await place.fill(shape)
    with place.worker() as worker:
        seen = await place.decided(shape.orders, worker)
        worker.kill()
    warm = next(one for one in seen if one[1] >= WARM_SHARE * shape.orders)
    live = (seen[-1][1] - warm[1]) / (seen[-1][0] - warm[0])
    await place.send(Shape(1, 10_000, seed=2))
    with place.worker() as worker:
        await place.decided(shape.orders + 1, worker)
        slowest = max(float(taken) for _, taken in TAKEN_OVER.findall(worker.said()))
    return [
        Measurement(
            "journal replayed, nothing saved", shape.orders / slowest, "orders/s",
            {"orders": shape.orders, "seconds": slowest, "decided live, orders/s": live},
        )
    ]  # fmt: skip


async def takeover(broker: EmbeddedBroker, folder: Path, kills: int, member: str) -> Measurement:
    """Seconds from kill -9 to the first decision after it, under load; the process is started again at once."""
    name = "static" if member else "dynamic"
    place = Place(broker, folder, name, group_instance_id=member)
    await place.fill(Shape(20_000, 10_000))
    load = asyncio.create_task(place.send(Shape(10**9, 10_000, seed=3), LOAD_PER_S))
    taken: list[float] = []
    worker = place.worker()
    try:
        async with Decided(place.bootstrap, place.prefix) as decided:
            await decided.after(time.time())
            for _ in range(kills):
                await asyncio.sleep(LOADED_S)
                worker.kill()
                killed = time.time()
                worker = place.worker()
                taken.append(await decided.after(killed) - killed)
    finally:
        load.cancel()
        await asyncio.gather(load, return_exceptions=True)
        worker.stop()
    shown = {f"kill {number}": seconds for number, seconds in enumerate(taken, 1)}
    return Measurement(f"kill -9 to the next decision, {name} member", statistics.median(taken), "s", shown)


class Decided:
    """Follows the decisions as a subscriber does."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False
        )
        self._assigned = [TopicPartition(f"{prefix}decisions", number) for number in range(PARTITIONS)]

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        self._consumer.assign(self._assigned)
        await self._consumer.seek_to_end(*self._assigned)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def after(self, moment: float) -> float:
        """When the first decision that was published after this moment came (epoch seconds)."""
        async with asyncio.timeout(BACK_S):
            while True:
                for records in (await self._consumer.getmany(timeout_ms=100)).values():
                    if records[-1].timestamp >= moment * 1000:
                        return time.time()


async def measure(options: argparse.Namespace) -> list[Measurement]:
    """Everything that was asked for, on one broker."""
    found: list[Measurement] = []
    with EmbeddedBroker(heap_mb=1024) as broker, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "rebuild" in options.only:
            found += await rebuild(broker, folder, options.portfolios)
        if "replay" in options.only:
            found += await replay(broker, folder, options.orders)
        if "takeover" in options.only:
            for member in ("one", ""):
                found.append(await takeover(broker, folder, options.kills, member))
    return found


def describe(one: Measurement) -> str:
    """A figure as a line."""
    parts = ", ".join(f"{name} {value:,.2f}".replace(".00", "") for name, value in one.made_of.items())
    return f"{one.what:<50} {one.value:>12,.1f} {one.unit:<10} ({parts})"


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portfolios", type=int, default=100_000)
    parser.add_argument("--orders", type=int, default=500_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--only", default="rebuild,replay,takeover")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = asyncio.run(measure(options))
    if options.json:
        print(json.dumps([asdict(one) for one in found]))
        return
    for one in found:
        print(describe(one))


if __name__ == "__main__":
    main()
