"""The process `risk-stream handlers run`: the chosen handlers side by side, their health and metrics.

A process of its own, not a part of the worker. A worker's loop decides orders, and nothing in Python keeps code of
others in the same process from taking its loop, its interpreter lock or its memory; a process does. It reads
`violations` with read_committed, so a handler hears of final violations only, never of one that a crash took back. Each
handler has a consumer group of its own: a webhook that is down for an hour holds up no other handler, and its offsets
say exactly what it still has to get. Delivery is at least once and in order for a portfolio: after a crash what was
done since the last commit (a second's worth) comes again under the same violation_id. When a handler is slow its group
lags, on the log, where retention is years: nothing piles up in memory. Start more processes and the groups share the
partitions.
"""

import asyncio
import logging
import signal
from collections.abc import Sequence

from risk_stream.handlers.consumer import ViolationsConsumer
from risk_stream.handlers.delivery import Bounds
from risk_stream.handlers.metrics import HandlerMetrics
from risk_stream.handlers.plug_ins import HandlerError, PlugIn
from risk_stream.handlers.readiness import keep_health
from risk_stream.handlers.runner import Runner
from risk_stream.kafka.foreign_names import pass_over_foreign_names
from risk_stream.ops.health import Health, HealthServer
from risk_stream.ops.settings import Settings

log = logging.getLogger(__name__)


def bounds_of(settings: Settings) -> Bounds:
    """What each handler may use, as the settings say."""
    return Bounds(
        calls_max=settings.handler_calls_max,
        timeout_s=settings.handler_timeout_s,
        attempts_max=settings.handler_attempts_max,
        queue_max=settings.handler_queue_max,
        backoff_max_s=settings.handler_backoff_max_s,
    )


def group_of(settings: Settings, name: str) -> str:
    """A handler's consumer group."""
    return f"{settings.app_id}-handler-{name}"


async def run_handlers(settings: Settings, plugged: Sequence[PlugIn], *, from_beginning: bool = False) -> None:
    """Run until SIGTERM or SIGINT. Raises HandlerError, and what the Kafka client raises."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    pass_over_foreign_names()
    metrics, health = HandlerMetrics(), Health(controls_read=True)
    runners = [
        Runner(
            one.name,
            one.create(settings),
            ViolationsConsumer(
                settings.connection(),
                settings.topic("violations"),
                group_of(settings, one.name),
                from_beginning=from_beginning,
            ),
            bounds_of(settings),
            metrics,
        )
        for one in plugged
    ]
    server = HealthServer(health, metrics)
    try:
        await _listen(server, settings)
        async with asyncio.TaskGroup() as group:
            for runner in runners:
                group.create_task(runner.run(stop), name=runner.name)
            group.create_task(keep_health(runners, health, stop))
    finally:
        await server.stop()


async def _listen(server: HealthServer, settings: Settings) -> None:
    host, wanted = settings.metrics_host, settings.handlers_metrics_port
    if wanted < 0:
        return
    try:
        port = await server.start(host, wanted)
    except OSError as error:
        raise HandlerError(
            f"health and metrics on {host}:{wanted}: {error.strerror or error}\nSet RISK_STREAM_HANDLERS_METRICS_PORT "
            "to a free port (0 chooses one, -1 turns it off), RISK_STREAM_METRICS_HOST to an address of this machine."
        ) from error
    log.info("health and metrics on http://%s:%d", host, port)
