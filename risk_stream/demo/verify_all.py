"""Verify the partitions side by side: they do not depend on each other, and the naive model takes its time."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from risk_stream.demo.logs import PartitionLogs
from risk_stream.demo.verify import DIFFERENCES_KEPT_MAX, Verdict, verify_partition

IN_PROCESS_RECORDS_MAX = 5_000
"""Fewer are verified sooner than a process is started."""


def verify_all(logs: Sequence[PartitionLogs], progress: Callable[[int], None]) -> Verdict:
    """The verdicts of all partitions as one; `progress` hears how many inputs are decided again."""
    verdicts: list[Verdict] = []
    done = 0
    for inputs, verdict in _verdicts(logs):
        verdicts.append(verdict)
        progress(done := done + inputs)
    differences = [text for verdict in verdicts for text in verdict.differences]
    return Verdict(sum(verdict.compared for verdict in verdicts), differences[:DIFFERENCES_KEPT_MAX])


def _verdicts(logs: Sequence[PartitionLogs]) -> Iterator[tuple[int, Verdict]]:
    """Inputs and verdict of each partition, as they are done."""
    if sum(map(inputs_of, logs)) <= IN_PROCESS_RECORDS_MAX:
        yield from ((inputs_of(one), verify_partition(one)) for one in logs)
        return
    context = multiprocessing.get_context("spawn")  # nothing of this process's threads and loops comes along
    with ProcessPoolExecutor(min(len(logs), os.cpu_count() or 1), context) as pool:
        sizes = {pool.submit(verify_partition, one): inputs_of(one) for one in logs}
        try:
            yield from ((sizes[future], future.result()) for future in as_completed(sizes))
        except BaseException:
            for child in multiprocessing.active_children():  # leaving would wait for them
                child.terminate()
            raise


def inputs_of(logs: PartitionLogs) -> int:
    """How many records the model has to handle."""
    return len(logs.records["orders"]) + len(logs.records["portfolio-values"])
