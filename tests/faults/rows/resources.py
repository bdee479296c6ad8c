"""Rows 7, 9 and 10: a full disk, a gzip bomb, and clocks that are wrong."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import MessageSizeTooLargeError

from tests.faults.scene import Outcome, Scene
from tests.faults.stage import Stage
from tests.oracle.__main__ import Unread
from tests.oracle.wire import partition_of

RATE = 150
DISK_BYTES = 96 << 20
ENDS_SECONDS = 120.0
CLOCKS = Path(__file__).parent.parent / "clocks"
BOMB_BYTES = 100 << 20
BOMB_LIMIT_BYTES = 1 << 33  # of addresses, most of them never touched: compiled code and RocksDB reserve much


async def disk_full(stage: Stage, number: int, short: bool) -> Outcome:
    """The data directory lies on a small tmpfs that fills up: the worker ends with an error; with room it goes on."""
    async with stage.scene() as scene:
        worker = scene.worker()
        worker.data_dir.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(worker.data_dir)], check=True)
        try:
            scene.load(RATE)
            worker.start()
            scene.outcome.must(await scene.until_handled(500), "no progress before the fault")
            filler = worker.data_dir / "filler"
            fill(filler)
            scene.outcome.injected += 1
            code = await worker.exited(ENDS_SECONDS)
            scene.outcome.must(
                code not in (0, None), f"I9 a full disk was survived silently: {code} {worker.last_line()}"
            )
            scene.outcome.notes.append(f"full disk: {worker.last_line()[-200:]}")
            worker.kill()
            filler.unlink()
            worker.start()
            await scene.settle()
            return await scene.verdict()
        finally:
            worker.kill()
            subprocess.run(["umount", "-l", str(worker.data_dir)], check=True)


def fill(path: Path) -> None:
    """Write until there is no room."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return


async def bomb(stage: Stage, number: int, short: bool) -> Outcome:
    """Batches of some 100 KiB that hold 100 to 400 MiB, in one record or many, under a memory limit: one dead letter
    each, its neighbours are decided, and a worker without a data directory decides as one that has it."""
    async with stage.scene() as scene:
        worker = scene.worker()
        worker.start(prefix=("prlimit", f"--as={BOMB_LIMIT_BYTES}"))
        scene.load(100)
        scene.outcome.must(await scene.until_handled(100), "no progress before the fault")
        for codec in ("gzip", "zstd") if short else ("gzip", "zstd", "lz4", "snappy"):
            for topic, records in (("orders", 1), ("orders", 4_000), ("portfolio-values", 1)):
                await _explode(scene, topic, codec, records, BOMB_BYTES << (0 if short else number % 3))
                scene.outcome.must(await scene.until_handled(50), f"no progress after {codec} {records}")
        scene.outcome.must(worker.running, f"the worker did not stay up: {worker.exit_codes} {worker.last_line()}")
        await scene.settle()
        await scene.rebuilt()
        return await scene.verdict()


async def _explode(scene: Scene, topic: str, codec: str, records: int, size: int) -> None:
    key = scene.random.choice(scene.traffic.names).encode()
    log = TopicPartition(f"{scene.prefix}{topic}", partition_of(key, scene.sender.partitions))
    producer = AIOKafkaProducer(
        bootstrap_servers=scene.bootstrap, compression_type=codec, max_batch_size=1 << 30, request_timeout_ms=120_000,
    )  # fmt: skip
    await producer.start()
    try:
        batch = producer.create_batch()
        for _ in range(records):
            batch.append(key=key, value=b"[" + b" " * (size // records), timestamp=None)
        batch.close()
        taken = await (await producer.send_batch(batch, log.topic, partition=log.partition))
    except MessageSizeTooLargeError:
        scene.outcome.notes.append(f"{size >> 20} MiB of {codec} are more than the broker takes")
        return
    finally:
        await producer.stop()
    last = taken.offset + records - 1
    scene.sender.last[log] = max(scene.sender.last.get(log, -1), last)
    scene.unread.append(Unread(topic, log.partition, taken.offset, last))
    scene.outcome.injected += 1


async def wrong_clock(stage: Stage, number: int, short: bool) -> Outcome:
    """Two workers whose clocks are an hour off in both directions and jump: their answers are those of the journal."""
    async with stage.scene() as scene:
        scene.load(RATE)
        for shift, worker in ((-3600, scene.worker()), (3600, scene.worker())):
            os.environ["CLOCK_SHIFT_SECONDS"], os.environ["PYTHONPATH"] = str(shift), str(CLOCKS)
            try:
                worker.start()
            finally:
                del os.environ["CLOCK_SHIFT_SECONDS"], os.environ["PYTHONPATH"]
            scene.outcome.injected += 1
        for _ in range(2 if short else 10):
            await scene.until_handled(300)
            await asyncio.sleep(1)
        await scene.settle()
        await scene.rebuilt()
        return await scene.verdict()
