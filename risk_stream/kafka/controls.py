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
from risk_stream.kafka.refusals import unheard
from risk_stream.messages.fault import Fault
from risk_stream.messages.headers import dead_letter_headers
from risk_stream.messages.inputs import source_text
from risk_stream.messages.packed import Event
from risk_stream.messages.records import Recorded
from risk_stream.ops.health import Health

LISTS_MAX = 4
"""Lists of records taken at once, each of some hundreds."""

ANSWERS_MAX = 100
"""Refused controls one step answers; more of them wait for the next step, at their own controls version."""


class ControlsReader:
    """Follows `controls` without a group: every worker sees all of it, within a fetch, well below a second.

    While the broker does not answer for it a halt may stand there unread: the worker is not ready after a while, and
    ends itself like one whose inputs are silent.
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
                first = (await self._consumer.beginning_offsets([self._tp]))[self._tp]
                end = (await self._consumer.end_offsets([self._tp]))[self._tp]
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
            raise Doubt(unheard(self._tp.topic, limit))

    def _silence_s(self) -> float:
        """For how long the broker has not answered; it does so even when it has nothing."""
        now = asyncio.get_running_loop().time()
        return now - self._heard.since({self._tp: self._consumer.last_poll_timestamp(self._tp)}, now)

    def unanswered(self, answered: int) -> list[int]:
        """Offsets of the next refused controls after this version, at most ANSWERS_MAX."""
        start = bisect.bisect_right(self._refused, answered)
        return self._refused[start : start + ANSWERS_MAX]

    def version_after(self, refused: Sequence[int], newest: int) -> int:
        """The controls version of the step that answers these: the newest, or where the answers of a full step end."""
        return refused[-1] if len(refused) == ANSWERS_MAX else newest

    async def answers(self, offsets: Sequence[int]) -> list[Event]:
        """The dead letters for these refused controls, read again: refusals are rare, remembering all is not free."""
        letters: list[Event] = []
        async with RangeReader(self._config) as reader:
            for offset in offsets:
                reader.assign({self._tp: offset})
                async for records in reader.read(self._tp, offset + 1):
                    letters.extend(self._dead_letter(record) for record in records)
        return letters

    def _dead_letter(self, record: Any) -> Event:
        fault = self._decode(record.value, record.timestamp)
        source = source_text(self._tp.topic, self._tp.partition, record.offset)
        return Event(record.key, record.value, dead_letter_headers(fault, source, record.key, record.timestamp))
