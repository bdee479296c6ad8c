"""Whether a worker, or the handlers, lives and is ready, and the port that says so: /livez, /readyz, /metrics."""

import json
from dataclasses import dataclass, field
from typing import Protocol

from aiohttp import web


class MetricsText(Protocol):
    """Metrics of one process."""

    def text(self) -> bytes:
        """All of them, in Prometheus' text format."""
        ...


@dataclass(slots=True)
class Health:
    """What is known about this process; set by whoever talks to Kafka, read by the endpoint."""

    controls_read: bool = False
    """Up to their end once; and since then the broker answers for them."""
    assigned: bool = False
    """An assignment arrived (it may be empty, when there are more workers than partitions)."""
    partitions: dict[int, str] = field(default_factory=dict)
    """Phase of each assigned partition: "recovering" or "deciding"; deciding means its producer is up too."""
    silent: bool = False
    """The broker has not answered for long. Of the handlers only: a worker ends itself then (kafka/watchdog.py)."""
    stopping: bool = False

    @property
    def missing(self) -> list[str]:
        """What keeps it from being ready, empty when nothing does."""
        missing = []
        if self.stopping:
            missing.append("stopping")
        if not self.controls_read:
            missing.append("controls not read")
        if not self.assigned:
            missing.append("no assignment yet")
        if self.silent:
            missing.append("the broker does not answer")
        missing.extend(
            f"partition {partition} {phase}"
            for partition, phase in sorted(self.partitions.items())
            if phase != "deciding"
        )
        return missing


class HealthServer:
    """Serves on the event loop itself: a loop that hangs does not answer, which is the truth about it."""

    def __init__(self, health: Health, metrics: MetricsText) -> None:
        self._health = health
        self._metrics = metrics
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; the port, chosen by the system when `port` is 0."""
        app = web.Application(client_max_size=0)
        app.router.add_get("/livez", self._livez)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics_text)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        self._runner = runner
        await web.TCPSite(runner, host, port).start()
        address: tuple[str, int] = runner.addresses[0]
        return address[1]

    async def stop(self) -> None:
        """Close the port."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _livez(self, request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, request: web.Request) -> web.Response:
        missing = self._health.missing
        body = {
            "ready": not missing,
            "missing": missing,
            "partitions": {str(partition): phase for partition, phase in sorted(self._health.partitions.items())},
        }
        return web.Response(
            status=503 if missing else 200, text=json.dumps(body) + "\n", content_type="application/json"
        )

    async def _metrics_text(self, request: web.Request) -> web.Response:
        return web.Response(
            body=self._metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )
