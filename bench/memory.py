"""Resident memory of one worker over a long run: 10,000 active of a million known portfolios, days going by.

    python -m bench.memory [--orders N] [--known N] [--portfolios M] [--days D] [--resident-max N]
        [--json]

Orders come in waves. With each wave every active portfolio is valued, with a snapshot of its positions, and every order
approved in the wave before is closed, half by a fill and half by a cancellation; the orders' own times span `--days`.
The worker may keep a fifth more portfolios in memory than are active (RESIDENT_MAX), as an operator would let it.
Memory is read every second and told at the end of each wave, when the worker has decided all of it. Wanted: under
500 MB, and no growth after the first third. Exit code 1 otherwise.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from aiokafka import AIOKafkaConsumer

from bench.fill import Record, fill
from bench.job import NOTIONAL_MAX, QUANTITY_MAX, Job, peers_job
from bench.place import open_broker
from bench.process import Measured
from bench.report import conditions
from bench.shape import START_MS, Draw, Shape, portfolio_id
from bench.stage import PARTITIONS, Stage, create, group_of
from bench.start import begin
from bench.systems import SYSTEMS

DAY_MS = 86_400_000
WAVE_ORDERS = 500_000
RSS_MAX_MB = 500.0
GROWTH_MAX = 1.10
SETTLED_SHARE = 1 / 3
RESIDENT_SPARE = 1.2
"""Portfolios are spread by a hash: a partition's share of 10,000 is 2,500, give or take 130."""

POLL_S = 0.25
STALL_S = 900.0  # a million values come before the first order


@dataclass(frozen=True, slots=True)
class Wave:
    """The state of things when a wave was decided."""

    orders: int
    day: float
    rss_mb: float
    rss_mb_max: float
    cpu_us_per_order: float
    seconds: float


class Days:
    """Draws whose times span `days`, and what happens to portfolios meanwhile."""

    def __init__(self, shape: Shape, job: Job, days: float, wave_orders: int = WAVE_ORDERS) -> None:
        self.shape, self._job, self._wave_orders = shape, job, wave_orders
        self._ms_per_order = days * DAY_MS / shape.orders
        self._draws = shape.draws()
        self._before: list[Draw] = []
        self._now: list[Draw] = []
        self.sent = 0

    @property
    def ts(self) -> int:
        """The time of the next order."""
        return START_MS + int(self.sent * self._ms_per_order)

    def orders(self) -> Iterator[Record]:
        """The next wave of orders."""
        self._before, self._now = self._now, []
        for _ in range(min(self._wave_orders, self.shape.orders - self.sent)):
            draw = next(self._draws)
            self._now.append(draw)
            value = self._job.order(draw).replace(b'"ts":%d}' % draw.ts, b'"ts":%d}' % self.ts)
            self.sent += 1
            yield portfolio_id(draw.portfolio).encode(), value

    def values(self) -> Iterator[Record]:
        """Closings of the wave that was sent last, then a value for each active portfolio (for all known, at first)."""
        ts = self.ts
        for draw in self._now:
            if draw.quantity <= QUANTITY_MAX and draw.quantity * draw.price_cents <= NOTIONAL_MAX * 100:
                yield portfolio_id(draw.portfolio).encode(), closing(draw, ts)
        for number in range(self.shape.portfolios if self._now else self.shape.valued):
            value = self._job.value(number).replace(b'"ts": %d}' % START_MS, b'"ts": %d}' % ts)
            yield portfolio_id(number).encode(), value


def closing(draw: Draw, ts: int) -> bytes:
    """The end of an approved order."""
    fill_fields = {"last_quantity": draw.quantity, "last_price": draw.price_cents / 100}
    fields = {
        "type": "EXECUTION",
        "portfolio_id": portfolio_id(draw.portfolio),
        "order_id": f"o{draw.number:010d}",
        "execution_id": f"e{draw.number}",
        "status": "FILLED" if draw.number % 2 else "CANCELLED",
        "symbol": f"SYM{draw.symbol}",
        "side": "BUY" if draw.buy else "SELL",
        "ts": ts,
    }
    return json.dumps(fields | (fill_fields if draw.number % 2 else {})).encode()


def long_job(shape: Shape) -> Job:
    """The peers' job without a refusal by rate, so that it is known which orders are open."""
    job = peers_job(shape)
    return replace(
        job, limits=tuple(limit | ({"threshold": 10**9} if limit["limit_id"] == "rate" else {}) for limit in job.limits)
    )


