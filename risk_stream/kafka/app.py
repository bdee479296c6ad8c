"""The wiring: one Faust app with our transport and tables, the controls reader, the assignment, health and watchdog."""

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Awaitable
from typing import Any

import faust
from aiokafka.errors import KafkaConnectionError

from risk_stream.kafka.assignment import Assignment
from risk_stream.kafka.config import WorkerConfig
from risk_stream.kafka.connection import Connection
from risk_stream.kafka.controls import ControlsReader
from risk_stream.kafka.failstop import Doubt, fail_stop
from risk_stream.kafka.handshake import refusal
from risk_stream.kafka.partition import Surroundings
from risk_stream.kafka.ports import ControlsPort, DecodeControl, EngineFactory
from risk_stream.kafka.refusals import UNREACHABLE
from risk_stream.kafka.tables import TableManager, declare_table, partition_path
from risk_stream.kafka.topics import Topics, refuse_other_counts, unfit_for_worker
from risk_stream.kafka.transport import RiskTransport, Router, take_records_as_they_are
from risk_stream.kafka.watchdog import Watchdog
from risk_stream.ops.health import Health, HealthServer
from risk_stream.ops.metrics import WorkerMetrics

log = logging.getLogger(__name__)

GC_NEW_OBJECTS = 50_000
"""New objects before a collection: 1,000 fetched records are 2,000 objects, with 700 (the default) it always looks."""

SWITCH_INTERVAL_S = 0.0005
"""How long a thread, which decides or stores rows, keeps the interpreter while the loop waits for it, at each answer
that comes in; 5 ms is Python's default."""

STOP_TIMEOUT_S = 30.0
"""A clean stop that takes longer is none: the process ends with an error, and the next start recovers."""


class RiskApp(faust.App):  # type: ignore[misc]
    """A Faust app that reads record batches and ends the process when any of its services crashes."""

    config: WorkerConfig
    router: Router

    def _new_transport(self) -> RiskTransport:
        return RiskTransport(self.conf.broker_consumer, self)

    def _crash(self, reason: BaseException) -> None:
        fail_stop("a service crashed", reason)


def create_app(config: WorkerConfig) -> RiskApp:
    """The Faust app: consumer group, co-partitioned inputs, one table and its changelog; no web."""
    app = RiskApp(
        config.app_id,
        broker=";".join(f"kafka://{server}" for server in config.servers),
        broker_session_timeout=config.session_timeout,
        broker_rebalance_timeout=config.rebalance_timeout,
        broker_heartbeat_interval=config.heartbeat_interval,
        broker_request_timeout=max(config.operation_timeout, config.session_timeout),
        broker_credentials=credentials(config.connection),
        consumer_group_instance_id=config.instance_id,
        datadir=str(config.data_dir),
        store="rocksdb://",
        table_standby_replicas=config.standby_replicas,
        topic_replication_factor=config.replication,
        topic_partitions=config.partitions,
        topic_disable_leader=True,
        web_enabled=False,
        web_port=1,  # part of the member's name in the group; nothing listens
        worker_redirect_stdouts=False,
        TableManager=TableManager,
        autodiscover=False,
    )
    app.config, app.router = config, Router()
    for name in ("orders", "portfolio-values"):
        app.topics.add(app.topic(config.topic(name), key_type=bytes, value_type=bytes, acks=False))
    return app


def credentials(connection: Connection) -> Any:
    """The connection's security as Faust wants it, for the client it opens of its own; None for none."""
    options = connection.client_options()
    if connection.security_protocol == "PLAINTEXT":
        return None
    if connection.security_protocol == "SSL":
        return faust.SSLCredentials(options["ssl_context"])
    return faust.SASLCredentials(
        username=connection.sasl_username,
        password=connection.sasl_password,
        mechanism=connection.sasl_mechanism,
        ssl_context=options.get("ssl_context"),
    )


def serve(config: WorkerConfig, engines: EngineFactory, controls: ControlsPort, decode_control: DecodeControl) -> None:
    """Run a worker in this process until it is told to stop. Whatever goes wrong ends the process (failstop.py)."""
    try:
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        asyncio.run(run_worker(config, engines, controls, decode_control))
    except Exception as error:
        fail_stop("worker", error)


