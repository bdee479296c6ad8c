"""Row 1: kill -9 at every part of a step, a snapshot and a take-over, and at random moments."""

from __future__ import annotations

import asyncio
import signal

from risk_stream.kafka.failpoints import NAMES
from tests.faults.scene import Outcome
from tests.faults.stage import Stage

RATE = 150
SHORT_POINTS = (
    "step.after_produce", "step.after_offsets", "step.after_commit", "snapshot.after_produce", "snapshot.before_store",
    "takeover.after_changelog",
)  # fmt: skip
DIES_SECONDS = 120.0
RANDOM_KILLS = 10


async def at_points(stage: Stage, number: int, short: bool) -> Outcome:
    """One worker under load dies at one point after the other, each time at another passing."""
    async with stage.scene() as scene:
        scene.load(RATE)
        worker = scene.worker()
        points = SHORT_POINTS if short else scene.random.sample(NAMES, len(NAMES))
        for point in points:
            passing = 1 if point.startswith("takeover") else scene.random.randint(1, 6)
            worker.start(failpoints=f"{point}:{passing}")
            code = await worker.exited(DIES_SECONDS)
            scene.outcome.must(code == -signal.SIGKILL, f"{point}:{passing} was not hit: {code} {worker.last_line()}")
            scene.outcome.injected += code == -signal.SIGKILL
            worker.kill()
        worker.start()
        await scene.settle()
        await scene.rebuilt()
        await scene.replayed()
        return await scene.verdict()


async def at_random(stage: Stage, number: int, short: bool) -> Outcome:
    """Two workers, one of them killed again and again after a random time."""
    async with stage.scene() as scene:
        scene.load(RATE)
        for worker in (scene.worker(), scene.worker()):
            worker.start()
        for _ in range(3 if short else RANDOM_KILLS):
            await scene.until_handled(50)
            await asyncio.sleep(scene.random.uniform(0, 3))
            worker = scene.random.choice(scene.workers)
            worker.kill()
            scene.outcome.injected += 1
            worker.start()
        await scene.settle()
        await scene.replayed()
        return await scene.verdict()


async def run(stage: Stage, number: int, short: bool) -> Outcome:
    """Points and random kills in turn."""
    return await (at_random if number % 2 else at_points)(stage, number, short)
