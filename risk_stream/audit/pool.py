"""Partitions do not depend on each other, so each is audited in a process of its own, one for each core at once.

The engine takes a second to load. The processes are forked from one that has it, and that one is started first of
all (`start_loading`): it loads while the log is looked at. Nothing of the parent's threads or locks comes along.
"""

import asyncio
import multiprocessing
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from multiprocessing import forkserver, parent_process
from multiprocessing.connection import wait as wait_for
from typing import Any, TypeVar

from risk_stream.audit.log import OpenLog, PartitionBounds, RecordedLog, kept_now

T = TypeVar("T")
Job = Callable[[RecordedLog, PartitionBounds, Callable[[int], None]], Coroutine[Any, Any, T]]
"""Work on a partition of a log, within bounds that were asked before; tells how many records it has done. Importable,
with arguments that can be pickled."""

POLL_S = 0.2
CLEAN_UP_S = 5.0

_told: Any = None


def start_loading(*modules: str) -> None:
    """Let the process from which others are forked load the engine and these modules: that which reads the log, ..."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(["risk_stream.audit.preload", *modules])
    forkserver.ensure_running()


def run_partitions(
    open_log: OpenLog, partitions: list[PartitionBounds], job: Job[T], jobs: int, progress: Callable[[int], None]
) -> list[T]:
    """The job's result for each partition, in their order; the first error of any is raised."""
    if jobs == 1:
        return [asyncio.run(_run(open_log, one, job, progress)) for one in partitions]
    context = multiprocessing.get_context("forkserver")
    told = context.Queue()
    with ProcessPoolExecutor(jobs, context, _initialize, (told,)) as pool:
        futures = [pool.submit(_run_in_process, open_log, one, job) for one in partitions]
        try:
            left = set(futures)
            while left:
                done, left = wait(left, POLL_S, FIRST_COMPLETED)
                progress(_drain(told))
                for one in done:
                    one.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        return [future.result() for future in futures]


def _initialize(told: Any) -> None:
    global _told
    _told = told
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A command that is killed cannot stop its processes: they would wait for work, and keep their memory, for good."""
    parent = parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os.kill(os.getpid(), signal.SIGINT)  # it throws away what it has on disk
        time.sleep(CLEAN_UP_S)
        os._exit(1)


def _run_in_process(open_log: OpenLog, partition: PartitionBounds, job: Job[T]) -> T:
    return asyncio.run(_run(open_log, partition, job, _told.put))


async def _run(open_log: OpenLog, partition: PartitionBounds, job: Job[T], progress: Callable[[int], None]) -> T:
    async with open_log() as log:
        return await job(log, await kept_now(log, partition), progress)


def _drain(told: Any) -> int:
    records = 0
    while True:
        try:
            records += told.get_nowait()
        except queue.Empty:
            return records
