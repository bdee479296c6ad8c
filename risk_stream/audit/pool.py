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
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import forkserver, parent_process
from multiprocessing.connection import wait as wait_for
from typing import Any, NoReturn, TypeVar

from risk_stream.audit.log import LogError, OpenLog, PartitionBounds, RecordedLog, kept_now

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
    """The job's result for each partition, in their order; the first error of any is raised, and ends the others."""
    with _ended_at_once():
        if jobs == 1:
            return [asyncio.run(_run(open_log, one, job, progress)) for one in partitions]
        return _run_in_pool(open_log, partitions, job, jobs, progress)


def _run_in_pool(
    open_log: OpenLog, partitions: list[PartitionBounds], job: Job[T], jobs: int, progress: Callable[[int], None]
) -> list[T]:
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
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            if isinstance(error, BrokenProcessPool):
                raise LogError(
                    "a process of the audit was ended from outside, perhaps for want of memory: fewer --jobs need less"
                ) from error
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
        os.kill(os.getpid(), signal.SIGTERM)  # it throws away what it has on disk
        time.sleep(CLEAN_UP_S)
        os._exit(1)


def _run_in_process(open_log: OpenLog, partition: PartitionBounds, job: Job[T]) -> T:
    try:
        with _ended_at_once():
            return asyncio.run(_run(open_log, partition, job, _told.put))
    except KeyboardInterrupt:
        os._exit(1)  # what is left is nobody's any more


async def _run(open_log: OpenLog, partition: PartitionBounds, job: Job[T], progress: Callable[[int], None]) -> T:
    async with open_log() as log:
        return await job(log, await kept_now(log, partition), progress)


@contextmanager
def _ended_at_once() -> Iterator[None]:
    """SIGINT and SIGTERM end the work where it stands, and what it has on disk is thrown away.

    asyncio would wait until the work waits for something, and one that reads an archive never does.
    """

    def end(number: int, frame: Any) -> NoReturn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one shall not end the throwing away
        raise KeyboardInterrupt

    before = {one: signal.signal(one, end) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _drain(told: Any) -> int:
    records = 0
    while True:
        try:
            records += told.get_nowait()
        except queue.Empty:
            return records
