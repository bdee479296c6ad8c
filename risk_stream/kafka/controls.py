"""The controls log: read whole before the first decision, then followed; and the answers to refused controls."""

import asyncio
import bisect
from collections.abc import Callable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from risk_stream.kafka.config import WorkerConfig
from risk_stream.kafka.failstop import Doubt, fail_stop
from risk_stream.kafka.fetched import column_options
from risk_stream.kafka.heard import Heard
from risk_stream.kafka.ports import ControlsPort, DecodeControl
from risk_stream.kafka.range_reader import RangeReader
from risk_stream.kafka.refusals import held_back, unheard
from risk_stream.messages.fault import Fault
from risk_stream.messages.headers import dead_letter_headers
from risk_stream.messages.inputs import source_text
from risk_stream.messages.packed import Event
from risk_stream.messages.records import Recorded
from risk_stream.ops.health import Health

LISTS_MAX = 4
"""Lists of records taken at once, each of some hundreds."""

ANSWERS_MAX = 100
"""Refused controls one step answers, 100 MiB of dead letters at most. More of them wait for the next steps, and all
else that is to be handled waits behind these."""


class ControlsReader:
    """Follows `controls` without a group: every worker sees all of it, within a fetch, well below a second.

    While the broker does not answer for it, or holds some back, a halt may stand there unread: the worker is not ready
    after a while, and ends itself like one whose inputs are silent.
    """

    def __init__(self, config: WorkerConfig, controls: ControlsPort, decode: DecodeControl, health: Health) -> None:
        self._config = config
        self._controls = controls
        self._decode = decode
        self._health = health
        self._tp = TopicPartition(config.topic("controls"), 0)
        self._consumer = AIOKafkaConsumer(
            **config.connection.client_options(),
            **column_options(),  # which pass over a record whose offset is out of its batch, as audits do
            client_id=f"{config.app_id}-controls",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            fetch_max_wait_ms=100,
            request_timeout_ms=int(config.operation_timeout * 1000),
        )
        self._refused: list[int] = []
        self._listeners: list[Callable[[], None]] = []
        self._advanced = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._heard = Heard()

    @property
    def version(self) -> int:
        """Offset of the last control read, -1 before the first."""
        return self._controls.version

    def plan(self, version: int) -> Any:
        """The limits and commands as of a version."""
        return self._controls.plan(version)

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call this whenever something was read."""
        self._listeners.append(listener)

    def forget(self, listener: Callable[[], None]) -> None:
        """Call it no more."""
        self._listeners.remove(listener)

    async def start(self) -> None:
        """Read the log up to its present end, then go on following it in a task of its own."""
        limit = self._config.operation_timeout
        try:
            async with asyncio.timeout(limit):
                await self._consumer.start()
                # Up to what an open transaction holds back, too: while it does, nothing is owned.
                async with RangeReader(self._config, committed=False) as reader:
                    first, end = (await reader.bounds([self._tp]))[self._tp]
        except TimeoutError as error:
            raise Doubt(unheard(self._tp.topic, limit)) from error
        if first > 0:
            raise Doubt(f"{self._tp.topic}: the first {first} records are gone; the topic must be kept for ever")
        self._consumer.assign([self._tp])
        self._consumer.seek(self._tp, 0)
        self._silence_s()  # counts from here on
        while await self._consumer.position(self._tp) < end:
            await self._read()
            self._refuse_silence(self._config.takeover_timeout)
        self._health.controls_read = True
        self._task = asyncio.create_task(self._follow(), name="controls")

    async def stop(self) -> None:
        """Stop following and disconnect."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._consumer.stop()

    async def wait_for(self, version: int) -> None:
        """Return once this version was read. A journal may name a version that arrived a moment ago."""
        try:
            async with asyncio.timeout(self._config.takeover_timeout):
                while self.version < version:
                    self._advanced.clear()
                    await self._advanced.wait()
        except TimeoutError as error:
            raise Doubt(f"controls end at {self.version}, the journal has seen {version}") from error

    async def _follow(self) -> None:
        try:
            while True:
                await self._read()
                self._health.controls_read = self._silence_s() < self._config.operation_timeout
                self._refuse_silence(self._config.watchdog_timeout)
        except Exception as error:
            fail_stop("controls", error)

    async def _read(self) -> None:
        lists = await self._consumer.getmany(self._tp, timeout_ms=1_000, max_records=LISTS_MAX)
        records = Recorded.joined(lists.get(self._tp, ()))
        columns = records.offsets.tolist(), records.timestamps.tolist(), records.packed.values.as_list()
        for offset, timestamp, value in zip(*columns, strict=True):
            control = self._decode(value, timestamp)
            if isinstance(control, Fault):
                self._refused.append(offset)
            self._controls.append(offset, control)
        if records.size:
            self._advanced.set()
            for listener in self._listeners:
                listener()

    def _refuse_silence(self, limit: float) -> None:
        if self._silence_s() > limit:
            held = self._held_back_at() is not None
            raise Doubt(held_back(self._tp.topic, limit) if held else unheard(self._tp.topic, limit))

    def _silence_s(self) -> float:
        """For how long the broker has not answered, though it does even when it has nothing, or has held some back."""
        now = asyncio.get_running_loop().time()
        held = self._held_back_at()
        answers = {"answer": self._consumer.last_poll_timestamp(self._tp), "held": now if held is None else held}
        return now - self._heard.since(answers, now)

    def _held_back_at(self) -> int | None:
        """Where another program's transaction is open, behind which nothing is read; None without any."""
        stable, end = self._consumer.last_stable_offset(self._tp), self._consumer.highwater(self._tp)
        return None if stable is None or end is None or stable >= end else stable

    def unanswered(self, answered: int) -> list[int]:
        """Offsets of the next refused controls after this version, at most ANSWERS_MAX."""
        start = bisect.bisect_right(self._refused, answered)
        return self._refused[start : start + ANSWERS_MAX]

    async def answers(self, offsets: Sequence[int]) -> list[Event]:
        """The dead letters for these refused controls, read again: refusals are rare, remembering all is not free.

        Read as they were read before, so that what was found there is found again.
        """
        wanted, letters = set(offsets), list[Event]()
        async with RangeReader(self._config, columns=True) as reader:
            reader.assign({self._tp: offsets[0]})
            async for records in reader.read_inputs(self._tp, offsets[-1] + 1):
                letters += [self._dead_letter(*row) for row in records.rows() if row[0] in wanted]
        if len(letters) != len(offsets):
            raise Doubt(f"{self._tp.topic}: {len(letters)} of {len(offsets)} refused controls could be read again")
        return letters

    def _dead_letter(self, offset: int, timestamp: int, key: bytes | None, value: bytes | None) -> Event:
        source = source_text(self._tp.topic, self._tp.partition, offset)
        return Event(key, value, dead_letter_headers(self._decode(value, timestamp), source, key, timestamp))
