"""`python -m tests.oracle --broker host:port`: judge the logs of a broker. Exit 0 all hold, 3 violated, 1 could not."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

from tests.oracle.judge import NOT_READ, Judge, Logs, Verdict
from tests.oracle.read import Reader, Record


class Unread(NamedTuple):
    """Offsets of an input topic, from `first` to `last`, that came in one batch too large to be inflated."""

    topic: str
    partition: int
    first: int
    last: int


def as_read(records: Sequence[Record], topic: str, partition: int, unread: Sequence[Unread]) -> Sequence[Record]:
    """Records as a worker is to see them: of a batch too large only its last, without its key and bytes."""
    for one in unread:
        if (one.topic, one.partition) == (topic, partition):
            records = [record for record in records if not one.first <= record.offset < one.last]
            records = [
                record._replace(key=None, value=NOT_READ) if record.offset == one.last else record for record in records
            ]
    return records


async def judge(broker: str, prefix: str = "risk.", unread: Sequence[Unread] = ()) -> Verdict:
    """The verdict over all partitions, each judged in a process of its own, one for each core at once.

    `unread` are offsets whose batch nobody has to inflate: one dead letter for all of them, at the last.
    """
    verdict = Verdict()
    async with Reader(broker, prefix) as reader:
        partitions = await reader.partitions("orders")
        if not partitions:
            raise LookupError(f"no topic {prefix}orders at {broker}")
        verdict.count("controls", len(await reader.records("controls", 0)))
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(min(partitions, os.cpu_count() or 1), get_context("spawn")) as pool:
        hearings = [
            loop.run_in_executor(pool, _judge_one, broker, prefix, partition, unread) for partition in range(partitions)
        ]
        try:
            for found in await asyncio.gather(*hearings):
                verdict.add(found)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return verdict


def _judge_one(broker: str, prefix: str, partition: int, unread: Sequence[Unread]) -> Verdict:
    return Judge(asyncio.run(_logs(broker, prefix, partition, unread))).run()


async def _logs(broker: str, prefix: str, partition: int, unread: Sequence[Unread]) -> Logs:
    async with Reader(broker, prefix) as reader:
        letters: list[Record] = []
        for one in range(await reader.partitions("dead-letters")):
            letters += await reader.records("dead-letters", one)
        return Logs(
            partition, await reader.partitions("orders"),
            as_read(await reader.records("portfolio-values", partition), "portfolio-values", partition, unread),
            as_read(await reader.records("orders", partition), "orders", partition, unread),
            await reader.records("controls", 0), await reader.records("journal", partition),
            await reader.records("decisions", partition), await reader.records("violations", partition),
            letters, prefix,
        )  # fmt: skip


def report(verdict: Verdict) -> str:
    """The verdict for people."""
    judged = ", ".join(f"{number} {name}" for name, number in sorted(verdict.counts.items()))
    lines = [f"judged: {judged}"]
    for invariant, texts in sorted(verdict.findings.items()):
        lines += [f"{invariant} is violated:", *(f"  {text}" for text in texts)]
    return "\n".join(lines if verdict.findings else [*lines, "every invariant holds"])


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="tests.oracle", description=__doc__)
    parser.add_argument("--broker", required=True, help="host:port")
    parser.add_argument("--prefix", default="risk.")
    parser.add_argument("--json", action="store_true", help="the verdict as one JSON object")
    options = parser.parse_args(arguments)
    try:
        verdict = asyncio.run(judge(options.broker, options.prefix))
    except Exception as error:
        print(f"could not judge: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps({"holds": verdict.holds, "counts": verdict.counts, "findings": verdict.findings}))
    else:
        print(report(verdict))
    return 0 if verdict.holds else 3


if __name__ == "__main__":
    sys.exit(main())
