"""Rows 4 and 5: the broker goes away for a while, or stops answering."""

from __future__ import annotations

import asyncio

from tests.faults.scene import Outcome
from tests.faults.stage import Stage

RATE = 150
STALLS = (0.2, 5.0, 60.0)


async def restart(stage: Stage, number: int, short: bool) -> Outcome:
    """SIGTERM and SIGKILL in turn, 5 to 30 s down; a supervisor starts workers again that stop."""
    async with stage.scene() as scene:
        scene.load(RATE)
        worker = scene.worker()
        worker.start()
        scene.keep(worker)
        scene.outcome.must(await scene.until_handled(200), "no progress before the fault")
        for hurt in (
            (stage.broker.kill, stage.broker.stop) if short else ((stage.broker.stop, stage.broker.kill)[number % 2],)
        ):
            await asyncio.to_thread(hurt)
            scene.outcome.injected += 1
            await asyncio.sleep(3 if short else scene.random.uniform(5, 30))
            await asyncio.to_thread(stage.broker.start)
            scene.outcome.must(await scene.until_handled(200, timeout=90), "no progress after the broker came back")
        await scene.settle()
        await scene.replayed()
        return await scene.verdict()


async def stall(stage: Stage, number: int, short: bool) -> Outcome:
    """The broker is suspended under load, and the worker killed meanwhile."""
    async with stage.scene() as scene:
        scene.load(RATE)
        worker = scene.worker()
        worker.start()
        scene.outcome.must(await scene.until_handled(200), "no progress before the fault")
        for seconds in (0.2, 3.0) if short else (STALLS[number % 3],):
            stage.broker.suspend()
            scene.outcome.injected += 1
            await asyncio.sleep(seconds / 2)
            worker.kill()
            await asyncio.sleep(seconds / 2)
            stage.broker.resume()
            worker.start()
            scene.outcome.must(await scene.until_handled(100, timeout=90), "no progress after the stall")
        await scene.settle()
        await scene.rebuilt()
        return await scene.verdict()
