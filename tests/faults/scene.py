"""One run on its own topics: load, workers, a watcher, and the verdict at the end."""

from __future__ import annotations

import asyncio
import random
import shutil
import sys
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from time import monotonic
from typing import Self

from aiokafka.errors import KafkaError

from tests.faults import topics
from tests.faults.sender import Sender
from tests.faults.traffic import Traffic
from tests.faults.watcher import Watcher
from tests.faults.worker import STOPPED, Worker, environment_of
from tests.oracle.__main__ import Unread, judge

PARTITIONS = 2
POLL_SECONDS = 0.1
REPLAY_SECONDS = 300.0
BACK_SECONDS = 90.0  # I8: from the end of a fault to lag 0
DRAINED_PER_SECOND = 4_000  # of the backlog that a soak leaves; a tenth of what one worker decides on an idle machine
MEMORY_BYTES = 1 << 30
HANDLES = 1_000
SETTINGS: dict[str, object] = {
    "metrics_port": -1, "session_timeout_s": 4, "heartbeat_interval_s": 0.5, "rebalance_timeout_s": 10,
    "operation_timeout_s": 15, "transaction_timeout_s": 20, "watchdog_timeout_s": 40, "snapshot_interval_s": 0.5,
    "partitions": PARTITIONS,
}  # fmt: skip


@dataclass(slots=True)
class Outcome:
    """What one run showed."""

    findings: list[str] = field(default_factory=list)
    injected: int = 0
    judged: dict[str, int] = field(default_factory=dict)
    recovery_seconds: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def must(self, holds: bool, text: str) -> None:
        """Note a finding unless something holds."""
        if not holds:
            self.findings.append(text)


