"""Rows 14 to 16: state lost, state corrupted, changelog trouble."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from tests.faults import admin
from tests.faults.scene import Outcome, Scene
from tests.faults.stage import Stage
from tests.faults.worker import Worker

RATE = 150


async def _loaded_worker(scene: Scene, orders: int) -> Worker:
    scene.load(RATE)
    worker = scene.worker()
    worker.start()
    scene.outcome.must(await scene.until_handled(orders), "no progress before the fault")
    return worker


async def lost(stage: Stage, number: int, short: bool) -> Outcome:
    """The data directory is deleted while the worker runs, or while it is stopped."""
    async with stage.scene() as scene:
        worker = await _loaded_worker(scene, 600)
        if number % 2 == 0:
            shutil.rmtree(worker.data_dir, ignore_errors=True)
            await scene.until_handled(300)
        worker.kill()
        shutil.rmtree(worker.data_dir, ignore_errors=True)
        scene.outcome.injected += 1
        began = monotonic()
        worker.start()
        await scene.until_handled(1, timeout=90)
        scene.outcome.notes.append(f"first step {monotonic() - began:.1f} s after the start without a data directory")
        await scene.settle()
        return await scene.verdict()


def _first(folder: Path, pattern: str) -> Path | None:
    return next(iter(sorted(folder.rglob(pattern))), None)


def _delete_current(folder: Path) -> bool:
    found = _first(folder, "CURRENT")
    if found is not None:
        found.unlink()
    return found is not None


def _delete_sst(folder: Path) -> bool:
    found = _first(folder, "*.sst")
    if found is not None:
        found.unlink()
    return found is not None


def _truncate_manifest(folder: Path) -> bool:
    found = _first(folder, "MANIFEST-*")
    if found is not None:
        with found.open("r+b") as file:
            file.truncate(found.stat().st_size // 2)
    return found is not None


def _flip_bits(folder: Path) -> bool:
    """One bit in every 64 bytes of the first half of each table file and log."""
    found = [path for pattern in ("*.sst", "*.log") for path in folder.rglob(pattern) if path.stat().st_size]
    for path in found:
        content = bytearray(path.read_bytes())
        for place in range(0, len(content) // 2, 64):
            content[place] ^= 1
        path.write_bytes(content)
    return bool(found)


HURTS: tuple[Callable[[Path], bool], ...] = (_delete_current, _delete_sst, _truncate_manifest, _flip_bits)


async def corrupted(stage: Stage, number: int, short: bool) -> Outcome:
    """A file of RocksDB is deleted, cut or changed while the worker is down; the state must come back right."""
    async with stage.scene() as scene:
        worker = await _loaded_worker(scene, 500)
        for hurt in HURTS if short else (HURTS[number % len(HURTS)],):
            name = hurt.__name__.strip("_")
            await scene.stop(worker)  # in order: table files are left behind, not only a log
            scene.outcome.must(hurt(worker.data_dir), f"{name}: no such file")
            scene.outcome.injected += 1
            worker.start()
            scene.keep(worker)
            scene.outcome.must(await scene.until_handled(200), f"no progress after {name}")
            aside = sum(1 for _ in worker.data_dir.rglob("*.damaged-*"))
            scene.outcome.notes.append(f"{name}: {aside} directories set aside so far, exits {worker.exit_codes}")
        await scene.settle()
        return await scene.verdict()


async def changelog(stage: Stage, number: int, short: bool) -> Outcome:
    """The changelog is emptied or made anew, with and without the data directory in place."""
    async with stage.scene() as scene:
        worker = await _loaded_worker(scene, 400)
        for hurt in (_emptied, _recreated) if short else ((_emptied, _recreated)[number % 2],):
            worker.kill()
            found = await admin.changelogs(scene.bootstrap, scene.name)
            scene.outcome.must(bool(found), "no changelog topic was found")
            for topic, partitions in found.items():
                await hurt(scene.bootstrap, topic, partitions)
            if scene.random.random() < 0.5:
                shutil.rmtree(worker.data_dir, ignore_errors=True)
            scene.outcome.injected += 1
            worker.start()
            scene.outcome.must(
                await scene.until_handled(200), f"no progress after the changelog was{hurt.__name__.replace('_', ' ')}"
            )
        await scene.settle()
        await scene.rebuilt()
        return await scene.verdict()


async def _emptied(bootstrap: str, topic: str, partitions: int) -> None:
    await admin.empty(bootstrap, topic, partitions)


async def _recreated(bootstrap: str, topic: str, partitions: int) -> None:
    await admin.delete(bootstrap, topic)
    await admin.create(bootstrap, topic, partitions, {"cleanup.policy": "compact"})
