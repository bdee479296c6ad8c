"""Rows 2 and 3: a rebalance storm, and a worker that sleeps through its own replacement."""

from __future__ import annotations

import asyncio
import signal

from tests.faults.scene import SETTINGS, Outcome
from tests.faults.stage import Stage
from tests.faults.worker import STOPPED

RATE = 150
FENCED_SECONDS = 120.0


async def storm(stage: Stage, number: int, short: bool) -> Outcome:
    """Workers 2 and 3 come and go, in order or killed, while worker 1 stays."""
    async with stage.scene() as scene:
        scene.load(RATE)
        first, *others = (scene.worker() for _ in range(3))
        first.start()
        scene.outcome.must(await scene.until_handled(100), "no progress before the fault")
        for turn in range(6 if short else 60):
            worker = others[turn % 2]
            if not worker.running:
                worker.start()
                if turn % 3 != 2:  # every third is ended while it starts
                    await worker.decides(15)  # in vain when the other two have both partitions
            elif scene.random.random() < 0.5:
                worker.kill()
            else:
                code = await worker.stop()
                scene.outcome.must(code in STOPPED, f"a stop in order ended with {code}: {worker.last_line()}")
            scene.outcome.injected += 1
            await asyncio.sleep(scene.random.uniform(2, 4 if short else 10))
            scene.outcome.must(first.running, f"worker 1 ended: {first.exit_codes} {first.last_line()}")
        await scene.settle()
        await scene.replayed()
        return await scene.verdict()


async def paused(stage: Stage, number: int, short: bool) -> Outcome:
    """SIGSTOP beyond the session timeout, take-over by another worker, SIGCONT."""
    async with stage.scene() as scene:
        scene.load(RATE)
        sleeper, other = scene.worker(), scene.worker()
        sleeper.start()
        scene.outcome.must(await scene.until_handled(200), "no progress before the fault")
        sleeper.signal(signal.SIGSTOP)
        scene.outcome.injected += 1
        other.start()
        session = SETTINGS["session_timeout_s"]
        assert isinstance(session, int)
        await asyncio.sleep(session + scene.random.uniform(0.5, 2))
        scene.outcome.must(await scene.until_handled(200), "nobody took over")
        sleeper.signal(signal.SIGCONT)
        code = await sleeper.exited(FENCED_SECONDS)
        scene.outcome.must(code not in (0, None), f"the paused worker was to exit: {code} {sleeper.last_line()}")
        scene.outcome.notes.append(f"the paused worker ended with {code}: {sleeper.last_line()[-160:]}")
        await scene.settle()
        await scene.replayed()
        return await scene.verdict()
