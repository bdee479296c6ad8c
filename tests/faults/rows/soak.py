"""Row 19: a seeded mixture of rows 1 to 6 for a long time."""

from __future__ import annotations

import asyncio
import signal

from tests.faults.scene import Outcome
from tests.faults.stage import Stage

ORDERS, RATE = 5_000_000, 2_500.0
SHORT_ORDERS, SHORT_RATE = 6_000, 400.0
GROWTH = 1.5  # the memory of a worker at the end, against that after the first tenth


async def run(stage: Stage, number: int, short: bool) -> Outcome:
    """Two supervised workers; every few seconds something dies, sleeps, or stalls."""
    async with stage.scene() as scene:
        orders, rate = (SHORT_ORDERS, SHORT_RATE) if short else (ORDERS, RATE)
        scene.load(rate, orders)
        for worker in (scene.worker(), scene.worker()):
            worker.start()
            scene.keep(worker)
        draw, first = scene.random, 0
        while scene.loading():
            await asyncio.sleep(draw.uniform(2, 5 if short else 60))
            worker = draw.choice(scene.workers)
            match draw.choice(["kill", "pause", "stall"] if short else ["kill", "pause", "stall", "broker"]):
                case "kill":
                    worker.signal(signal.SIGKILL)
                case "pause":
                    worker.signal(signal.SIGSTOP)
                    await asyncio.sleep(draw.uniform(1, 8))
                    worker.signal(signal.SIGCONT)
                case "stall":
                    stage.broker.suspend()
                    await asyncio.sleep(draw.uniform(0.2, 5))
                    stage.broker.resume()
                case _:
                    await asyncio.to_thread(draw.choice([stage.broker.stop, stage.broker.kill]))
                    await asyncio.sleep(draw.uniform(1, 10))
                    await asyncio.to_thread(stage.broker.start)
            scene.outcome.injected += 1
            first = first or max(one.memory_bytes() for one in scene.workers)
        last = max(one.memory_bytes() for one in scene.workers)
        scene.outcome.must(short or last < GROWTH * first, f"I8 memory grew from {first:,} to {last:,} bytes")
        await scene.settle()
        await scene.rebuilt()
        return await scene.verdict()
