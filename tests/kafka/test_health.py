"""The health port tells the truth, the metrics name no orders, the watchdog bites only what is stuck."""

import asyncio
import json
import threading

import aiohttp
import pytest

from risk_stream.kafka import watchdog as watchdog_module
from risk_stream.kafka.watchdog import Watchdog
from risk_stream.ops.health import Health, HealthServer
from risk_stream.ops.metrics import WorkerMetrics


def ask(health: Health, metrics: WorkerMetrics, path: str) -> tuple[int, str]:
    """Status and text of an answer."""

    async def body() -> tuple[int, str]:
        server = HealthServer(health, metrics)
        port = await server.start("127.0.0.1", 0)
        try:
            async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as answer:
                return answer.status, await answer.text()
        finally:
            await server.stop()

    return asyncio.run(body())


@pytest.mark.parametrize(
    ("health", "missing"),
    [
        (Health(), ["controls not read", "no assignment yet"]),
        (Health(controls_read=True), ["no assignment yet"]),
        (
            Health(controls_read=True, assigned=True, partitions={2: "recovering", 0: "deciding"}),
            ["partition 2 recovering"],
        ),
        (Health(controls_read=True, assigned=True, stopping=True), ["stopping"]),
    ],
)
def test_not_ready_says_what_is_missing(health: Health, missing: list[str]) -> None:
    """503 until everything is there."""
    status, text = ask(health, WorkerMetrics(), "/readyz")
    assert status == 503
    assert json.loads(text)["missing"] == missing


@pytest.mark.parametrize("partitions", [{}, {0: "deciding", 1: "deciding"}])
def test_ready(partitions: dict[int, str]) -> None:
    """A worker without partitions is ready too: there are more workers than partitions."""
    health = Health(controls_read=True, assigned=True, partitions=partitions)
    assert ask(health, WorkerMetrics(), "/readyz")[0] == 200


def test_alive() -> None:
    """The loop answers."""
    assert ask(Health(), WorkerMetrics(), "/livez") == (200, "ok\n")


def test_metrics() -> None:
    """Base units, outcomes by code."""
    metrics = WorkerMetrics()
    metrics.step(3, 10, 0.004, {"OK": 8, "HALTED": 2, "unused": 0})
    metrics.snapshot(5, 0.01)
    metrics.controls_version(17)
    status, text = ask(Health(), metrics, "/metrics")
    assert status == 200
    for line in (
        'risk_stream_outcomes_total{outcome="OK"} 8.0',
        'risk_stream_steps_total{partition="3"} 1.0',
        "risk_stream_records_total 10.0",
        'risk_stream_step_seconds_bucket{le="0.005"} 1.0',
        "risk_stream_snapshot_rows_total 5.0",
        "risk_stream_controls_version 17.0",
    ):
        assert line in text
    assert 'le="5e-05"' in text
    assert "unused" not in text


class Patient:
    """Something watched."""

    def __init__(self, since: float | None) -> None:
        self.since = since
        self.reported = asyncio.Event()

    def stuck_since(self) -> float | None:
        """Since then."""
        return self.since

    def report(self) -> None:
        """Seen."""
        self.reported.set()


def test_the_watchdog_bites_what_is_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work without progress for longer than the limit ends the process; idleness does not."""
    bitten: list[str] = []
    monkeypatch.setattr(watchdog_module, "fail_stop", bitten.append)
    monkeypatch.setattr(watchdog_module, "TICK_S", 0.001)

    async def watch(since: float | None) -> None:
        patient = Patient(since)
        dog = Watchdog(50.0, WorkerMetrics(), lambda: [patient])
        dog.start()
        await asyncio.wait_for(patient.reported.wait(), 10)
        dog.stop()

    asyncio.run(watch(None))
    assert bitten == []
    asyncio.run(watch(-1e9))
    assert bitten
    assert bitten[0].startswith("no progress for 50 s")


def test_the_watchdog_bites_a_loop_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """From a thread of its own."""
    bitten = threading.Event()
    monkeypatch.setattr(watchdog_module, "fail_stop", lambda reason: bitten.set())

    async def hang() -> None:
        dog = Watchdog(0.05, WorkerMetrics(), list)
        dog.start()
        assert bitten.wait(10)  # blocks the loop
        dog.stop()

    asyncio.run(hang())
