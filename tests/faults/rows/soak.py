"""Row 19: a seeded mixture of rows 1 to 6 for a long time."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from collections.abc import Awaitable, Callable
from time import monotonic

from tests.faults.proxied_broker import ProxiedBroker
from tests.faults.proxy import Proxy
from tests.faults.rows.link import hurt_link
from tests.faults.scene import Outcome, Scene
from tests.faults.stage import Soak, Stage

SHORT = Soak(orders=6_000, rate=400.0)
GROWTH = 1.5  # the largest memory in the last third, against that in the first
SHORT_PAUSE_S, PAUSE_S = (2, 5), (2, 45)  # between two faults: a long run is to decide most of the time, not to recover
TOLD_EVERY_S = 60.0
WORKERS, REBALANCED = 2, 1  # supervised all the time; that come and go


class Storm:
    """What may happen next, on one broker and one scene."""

    def __init__(self, scene: Scene, broker: ProxiedBroker, proxy: Proxy) -> None:
        self.scene, self.broker, self.proxy = scene, broker, proxy
        self.draw: random.Random = scene.random
        self.seen: dict[str, int] = {}

    async def next(self) -> None:
        """Do one of them."""
        fault = self.draw.choice(FAULTS)
        name = fault.__name__.strip("_")
        self.seen[name] = self.seen.get(name, 0) + 1
        await fault(self)
        self.scene.outcome.injected += 1

    async def _kill(self) -> None:
        self.draw.choice(self.scene.workers[:WORKERS]).signal(signal.SIGKILL)

    async def _rebalance(self) -> None:
        guest = self.scene.workers[WORKERS]
        if guest.running:
            await guest.stop()
        else:
            guest.start()

    async def _pause(self) -> None:
        worker = self.draw.choice(self.scene.workers[:WORKERS])
        worker.signal(signal.SIGSTOP)
        await asyncio.sleep(self.draw.uniform(1, 8))
        worker.signal(signal.SIGCONT)

    async def _restart(self) -> None:
        await asyncio.to_thread(self.draw.choice([self.broker.stop, self.broker.kill]))
        await asyncio.sleep(self.draw.uniform(1, 10))
        await asyncio.to_thread(self.broker.start)

    async def _stall(self) -> None:
        self.broker.suspend()
        await asyncio.sleep(self.draw.uniform(0.2, 5))
        await self._kill()
        self.broker.resume()

    async def _link(self) -> None:
        await hurt_link(self.proxy, self.draw.choice(["delay", "cut", "swallow"]), self.draw.uniform(1, 6))


FAULTS: tuple[Callable[[Storm], Awaitable[None]], ...] = (
    Storm._kill,
    Storm._rebalance,
    Storm._pause,
    Storm._restart,
    Storm._stall,
    Storm._link,
)


async def _tell(scene: Scene, soak: Soak, seconds: float, memory: int) -> None:
    print(
        f"soak: {seconds / 60:.0f} min, {scene.sender.sent:,} records of {soak.orders:,} orders and more sent, "
        f"{await scene.lag():,} wait, {scene.outcome.injected} faults, {memory >> 20} MiB",
        file=sys.stderr, flush=True,
    )  # fmt: skip


async def run(stage: Stage, number: int, short: bool) -> Outcome:
    """Two supervised workers and a guest behind a proxy; every few seconds something dies, sleeps, stalls, or comes."""
    soak, folder = SHORT if short else stage.soak, stage.folder / f"soak-{number}"
    with ProxiedBroker(folder / "broker") as broker:
        proxy = Proxy(broker.proxy_port, broker.inner_port)
        seed = stage.seed * 3_000_000 + number
        async with proxy, Scene(broker.bootstrap, folder, seed, stage.package_root, soak.orders) as scene:
            scene.load(soak.rate, soak.orders)
            for place in range(WORKERS + REBALANCED):
                worker = scene.worker(broker=f"127.0.0.1:{proxy.port}")
                if place < WORKERS:
                    worker.start()
                    scene.keep(worker)
            storm, began, memory = Storm(scene, broker, proxy), monotonic(), [0]
            told = began
            while scene.loading() and monotonic() - began < soak.seconds:
                await asyncio.sleep(scene.random.uniform(*(SHORT_PAUSE_S if short else PAUSE_S)))
                await storm.next()
                memory.append(max(one.memory_bytes() for one in scene.workers))
                if monotonic() - told > TOLD_EVERY_S:
                    told = monotonic()
                    await _tell(scene, soak, told - began, memory[-1])
            third = len(memory) // 3
            first, last = max(memory[: third + 1]), max(memory[-third - 1 :])
            scene.outcome.must(short or last < GROWTH * first, f"I8 memory grew from {first:,} to {last:,} bytes")
            scene.outcome.notes.append(f"{dict(sorted(storm.seen.items()))}, memory {first >> 20} to {last >> 20} MiB")
            await scene.workers[WORKERS].stop()
            await scene.settle()
            await scene.rebuilt()
            return await scene.verdict()