async def run_waves(stage: Stage, going: Days, folder: Path, resident_max: int = 10_000) -> AsyncIterator[Wave]:
    """Send wave by wave to a worker with its data in `folder`; each is told when the worker has decided it."""
    await create(stage)
    await fill(stage.bootstrap, stage.topic("controls"), 1, ((None, control) for control in stage.job.controls()))
    system = replace(SYSTEMS["risk_stream"], settings={"RISK_STREAM_RESIDENT_MAX": str(resident_max)})
    environment = system.environment(stage, group_of(stage, "0"), folder)
    consumer = AIOKafkaConsumer(bootstrap_servers=stage.bootstrap, group_id=environment["RISK_STREAM_APP_ID"])
    await consumer.start()
    try:
        with Measured(system.command(), environment) as worker:
            peak = 0.0
            while going.sent < stage.shape.orders:
                started, cpu_s, sent = time.monotonic(), worker.cpu_s, going.sent
                await fill(stage.bootstrap, stage.topic("portfolio-values"), PARTITIONS, going.values())
                await fill(stage.bootstrap, stage.topic("orders"), PARTITIONS, going.orders())
                peak = max(peak, await decided(consumer, stage, worker, going.sent))
                spent = (worker.cpu_s - cpu_s) / (going.sent - sent) * 1e6
                day = (going.ts - START_MS) / DAY_MS
                yield Wave(going.sent, day, worker.rss_mb, peak, spent, time.monotonic() - started)
    finally:
        await consumer.stop()


async def decided(consumer: AIOKafkaConsumer, stage: Stage, worker: Measured, orders: int) -> float:
    """Wait until the group has committed so many orders; the most memory that was seen meanwhile, MB."""
    done, moved_at, peak = -1, time.monotonic(), 0.0
    while done < orders:
        await asyncio.sleep(POLL_S)
        worker.check()
        peak = max(peak, worker.rss_mb)
        before, done = done, sum([await consumer.committed(one) or 0 for one in stage.partitions_of("orders")])
        moved_at = time.monotonic() if done > before else moved_at
        if time.monotonic() - moved_at > STALL_S:
            raise RuntimeError(f"no order decided for {STALL_S:g} s, {done} of {orders} are")
    return peak


def failures(waves: list[Wave]) -> list[str]:
    """What is not as wanted."""
    found = []
    if (peak := waves[-1].rss_mb_max) > RSS_MAX_MB:
        found.append(f"{peak:.0f} MB, wanted under {RSS_MAX_MB:g}")
    settled = waves[int(len(waves) * SETTLED_SHARE)]
    if (growth := waves[-1].rss_mb / settled.rss_mb) > GROWTH_MAX:
        found.append(f"grew by {growth:.2f} from order {settled.orders:,} on, wanted {GROWTH_MAX:g} at most")
    return found


async def run_all(shape: Shape, days: float, resident_max: int) -> list[Wave]:
    """All waves, each told on stderr."""
    waves = []
    job = long_job(shape)
    with open_broker() as (bootstrap, broker_pid), tempfile.TemporaryDirectory() as folder:
        stage = Stage(bootstrap, "memory.", job, shape, broker_pid)
        async for wave in run_waves(stage, Days(shape, job, days), Path(folder), resident_max):
            spent = f"{wave.rss_mb:8.1f} MB {wave.cpu_us_per_order:7.2f} us CPU"
            print(f"{wave.orders:>11,} orders  day {wave.day:5.2f} {spent}", file=sys.stderr, flush=True)
            waves.append(wave)
    return waves


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=10_000_000)
    parser.add_argument("--portfolios", type=int, default=10_000)
    parser.add_argument("--known", type=int, default=1_000_000)
    parser.add_argument("--days", type=float, default=5.0)
    parser.add_argument("--resident-max", type=int, help="in memory a partition")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    begin()
    shape = Shape(options.orders, options.portfolios, known=options.known)
    resident_max = options.resident_max or int(RESIDENT_SPARE * shape.portfolios / PARTITIONS)
    waves = asyncio.run(run_all(shape, options.days, resident_max))
    if options.json:
        print(json.dumps({"conditions": conditions(), "waves": [asdict(wave) for wave in waves]}))
    else:
        print("| orders | day | RSS MB | most so far | CPU us/order | s |\n|---:|---:|---:|---:|---:|---:|")
        for wave in waves:
            orders, day, *numbers = asdict(wave).values()
            print(f"| {orders:,} | {day:.2f} | {' | '.join(f'{number:.1f}' for number in numbers)} |")
    for failure in failures(waves):
        print(failure, file=sys.stderr)
    return 1 if failures(waves) else 0


if __name__ == "__main__":
    raise SystemExit(main())
