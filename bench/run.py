"""One run of one system on a filled stage: start it, let it decide, check its answers, and only then give its rate."""

import asyncio
import json
import os
import subprocess
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.answers import Answers, WrongAnswers, read_answers, reader
from bench.changelog import Changelog, changelog_of
from bench.process import ROOT, Measured, cpu_s_of
from bench.stage import Stage, clear, group_of, written
from bench.systems import READER, System

SAMPLE_S = 0.05
LOOK_EVERY = 4  # samples
QUIET_S = 1.0
"""Nothing new for so long: it may be done. Kafka Streams flushes every 0.1 s, others sooner."""
STALL_S = 120.0
START_S = 900.0
"""Until the first decision: a worker reads the values first, which may be of a million portfolios."""
WARM_SHARE = 0.2
"""Left out of the rate: start-up, filling of caches, and the just-in-time compiler of a JVM."""


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run. `orders` is how many it decided: fewer than there are when its time was up."""

    system: str
    orders: int
    orders_per_second: float
    cpu_us_per_order: float
    broker_cpu_us_per_order: float
    rss_mb: float
    approved: int = 0
    violations: int = 0
    """Listed in decisions, warnings included."""
    start_ms: int = 0
    end_ms: int = 0
    """What was measured, by the broker's clock."""
    limits_evaluated: int = 0
    """With each order, where the decision says so."""
    changelog: Changelog = Changelog()  # noqa: RUF009  # immutable


class Clocked:
    """CPU times of the system and the broker, sampled beside the wall clock."""

    def __init__(self, processes: list[Measured], broker_pid: int) -> None:
        self._processes, self._broker_pid = processes, broker_pid
        self._rows: list[tuple[float, float, float]] = []
        self.rss_mb = 0.0

    def sample(self) -> None:
        """Take one sample; raise when a process is gone."""
        for process in self._processes:
            process.check()
        spent = sum(process.cpu_s for process in self._processes)
        self._rows.append((time.time() * 1000, spent, cpu_s_of(self._broker_pid)))
        self.rss_mb = max(self.rss_mb, sum(process.rss_mb for process in self._processes))

    def between(self, start_ms: float, end_ms: float) -> tuple[float, float]:
        """CPU seconds of system and broker from one moment to another."""
        when, *spent = np.array(self._rows).T
        cpu, broker = (float(np.interp(end_ms, when, one) - np.interp(start_ms, when, one)) for one in spent)
        return cpu, broker


async def measure(system: System, stage: Stage, run: str, right: bytearray | None, seconds_max: float) -> Run:
    """Its rate and CPU, from 20 % of its decisions to the last. Raises WrongAnswers."""
    await clear(stage)
    with tempfile.TemporaryDirectory(prefix="risk-stream-bench-") as folder, ExitStack() as stack:
        environment = system.environment(stage, group_of(stage, run), Path(folder))
        if system.name == READER:
            return _read(system, environment)
        processes = [
            stack.enter_context(Measured(system.command(), environment | _own(folder, number)))
            for number in range(system.processes)
        ]
        clocked = Clocked(processes, stage.broker_pid)
        answers = await _decided(stage, clocked, seconds_max)
    answers.check(right if system.judges else None)
    return _run_of(system, answers, clocked, await changelog_of(stage, group_of(stage, run)))


def _own(folder: str, number: int) -> dict[str, str]:
    if not number:
        return {}
    return dict.fromkeys(("RISK_STREAM_DATA_DIR", "BENCH_FOLDER"), f"{folder}/{number}")


async def _decided(stage: Stage, clocked: Clocked, seconds_max: float) -> Answers:
    """The answers, once all orders have one or the time since the first is up."""
    async with reader(stage.bootstrap) as consumer:
        done, moved_at, first_at, looks = 0, time.monotonic(), 0.0, 0
        while True:
            await asyncio.sleep(SAMPLE_S)
            clocked.sample()
            looks += 1
            if looks % LOOK_EVERY:
                continue
            before, done, now = done, await written(consumer, stage), time.monotonic()
            moved_at = now if done > before else moved_at
            first_at = first_at or (now if done else 0.0)
            if first_at and now - first_at > seconds_max:
                return await read_answers(stage)
            if done >= stage.shape.orders and now - moved_at > QUIET_S:
                answers = await read_answers(stage)
                if answers.count >= stage.shape.orders:
                    return answers
            patience_s = STALL_S if done else START_S
            if now - moved_at > patience_s:
                raise WrongAnswers(f"nothing decided for {patience_s:g} s: {done} offsets, {stage.shape.orders} orders")


def _run_of(system: System, answers: Answers, clocked: Clocked, changelog: Changelog) -> Run:
    """The rate of the answers, by the broker's own clock."""
    when = np.sort(answers.append_ms)
    start, end = int(when[int(when.size * WARM_SHARE)]), int(when[-1])
    counted = int(when.size - np.searchsorted(when, start, side="right"))
    if counted < answers.count / 2:
        raise WrongAnswers("too few orders to measure: its answers came all at once")
    cpu, broker = clocked.between(start, end)
    return Run(
        system.name,
        answers.count,
        counted / (end - start) * 1000,
        cpu / counted * 1e6,
        broker / counted * 1e6,
        clocked.rss_mb,
        int(answers.approved.sum()),
        int(answers.listed.sum()),
        start,
        end,
        int(np.median(answers.evaluated)),
        changelog,
    )


def _read(system: System, environment: dict[str, str]) -> Run:
    done = subprocess.run(system.command(), env=os.environ | environment, cwd=ROOT, check=True, capture_output=True)
    told = json.loads(done.stdout)
    count = told["records"]
    return Run(system.name, count, count / told["seconds"], told["cpu_s"] / count * 1e6, 0.0, 0.0)
