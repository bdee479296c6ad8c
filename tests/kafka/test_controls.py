"""Nobody decides for long by controls that can no longer be read, and whoever looks is told."""

import asyncio
from pathlib import Path
from typing import Any, Self

import pytest
from aiokafka import TopicPartition

from risk_stream.kafka import controls as controls_module
from risk_stream.kafka.config import WorkerConfig
from risk_stream.kafka.connection import Connection
from risk_stream.kafka.controls import ControlsReader
from risk_stream.kafka.failstop import Doubt
from risk_stream.ops.health import Health
from tests.kafka.fake_core import FakeControls, decode_fake_control

SHORT_S = 10.0
LONG_S = 100_000.0
"""Where it must not matter."""
SILENT = r"^risk\.controls: no answer from the broker in 10 s, .*`risk-stream topics describe`"


class Client:
    """Stands for the consumer. It has no records; asked for them, it answers or is silent, and a second passes."""

    def __init__(self, end: int, found: bool) -> None:
        self.end = end
        self.found = found
        self.answers = True
        self.asked = 0
        self.stable = end
        """Up to where no transaction is open."""
        self.now = 0.0
        """The loop's clock."""

    async def start(self) -> None:
        """At once."""

    async def stop(self) -> None:
        """At once."""

    async def __aenter__(self) -> Self:
        """It stands for the reader of bounds, too."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """At once."""

    async def bounds(self, partitions: list[TopicPartition]) -> dict[TopicPartition, tuple[int, int]]:
        """All, also what is not stable, unless the topic is not to be found: then it is looked for."""
        if not self.found:
            self.now += 2 * SHORT_S
            await asyncio.Event().wait()
        return dict.fromkeys(partitions, (0, self.end))

    def assign(self, partitions: list[TopicPartition]) -> None:
        """Taken."""

    def seek(self, tp: TopicPartition, offset: int) -> None:
        """Done."""

    async def position(self, tp: TopicPartition) -> int:
        """Always at the first."""
        return 0

    async def getmany(self, tp: TopicPartition, **limits: int) -> dict[TopicPartition, list[Any]]:
        """None."""
        self.asked += self.answers
        self.now += 1
        await asyncio.sleep(0)
        return {}

    def last_poll_timestamp(self, tp: TopicPartition) -> int | None:
        """Another with each answer."""
        return self.asked or None

    def last_stable_offset(self, tp: TopicPartition) -> int | None:
        """As the test says."""
        return self.stable if self.asked else None

    def highwater(self, tp: TopicPartition) -> int | None:
        """The end."""
        return self.end if self.asked else None


class Scene:
    """A reader over such a client, with these limits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, end: int = 0, found: bool = True, **limits: float) -> None:
        self.client = Client(end, found)
        self.stopped: list[Exception] = []
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: self.client.now)
        self.health = Health(assigned=True)
        monkeypatch.setattr(controls_module, "AIOKafkaConsumer", lambda **_: self.client)
        monkeypatch.setattr(controls_module, "RangeReader", lambda config, committed: self.client)
        monkeypatch.setattr(controls_module, "fail_stop", lambda reason, error: self.stopped.append(error))
        patient = {"operation_timeout": LONG_S, "takeover_timeout": LONG_S, "watchdog_timeout": LONG_S}
        config = WorkerConfig(Connection("nowhere:1"), Path(), **{**patient, **limits})  # type: ignore[arg-type]
        self.reader = ControlsReader(config, FakeControls(), decode_fake_control, self.health)

    async def until(self, ready: bool) -> None:
        """Let it follow until it is as ready."""
        while (not self.health.missing) != ready:
            await asyncio.sleep(0)


@pytest.mark.parametrize(("limit", "end", "found"), [("operation_timeout", 0, False), ("takeover_timeout", 5, True)])
def test_a_start_without_an_answer_is_a_doubt(
    monkeypatch: pytest.MonkeyPatch, limit: str, end: int, found: bool
) -> None:
    """Neither for where they begin nor for what stands there."""

    async def body() -> None:
        scene = Scene(monkeypatch, end=end, found=found, **{limit: SHORT_S})
        scene.client.answers = False
        with pytest.raises(Doubt, match=SILENT):
            await asyncio.wait_for(scene.reader.start(), LONG_S)
        assert scene.health.missing == ["controls not read"]

    asyncio.run(body())


def test_nothing_is_decided_before_what_is_held_back_at_the_start_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that ended itself for it is started again, and a halt may still stand behind the open transaction."""

    async def body() -> None:
        scene = Scene(monkeypatch, end=5, takeover_timeout=SHORT_S)
        scene.client.stable = 0
        with pytest.raises(Doubt, match=r"a transaction of another program has been open for 10 s"):
            await asyncio.wait_for(scene.reader.start(), LONG_S)
        assert scene.health.missing == ["controls not read"]

    asyncio.run(body())


def test_silence_ends_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A halt may stand there unread."""

    async def body() -> None:
        scene = Scene(monkeypatch, watchdog_timeout=SHORT_S)
        scene.client.answers = False
        await scene.reader.start()
        assert scene.reader._task is not None
        await asyncio.wait_for(scene.reader._task, LONG_S)
        with pytest.raises(Doubt, match=SILENT):
            raise scene.stopped[0]

    asyncio.run(body())


def test_a_broker_that_has_nothing_is_not_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers, and for much longer than the limit nothing ends."""

    async def body() -> None:
        scene = Scene(monkeypatch, watchdog_timeout=SHORT_S, operation_timeout=SHORT_S)
        await scene.reader.start()
        while scene.client.now < 5 * SHORT_S:
            await asyncio.sleep(0)
            assert not scene.health.missing
        await scene.reader.stop()
        assert not scene.stopped

    asyncio.run(body())


def test_it_is_not_ready_while_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it ends; and ready again when the broker answers."""

    async def body() -> None:
        scene = Scene(monkeypatch, operation_timeout=SHORT_S)
        await scene.reader.start()
        async with asyncio.timeout(LONG_S):
            await scene.until(ready=True)
            scene.client.answers = False
            await scene.until(ready=False)
            assert scene.health.missing == ["controls not read"]
            scene.client.answers = True
            await scene.until(ready=True)
        await scene.reader.stop()

    asyncio.run(body())


def test_what_an_open_transaction_holds_back_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The broker answers all the same: it is not ready, ready again when that has ended, and ends when it does not."""

    async def body() -> None:
        scene = Scene(monkeypatch, operation_timeout=SHORT_S, watchdog_timeout=3 * SHORT_S)
        await scene.reader.start()
        async with asyncio.timeout(LONG_S):
            await scene.until(ready=True)
            scene.client.end = 7
            await scene.until(ready=False)
            scene.client.stable = 7
            await scene.until(ready=True)
            scene.client.end = 9
            assert scene.reader._task is not None
            await scene.reader._task
        with pytest.raises(Doubt, match=r"a transaction of another program has been open for 30 s"):
            raise scene.stopped[0]

    asyncio.run(body())