async def run_worker(
    config: WorkerConfig, engines: EngineFactory, controls: ControlsPort, decode_control: DecodeControl
) -> None:
    """Decide orders until SIGTERM or SIGINT, then stop cleanly: last step, last snapshot. Errors end the process."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    take_records_as_they_are()
    health, metrics = Health(), WorkerMetrics()
    server = HealthServer(health, metrics)
    if config.metrics_port >= 0:
        port = await server.start(config.metrics_host, config.metrics_port)
        log.info("health and metrics on http://%s:%d", config.metrics_host, port)

    await check_topics(config)
    config.data_dir.mkdir(parents=True, exist_ok=True)  # Faust makes the last folder only
    reader = ControlsReader(config, controls, decode_control, health)
    reader.on_change(lambda: metrics.controls_version(reader.version))
    if not await _first(reader.start(), stop):
        return
    log.info("controls read up to version %d", reader.version)

    app = create_app(config)
    table = declare_table(app, config)
    changelog = table.changelog_topic.get_topic_name()
    shared = Surroundings(config, changelog, reader, engines, health, metrics, app.router, app.consumer.driver)
    assignment = Assignment(shared, lambda number: partition_path(table, number))
    app.tables.on_assigned = assignment.on_assigned

    async def revoked(sender: Any, partitions: Any, **kwargs: Any) -> None:
        await assignment.release(save=False)

    app.on_partitions_revoked.connect(revoked)
    watchdog = Watchdog(config.watchdog_timeout, metrics, lambda: assignment.partitions.values())
    watchdog.start()
    settle_garbage_collector()
    starting = asyncio.create_task(app.start(), name="faust")
    await _first(asyncio.shield(starting), stop)
    gc.freeze()
    await stop.wait()
    health.stopping = True
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await assignment.end()
            for service in (app, reader, server):
                await _disconnect(service.stop())
    except Exception as error:
        # Here, not where the loop has ended: that would wait for what hangs.
        fail_stop("no clean stop", error)
    watchdog.stop()


def settle_garbage_collector() -> None:
    """Let it look at what steps make, not at the modules and compiled code: before joining, for it takes a second."""
    gc.set_threshold(GC_NEW_OBJECTS, 20, 50)
    gc.collect()
    gc.freeze()


async def check_topics(config: WorkerConfig) -> None:
    """Doubt unless every topic of the catalogue is there, with the configured number of partitions, and keeps and dates
    its records as it must."""
    try:
        async with Topics(config.connection, config.topic_prefix, config.partitions) as topics:
            states = await topics.describe()
    except KafkaConnectionError as error:
        refused = await refusal(config.connection)
        if refused:
            raise Doubt(f"{refused.problem}. {refused.advice}") from error
        raise Doubt(f"Kafka at {config.connection.bootstrap}: {error}. {UNREACHABLE}") from None
    refuse_other_counts(states)
    missing = [state.name for state in states if state.partitions is None]
    if missing:
        others = len(missing) < len(states)
        raise Doubt(
            f"topics are missing: {', '.join(missing)}; make them with `risk-stream topics create`"
            f"{', unless they were there before: what was in them must be brought back first' if others else ''}"
        )
    unfit = unfit_for_worker(states)
    if unfit:
        raise Doubt(
            f"no worker may run on topics like these: {'; '.join(unfit)}. Change settings with kafka-configs.sh "
            "--alter, or grant DescribeConfigs where they are not to be read; `risk-stream topics describe` shows all "
            "that differs"
        )


async def _disconnect(stopping: Awaitable[None]) -> None:
    """Let a client say goodbye: everything is written by now, and a task it cancels of its own is no failure."""
    try:
        await stopping
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise


async def _first(work: Any, stop: asyncio.Event) -> bool:
    """Whether the work was done before a stop was asked for; its error is raised."""
    task = asyncio.ensure_future(work)
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if task.done():
        task.result()
        return True
    task.cancel()
    return False