class Scene:
    """Topics, group and folders that no other run shares."""

    def __init__(
        self, bootstrap: str, folder: Path, seed: int, package_root: Path | None = None, orders: int = 0
    ) -> None:
        """`orders`: at most so many will be sent, when that is known."""
        self.bootstrap, self.folder, self.package_root = bootstrap, folder, package_root
        self.name = f"f{seed}"
        self.prefix = f"{self.name}."
        self.random = random.Random(seed)
        self.traffic = Traffic(seed, PARTITIONS, orders=orders)
        self.sender = Sender(bootstrap, self.prefix, PARTITIONS)
        self.outcome = Outcome()
        self.workers: list[Worker] = []
        self.unread: list[Unread] = []
        self.settings = SETTINGS | {"broker": bootstrap, "app_id": self.name, "topic_prefix": self.prefix}
        self._progress = topics.Progress(bootstrap, self.name)
        self._watcher = Watcher(bootstrap, self.prefix, PARTITIONS, self.name)
        self._load: asyncio.Task[None] | None = None
        self._enough = False
        self._keepers: dict[Worker, asyncio.Task[None]] = {}
        self._at_rest = True

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        await topics.create(self.bootstrap, self.prefix, PARTITIONS)
        await self.sender.send(self.traffic.opening())
        await self._watcher.__aenter__()
        return self

    async def __aexit__(self, *failure: object) -> None:
        running = [task for task in (self._load, *self._keepers.values()) if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for worker in self.workers:
            worker.kill()
        await self._watcher.__aexit__()
        await self._progress.close()

    def worker(self, **settings: object) -> Worker:
        """Another worker, not started yet."""
        folder = self.folder / f"worker-{len(self.workers)}"
        made = Worker(folder, self.settings | settings, self.package_root)
        self.workers.append(made)
        return made

    def keep(self, worker: Worker) -> None:
        """Do as a supervisor does: start the worker again whenever it ended with an error."""
        self._keepers[worker] = asyncio.create_task(_keep(worker))

    async def stop(self, worker: Worker) -> None:
        """Stop a worker in order; whoever kept it must not start it again, beside the one that is started next."""
        keeper = self._keepers.pop(worker, None)
        if keeper is not None:
            keeper.cancel()
        await worker.stop()

    # Load

    def load(self, rate: float, orders: int = 10**9) -> None:
        """Start sending in the background, until so many orders or until the run settles."""
        messages = takewhile(lambda _: not self._enough, self.traffic.messages(orders))
        self._load = asyncio.create_task(self.sender.send(messages, rate))

    def loading(self) -> bool:
        """Whether the load is still being sent."""
        return self._load is not None and not self._load.done()

    async def loaded(self) -> None:
        """Send no more, and wait until all that was sent is acknowledged."""
        self._enough = True
        if self._load is not None:
            await self._load
            self._load = None

    # Progress

    async def handled(self) -> int:
        """How many offsets of the inputs the group has committed."""
        try:
            return sum((await self._progress.committed()).values())
        except (KafkaError, TimeoutError, OSError):
            return 0

    async def until_handled(self, more: int, timeout: float = 120.0) -> bool:
        """Wait until so many more offsets are committed."""
        goal, deadline = await self.handled() + more, monotonic() + timeout
        while await self.handled() < goal:
            if monotonic() > deadline:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True

    async def lag(self) -> int:
        """Acknowledged input records that are not committed by the group yet; -1 while nobody can tell."""
        try:
            offsets = await self._progress.committed()
        except (KafkaError, TimeoutError, OSError):
            return -1
        inputs = {self.prefix + name for name in topics.INPUTS}
        wanted = {log: last + 1 for log, last in self.sender.last.items() if log.topic in inputs}
        return sum(max(0, end - offsets.get(log, 0)) for log, end in wanted.items())

    async def quiet(self) -> bool:
        """Wait for lag 0; the time it took is the run's recovery time. A worker that ended is a finding."""
        began, timeout = monotonic(), BACK_SECONDS + max(0, await self.lag()) / DRAINED_PER_SECOND
        self._at_rest = False
        while await self.lag() != 0:
            if monotonic() - began > timeout:
                self.outcome.findings.append(f"I8 no lag 0 after {timeout:g} s; lag {await self.lag()}; {self._said()}")
                return False
            if not self._keepers and not any(worker.running for worker in self.workers):
                self.outcome.findings.append(f"I8 no worker lives; {self._said()}")
                return False
            await asyncio.sleep(POLL_SECONDS)
        self._at_rest = True
        self.outcome.recovery_seconds.append(round(monotonic() - began, 1))
        return True

    def _said(self) -> str:
        return "; ".join(f"{worker.exit_codes} {worker.last_line()[-300:]}" for worker in self.workers)

    # The end

    async def settle(self, probe: int = 300) -> None:
        """Let the load end, wait for lag 0, show with some more load that the state is right, and stop in order."""
        await self.loaded()
        if not await self.quiet():
            return
        await self.sender.send(self.traffic.messages(probe))
        await self.quiet()
        for keeper in self._keepers.values():
            keeper.cancel()
        for worker in self.workers:
            if worker.running:
                self.outcome.must(worker.memory_bytes() < MEMORY_BYTES, f"I8 {worker.memory_bytes()} bytes of memory")
                self.outcome.must(worker.handles() < HANDLES, f"I8 {worker.handles()} open handles")
                code = await worker.stop()
                self.outcome.must(
                    code in STOPPED, f"I9 a clean stop ended with exit code {code}: {worker.last_line()[-300:]}"
                )

    async def rebuilt(self, probe: int = 300) -> None:
        """Show with more load that a worker without any data directory decides as one that never lost it (I4)."""
        worker = self.workers[0]
        shutil.rmtree(worker.data_dir, ignore_errors=True)
        worker.start()
        await self.sender.send(self.traffic.messages(probe))
        await self.quiet()
        await worker.stop()

    async def replayed(self) -> None:
        """Show that everything, deaths and take-overs included, is decided again to the same bytes (I7)."""
        settings = {f"RISK_STREAM_{name.upper()}": str(value) for name, value in self.settings.items()}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "risk_stream", "replay", "--json"),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=environment_of(self.package_root) | settings, cwd=self.package_root or Path.cwd(),
        )  # fmt: skip
        async with asyncio.timeout(REPLAY_SECONDS):
            told, said = await process.communicate()
        why = (said.strip() or told)[-500:].decode(errors="replace")
        self.outcome.must(process.returncode == 0, f"I7 the replay ended with {process.returncode}: {why}")

    async def verdict(self) -> Outcome:
        """Judge all that is on the logs, but not while inputs wait: what is not decided yet would be told as lost."""
        if not self._at_rest:
            self.outcome.findings.append("I1 to I7 are not judged: it did not come to rest")
            return self.outcome
        verdict = await judge(self.bootstrap, self.prefix, self.unread)
        self.outcome.judged = verdict.counts
        for invariant, texts in verdict.findings.items():
            self.outcome.findings += [f"{invariant} {text}" for text in texts]
        self.outcome.findings += await self._watcher.findings()
        return self.outcome


async def _keep(worker: Worker) -> None:
    while True:
        code = await worker.exited(3600)
        if code == 0:
            return
        await asyncio.sleep(0.5)
        worker.start()
