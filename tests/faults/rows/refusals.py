"""Rows 12 and 13: what cannot be survived is refused loudly, and nothing moves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.faults import admin
from tests.faults.guarded_broker import GuardedBroker
from tests.faults.scene import Outcome, Scene
from tests.faults.stage import Stage
from tests.faults.topics import KEPT

RATE = 200
REFUSES_SECONDS = 120.0


async def partitions_added(stage: Stage, number: int, short: bool) -> Outcome:
    """Partitions are added live: the worker ends with an error, and refuses to start again."""
    async with stage.scene() as scene:
        scene.load(RATE)
        worker = scene.worker()
        worker.start()
        scene.outcome.must(await scene.until_handled(200), "no progress before the fault")
        await admin.add_partitions(
            scene.bootstrap, f"{scene.prefix}{'portfolio-values' if number % 2 else 'orders'}", 4
        )
        scene.outcome.injected += 1
        for moment in ("while it ran", "at the next start"):
            code = await worker.exited(REFUSES_SECONDS)
            scene.outcome.must(code not in (0, None), f"I9 the change was not refused {moment}: exit code {code}")
            scene.outcome.must(
                "partition" in worker.last_line(), f"I9 the last line does not say why: {worker.last_line()}"
            )
            scene.outcome.notes.append(f"{moment}: {worker.last_line()[-160:]}")
            worker.kill()
            worker.start()
        return scene.outcome


async def producer_refused(stage: Stage, number: int, short: bool) -> Outcome:
    """The broker takes no more decisions: no offset moves, the worker ends with an error; repaired, it goes on."""
    async with stage.scene() as scene:
        worker = scene.worker()
        worker.start()
        scene.load(RATE)
        scene.outcome.must(await scene.until_handled(200), "no progress before the fault")
        decisions = f"{scene.prefix}decisions"
        await admin.configure(scene.bootstrap, decisions, KEPT | {"max.message.bytes": "100"})
        scene.outcome.injected += 1
        await _ends(scene, "max.message.bytes")
        await admin.configure(scene.bootstrap, decisions, KEPT)
        worker.start()
        await scene.settle()
        return await scene.verdict()


async def topic_deleted(stage: Stage, number: int, short: bool) -> Outcome:
    """An output topic is deleted under load: the worker ends with an error, and offsets stand still."""
    async with stage.scene() as scene:
        worker = scene.worker()
        worker.start()
        scene.load(RATE)
        scene.outcome.must(await scene.until_handled(200), "no progress before the fault")
        await admin.delete(scene.bootstrap, f"{scene.prefix}decisions")
        scene.outcome.injected += 1
        await _ends(scene, "decisions")
        await scene.loaded()
        return scene.outcome


async def writing_revoked(stage: Stage, number: int, short: bool) -> Outcome:
    """The right to write decisions is taken away under load; given back, the worker goes on."""
    folder = stage.folder / f"guarded-{number}"
    with GuardedBroker(data_dir=folder / "broker") as broker:
        async with Scene(broker.bootstrap, folder, stage.seed * 2_000_000 + number, stage.package_root) as scene:
            worker = scene.worker()
            worker.start()
            scene.load(RATE)
            scene.outcome.must(await scene.until_handled(200), "no progress before the fault")
            decisions = f"{scene.prefix}decisions"
            await admin.revoke_writing(scene.bootstrap, decisions)
            scene.outcome.injected += 1
            await _ends(scene, "decisions")
            await admin.forget_access(scene.bootstrap, decisions)
            worker.start()
            await scene.settle()
            return await scene.verdict()


async def _ends(scene: Scene, told: str) -> None:
    """The worker must end with an error, its last line must say why, and what it had committed must then stand still
    over a restart."""
    worker = scene.workers[0]
    for moment in ("while it ran", "at the next start"):
        code = await worker.exited(REFUSES_SECONDS)
        scene.outcome.must(code not in (0, None), f"I9 no error {moment}: exit code {code}; {worker.last_line()}")
        scene.outcome.must(told in worker.last_line(), f"I9 the last line does not say why: {worker.last_line()}")
        scene.outcome.notes.append(f"{moment}: {worker.last_line()[-300:]}")
        before = await scene.handled()
        worker.kill()
        if moment == "while it ran":
            worker.start()
    scene.outcome.must(await scene.handled() == before, "I5 an offset moved though no output could be written")


FORMS: tuple[Callable[[Stage, int, bool], Awaitable[Outcome]], ...] = (
    producer_refused,
    topic_deleted,
    writing_revoked,
)


async def run(stage: Stage, number: int, short: bool) -> Outcome:
    """Every form in turn."""
    return await FORMS[number % len(FORMS)](stage, number, short)
