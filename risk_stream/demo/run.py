"""One run of the demo, from top to bottom: run, then judge."""

import time
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple, Protocol

from risk_stream.demo.feed import Feed
from risk_stream.demo.logs import PartitionLogs, read_logs
from risk_stream.demo.place import Place, remove_topics
from risk_stream.demo.play import KILL, RESTART, Played, Player
from risk_stream.demo.rounds import Scenario
from risk_stream.demo.summary import Summary, summarize
from risk_stream.demo.verify_all import inputs_of, verify_all
from risk_stream.demo.watch import Watch
from risk_stream.demo.worker import Worker
from risk_stream.kafka.publish import Outbound, Publisher
from risk_stream.kafka.topics import Topics
from risk_stream.messages.encode_control import encode_control
from risk_stream.messages.limits_file import read_limits_file
from risk_stream.ops.compile_notice import compiled_count


class Progress(Protocol):
    """Tells people how far it is."""

    def stage(self, text: str, total: int | None = None) -> None:
        """Something begins, of `total` steps where they can be counted."""
        ...

    def step(self, done: int, note: str = "") -> None:
        """So much of it is done."""
        ...


class Hurts(NamedTuple):
    """What is done to the worker in the middle of the run."""

    kill: bool = False
    restart: bool = False

    def by_round(self, scenario: Scenario) -> dict[int, str]:
        """kill -9 in the first busy round, a clean restart in the second."""
        busy = [number for number, one in enumerate(scenario.rounds) if not one.paced]
        chosen = zip(busy, (KILL, RESTART), self, strict=False)
        return {number: how for number, how, wanted in chosen if wanted}


class Game(NamedTuple):
    """What was played: the topics as they stand, and what was measured."""

    logs: list[PartitionLogs]
    portfolios: int
    played: Played
    latency_s: list[float]


async def run(place: Place, scenario: Scenario, hurts: Hurts, progress: Progress, keep: bool) -> Game:
    """Topics, limits, worker, rounds; then all topics are read. Raises WorkerError when the worker fails."""
    connection, name = place.settings.connection(), place.settings.app_id
    worker = Worker(place.worker_settings, place.folder / "worker.log", place.settings.metrics_port)
    try:
        await _prepare(place, scenario, progress)
        worker.start()
        await worker.ready(_starting(progress))
        played, latency_s = await _play(place, scenario, hurts, worker, progress)
        progress.stage("stopping the worker")
        await worker.stop()
        progress.stage("reading all topics")
        logs = await read_logs(connection, place.settings.topic_prefix, place.settings.partitions)
    finally:
        worker.kill()
        if not (keep or place.own_broker):
            await remove_topics(connection, name)
    return Game(logs, scenario.portfolios, played, latency_s)


async def _prepare(place: Place, scenario: Scenario, progress: Progress) -> None:
    progress.stage("making topics and limits")
    settings, connection = place.settings, place.settings.connection()
    async with Topics(connection, settings.topic_prefix, settings.partitions) as topics:
        await topics.create(settings.replication_factor)
    async with Publisher(connection, settings.topic("controls")) as publisher:
        await publisher.send_all(_limits(scenario.limits))


async def _limits(text: str) -> AsyncIterator[Outbound]:
    for control in read_limits_file(text, time.time_ns() // 1_000_000):
        yield Outbound(None, encode_control(control), 0)


def _starting(progress: Progress) -> Callable[[str | None], None]:
    """Hears what the worker waits for; before it answers at all, it may be compiling."""
    before = compiled_count()
    progress.stage("starting the worker" if before else "compiling the engine, once for this version")

    def told(missing: str | None) -> None:
        compiled = compiled_count()
        note = missing or (f"{compiled} functions compiled" if compiled > before else "")
        progress.step(0, note)

    return told


async def _play(
    place: Place, scenario: Scenario, hurts: Hurts, worker: Worker, progress: Progress
) -> tuple[Played, list[float]]:
    settings, connection = place.settings, place.settings.connection()
    orders = sum(one.orders for one in scenario.rounds)
    progress.stage("deciding orders", orders)
    async with (
        Feed(connection, settings.partitions) as feed,
        Watch(connection, settings.topic("decisions"), settings.partitions, worker) as watch,
    ):
        player = Player(
            feed,
            watch,
            worker,
            orders_topic=settings.topic("orders"),
            values_topic=settings.topic("portfolio-values"),
            hurts=hurts.by_round(scenario),
        )
        return await player.play(scenario, progress.step), watch.latencies


def judge(game: Game, progress: Progress) -> Summary:
    """What the naive model says of it, and the numbers."""
    progress.stage("checking with the naive model", sum(map(inputs_of, game.logs)))
    verdict = verify_all(game.logs, progress.step)
    return summarize(game.logs, game.portfolios, game.played, game.latency_s, verdict)
