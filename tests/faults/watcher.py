"""A subscriber that watches while things break: nothing it has seen may change, no commit may run ahead of outputs.

It is a process of its own (`python -m tests.faults.watcher BROKER PREFIX PARTITIONS GROUP`): what it reads beside a
sender in one event loop is sent slower by half. A line on its input asks it for what it found.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from hashlib import blake2b

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from tests.faults.companion import Companion
from tests.faults.topics import INPUTS, Progress
from tests.oracle.read import Reader, Record

WATCHED = ("decisions", "violations", "journal")
SAMPLE_SECONDS = 0.5
FIELDS = {"orders": "orders", "portfolio-values": "values"}
KEPT = 20  # findings of a kind
MARKED = 1_000  # records from one mark to the next: five million orders are some 20,000 marks, 2 MB
READ_SECONDS = 3_600.0  # everything on the outputs again; some 50,000 records a second


class Seen:
    """One log as it was seen: how far, and a digest of everything up to there, marked now and then."""

    def __init__(self) -> None:
        self.next = 0  # the offset behind the last record
        self.marks: list[tuple[int, bytes]] = []  # the offset behind a record, and the digest with it
        self._digest = blake2b(digest_size=16)
        self._count = 0

    def add(self, record: ConsumerRecord | Record) -> None:
        """The next record. One that was seen before, because the subscriber had to begin again, is passed over."""
        if record.offset < self.next:
            return
        self._digest.update(repr((record.offset, record.key, record.value)).encode())
        self.next = record.offset + 1
        self._count += 1
        if self._count % MARKED == 0:
            self.mark()

    def mark(self) -> None:
        """Keep what the digest is here."""
        self.marks.append((self.next, self._digest.digest()))

    def differs(self, now: Seen) -> tuple[int, int] | None:
        """Between which offsets the first difference lies, if what was seen is not what is there now."""
        begin = 0
        for mine, theirs in zip(self.marks, now.marks, strict=False):
            if mine != theirs:
                return begin, max(mine[0], theirs[0])
            begin = mine[0]
        return None if len(self.marks) == len(now.marks) else (begin, self.next)


class Watcher(Companion):
    """The process, as the harness holds it."""

    def __init__(self, bootstrap: str, prefix: str, partitions: int, group: str) -> None:
        super().__init__("tests.faults.watcher", bootstrap, prefix, str(partitions), group)

    async def findings(self) -> list[str]:
        """All it found, after a look at everything it saw."""
        self.tell("tell")
        line = await self.line(READ_SECONDS)
        found: list[str] = json.loads(line) if line else ["I5, I7 the watcher ended without an answer"]
        return found


class _Subscriber:
    """Follows the outputs, read committed, from the first record on, and samples the group's offsets (I5, I7)."""

    def __init__(self, bootstrap: str, prefix: str, partitions: int, group: str) -> None:
        self.bootstrap, self.prefix = bootstrap, prefix
        self.logs = [TopicPartition(prefix + name, place) for name in WATCHED for place in range(partitions)]
        self.seen = {log: Seen() for log in self.logs}
        self.acknowledged: dict[TopicPartition, int] = {}  # how far the journal on the log says inputs were handled
        self.ahead: list[str] = []
        self.samples = 0
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False,
            auto_offset_reset="earliest", metadata_max_age_ms=5_000,
        )  # fmt: skip
        self._progress = Progress(bootstrap, group)
        self._asking = AIOKafkaConsumer(
            bootstrap_servers=bootstrap, isolation_level="read_uncommitted", enable_auto_commit=False,
        )  # fmt: skip

    async def run(self, asked: asyncio.StreamReader) -> list[str] | None:
        """Watch until asked what was found; nothing when the harness is gone."""
        await self._consumer.start()
        await self._asking.start()
        self._consumer.assign(self.logs)
        tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._sample())]
        print("ready", flush=True)
        told = await asyncio.wait({asyncio.create_task(asked.readline()), *tasks}, return_when=asyncio.FIRST_COMPLETED)
        lines = [task.result() for task in told[0]]  # that of a watching task that failed raises here
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._consumer.stop()
        await self._asking.stop()
        await self._progress.close()
        if lines == [b""]:
            return None
        sampled = [] if self.samples else ["I5 no sample of committed offsets was taken"]
        return [*self.ahead, *sampled, *await self._changed()]

    async def _follow(self) -> None:
        while True:
            try:
                found = await self._consumer.getmany(timeout_ms=200, max_records=5_000)
            except KafkaError:
                await asyncio.sleep(SAMPLE_SECONDS)
                continue
            for log, records in found.items():
                for record in records:
                    self.seen[log].add(record)
                    if log.topic == f"{self.prefix}journal":
                        self._acknowledge(log.partition, record.value)

    def _acknowledge(self, partition: int, value: bytes | None) -> None:
        fields = json.loads(value or b"{}")
        for topic in INPUTS:
            log = TopicPartition(self.prefix + topic, partition)
            self.acknowledged[log] = max(self.acknowledged.get(log, 0), fields[FIELDS[topic]][1])

    async def _sample(self) -> None:
        """Every offset committed at one moment is covered by a journal record that can be read after it."""
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            try:
                offsets = await self._progress.committed()
                await self._caught_up()
            except (KafkaError, TimeoutError, OSError):
                continue
            self.samples += 1
            for log, offset in offsets.items():
                known = self.acknowledged.get(log, 0)
                text = f"I5 {log.topic}/{log.partition}: committed {offset}, journal says {known}"
                is_input = log.topic.removeprefix(self.prefix) in INPUTS
                if is_input and offset > known and text not in self.ahead and len(self.ahead) < KEPT:
                    self.ahead.append(text)

    async def _caught_up(self) -> None:
        """Wait until everything that was written to the journal when called has ended, and has been followed.

        A commit reaches the group's offsets and the journal one after the other: between the two the offsets are ahead
        of what can be read. What is still open then must be committed; aborted, it leaves them ahead for good.
        """
        logs = [log for log in self.logs if log.topic == f"{self.prefix}journal"]
        ends = await asyncio.wait_for(self._asking.end_offsets(logs), 10)
        for log in logs:
            async with asyncio.timeout(30):
                while await self._consumer.position(log) < ends[log]:
                    await asyncio.sleep(0.02)
        await asyncio.sleep(0)

    async def _changed(self) -> list[str]:
        """What was seen and is not on the logs any more as it was (I7)."""
        findings = []
        async with Reader(self.bootstrap, self.prefix) as reader:
            for log, seen in self.seen.items():
                now = Seen()
                async for record in reader.each(log.topic.removeprefix(self.prefix), log.partition):
                    if record.offset >= seen.next:
                        break
                    now.add(record)
                seen.mark()
                now.mark()
                between = seen.differs(now)
                if between is not None:
                    where = f"{log.topic}/{log.partition} from {between[0]} to {between[1]}"
                    findings.append(f"I7 {where} is not what a subscriber saw")
        return findings[:KEPT]


async def _watch(bootstrap: str, prefix: str, partitions: int, group: str) -> None:
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it loses the broker, too: on purpose
    asked = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(asked), sys.stdin)
    found = await _Subscriber(bootstrap, prefix, partitions, group).run(asked)
    if found is not None:
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    asyncio.run(_watch(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
