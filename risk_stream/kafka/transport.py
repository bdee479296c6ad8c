"""Faust's consumer, reading in batches: each fetched record list goes straight to the handler of its partition.

Faust's own loop makes four tasks a message and runs the driver in a second thread. Here the driver lives in the app's
loop, and records bypass stream, conductor and event; a partition without a handler stays paused. What is overridden of
Faust, mode and aiokafka stands in this file and in tables.py; tests/kafka/test_seams.py watches each.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, cast

import aiokafka
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import PartitionRecords
from faust.transport.consumer import Fetcher as FaustFetcher
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.transport.drivers.aiokafka import Consumer as FaustConsumer
from faust.transport.drivers.aiokafka import ConsumerRebalanceListener as FaustRebalanceListener
from faust.transport.drivers.aiokafka import Transport as FaustTransport
from mode import Service

from risk_stream.kafka.config import WorkerConfig
from risk_stream.kafka.fetched import column_options
from risk_stream.kafka.range_reader import fetch_while_records_wait
from risk_stream.messages.records import Recorded, Records

FETCHED_MAX = 4
"""One pass of the loop unpacks at most so many lists of FETCHED_RECORDS_MAX records, about 0.2 ms each, so that
heartbeats and commits get their turn."""

IDLE_POLL_S = 0.05
"""A partition that is taken over while the others rest is read when such a wait has ended: with a second, its first
orders waited as long. Twenty that end with nothing cost 0.3 % of a core."""
HELD_BACK_POLL_S = 0.02
"""While a full buffer is held back nothing wakes the fetch when it has room again: look this often."""

IDLE_MS_MAX = 100 * 365 * 86_400_000
"""aiokafka lets a member that reads nothing for so long leave its group and never join it again: a spare worker, one
with standbys alone, one in a long take-over. Never, that is: whether a worker lives our own watchdog sees."""

HOLD_S = 0.012
HOLD_POLL_S = 0.001
HOLD_RECORDS_MAX = 500
HOLD_SHARE = 0.25
"""While more than a quarter of the partitions are busy with what little was fetched, no more is taken, for so long: it
would come in smaller pieces, each a fetch, a step and a transaction that all others wait behind. A cycle of fetch, step
and transaction takes 6 to 10 ms at 10,000 orders/s on two cores (docs/performance.md)."""

PREFETCH_AFTER_S = 0.02
"""What was fetched last waits as long as that before the next fetch leaves out its partition; more than HOLD_S."""

FETCH_BYTES_MAX = 1024 * 1024
"""Per partition and fetch. 4 MiB halved the throughput: asyncio's stream reader joins what it gets again and again."""


def take_records_as_they_are() -> None:
    """Hand out aiokafka's own parsed records, for this process: a ConsumerRecord around each costs as much again.

    They have offset, timestamp, key, value and headers, and no topic or partition.
    """
    PartitionRecords._consumer_record = _as_it_is


def _as_it_is(_records: Any, _tp: TopicPartition, record: Any) -> Any:
    return record


class FetchState(Protocol):
    """What the driver knows about a partition it fetches."""

    position: int
    lso: int | None
    """Last stable offset at the last answer: behind every record a read_committed reader may see."""
    timestamp: int | None
    """Client's clock (ms) at the last answer."""


class RecordHandler(Protocol):
    """Takes the record lists of one partition of a hot topic."""

    def has_room(self, tp: TopicPartition) -> bool:
        """Whether it wants more of this partition now."""

    def position(self, tp: TopicPartition) -> int:
        """Where the fetcher stands in this partition."""

    def is_busy(self) -> bool:
        """Whether there is something that was received and is not committed yet."""

    def receive(self, tp: TopicPartition, records: Records, start: int | None) -> None:
        """Take what was fetched from `start` on (None: not known), in offset order; must not block. Empty when the
        position moved over transaction markers only, or not at all."""


class Router:
    """Which handler takes which partition. A partition without handler is not read."""

    def __init__(self) -> None:
        self.handlers: dict[TopicPartition, RecordHandler] = {}

    def wanted(self) -> set[TopicPartition]:
        """The partitions whose handlers have room."""
        return {tp for tp, handler in self.handlers.items() if handler.has_room(tp)}

    def are_busy(self) -> bool:
        """Whether more than HOLD_SHARE of them are."""
        return sum(handler.is_busy() for handler in self.handlers.values()) > HOLD_SHARE * len(self.handlers)


class RiskApp(Protocol):
    """What the transport needs of the app it runs in."""

    config: WorkerConfig
    router: Router
    consumer_generation_id: int


class RebalanceListener(FaustRebalanceListener):  # type: ignore[misc]
    """Stops aiokafka from reading a new assignment at the committed offsets: the journal says where to start."""

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Pause everything before the fetcher gets its turn; a take-over seeks and resumes what it owns."""
        partitions = list(assigned)
        consumer = self._thread._ensure_consumer()
        for tp in partitions:
            consumer.pause(tp)
            consumer.seek(tp, 0)
        await super().on_partitions_assigned(partitions)


class InLoopConsumerThread(AIOKafkaConsumerThread):  # type: ignore[misc]
    """The driver's consumer without its thread: calls are plain calls, callbacks are awaited in place."""

    wait_for_shutdown = False  # there is no thread that would tell when it is down

    def __init__(self, consumer: "RiskConsumer", **kwargs: Any) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(consumer, thread_loop=loop, **{**kwargs, "loop": loop})

    async def start(self) -> None:
        """Start as a service of this loop (ServiceThread would start a thread)."""
        self._thread_started.set()
        await Service.start(self)

    async def stop(self) -> None:
        """Stop as a service of this loop."""
        await Service.stop(self)

    async def on_stop(self) -> None:
        """Leave the group and disconnect."""
        if self._consumer is not None:
            await self._consumer.stop()

    @Service.task  # type: ignore[untyped-decorator]
    async def _watch_group(self) -> None:
        """Raise what keeps aiokafka from (re-)joining the group: it tells only who waits for an assignment."""
        while not self.should_stop:
            await self._ensure_consumer()._subscription.wait_for_assignment()

    async def crash(self, exc: BaseException) -> None:
        """Crash like any service."""
        await Service.crash(self, exc)

    def _stopped_set(self) -> None:
        Service._stopped_set(self)

    def set_shutdown(self) -> None:
        """Tell waiters that it is over."""
        Service.set_shutdown(self)

    async def _stop_children(self) -> None:
        await Service._stop_children(self)

    async def _stop_futures(self) -> None:
        await Service._stop_futures(self)

    async def _stop_exit_stacks(self) -> None:
        await Service._stop_exit_stacks(self)

    async def call_thread(self, fun: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        """Call directly. Some of the driver's methods are plain functions."""
        result = fun(*args, **kwargs)
        return await result if asyncio.iscoroutine(result) or asyncio.isfuture(result) else result

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """Tell the consumer, in this loop."""
        await self.consumer.on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: Any, generation_id: int = 0) -> None:
        """Tell the consumer, in this loop."""
        await self.consumer.on_partitions_assigned(assigned, generation_id)

    def _create_worker_consumer(self, transport: "RiskTransport") -> aiokafka.AIOKafkaConsumer:
        config = cast(RiskApp, self.app).config
        self._assignor = self.app.assignor
        return aiokafka.AIOKafkaConsumer(
            **config.connection.client_options(),
            **column_options(),
            client_id=f"{config.app_id}-consumer",
            group_id=config.app_id,
            group_instance_id=config.instance_id,
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            # An offset that is gone is a loss of records: it must be an error, never a jump.
            auto_offset_reset="none",
            isolation_level="read_committed",
            fetch_max_wait_ms=config.fetch_max_wait_ms,
            max_partition_fetch_bytes=FETCH_BYTES_MAX,
            check_crcs=True,
            session_timeout_ms=int(config.session_timeout * 1000),
            rebalance_timeout_ms=int(config.rebalance_timeout * 1000),
            heartbeat_interval_ms=int(config.heartbeat_interval * 1000),
            max_poll_interval_ms=IDLE_MS_MAX,
            request_timeout_ms=int(config.operation_timeout * 1000),
            metadata_max_age_ms=int(config.metadata_max_age * 1000),
        )

    async def on_start(self) -> None:
        """Connect."""
        self._consumer = self._create_consumer(loop=self.thread_loop)
        self.time_started = asyncio.get_running_loop().time()
        await self._consumer.start()
        fetch_while_records_wait(self._consumer, PREFETCH_AFTER_S)

    async def fetch(
        self, partitions: set[TopicPartition], timeout: float
    ) -> Mapping[TopicPartition, Sequence[Recorded]]:
        """Record lists that are ready, of these partitions only; empty after `timeout` seconds without any."""
        result: Mapping[TopicPartition, Sequence[Recorded]] = await self._fetch_records(
            self._ensure_consumer(), partitions, timeout=timeout, max_records=FETCHED_MAX
        )
        return result

    def fetch_state(self, tp: TopicPartition) -> FetchState:
        """The driver's live view of an assigned partition; valid until the next assignment."""
        subscription = self._ensure_consumer()._subscription.subscription
        return cast(FetchState, subscription.assignment.state_value(tp))

    def start_reading(self, tp: TopicPartition, offset: int) -> None:
        """Read this assigned partition from `offset` on."""
        consumer = self._ensure_consumer()
        consumer.seek(tp, offset)
        consumer.resume(tp)

    async def committed(self, tp: TopicPartition) -> int | None:
        """The group's committed offset of an assigned partition."""
        async with asyncio.timeout(cast(RiskApp, self.app).config.operation_timeout):
            offset: int | None = await self._ensure_consumer().committed(tp)
        return offset

    def partitions_of(self, topic: str) -> int:
        """How many partitions the broker says a topic has."""
        return len(self._ensure_consumer()._client.cluster.partitions_for_topic(topic) or ())

    def verify_event_path(self, now: float, tp: Any) -> None:
        """Faust only logs when nothing moves, and would take paused partitions for stuck ones: see watchdog.py."""


class RiskConsumer(FaustConsumer):  # type: ignore[misc]
    """Faust's consumer with its own way of draining what was fetched."""

    RebalanceListener = RebalanceListener
    _thread: InLoopConsumerThread

    def _new_consumer_thread(self) -> InLoopConsumerThread:
        return InLoopConsumerThread(self, beacon=self.beacon)

    @property
    def driver(self) -> InLoopConsumerThread:
        """The driver: seeks, states, partitions."""
        return self._thread

    async def _drain_messages(self, fetcher: Service) -> None:
        router = cast(RiskApp, self.app).router
        while not (self.should_stop or fetcher.should_stop):
            if not self.flow_active:
                await self.wait(self.can_resume_flow)
                continue
            await asyncio.sleep(0)
            wanted = router.wanted()
            if not wanted:
                await asyncio.sleep(HELD_BACK_POLL_S)
                continue
            timeout = IDLE_POLL_S if len(wanted) == len(router.handlers) else HELD_BACK_POLL_S
            before = {tp: (asked := router.handlers[tp], asked.position(tp)) for tp in wanted}
            fetched = await self._thread.fetch(wanted, timeout)
            # No list is ever dropped here while its partition has a handler: the reader's position is past it already,
            # so it would not be fetched again, and the hole would pass for transaction markers. None can be stale:
            # aiokafka hands out only what continues the position of the present assignment, and nothing is awaited
            # between that and here.
            count = 0
            for tp in wanted:
                handler = router.handlers.get(tp)
                if handler is not None:
                    asked, start = before[tp]
                    records = Records.joined([one.inputs for one in fetched.get(tp, ())])
                    count += records.size
                    handler.receive(tp, records, start if asked is handler else None)
            if 0 < count <= HOLD_RECORDS_MAX:
                await self._hold(router)

    async def _hold(self, router: Router) -> None:
        """Wait until partitions have handled what they got, or HOLD_S."""
        loop = asyncio.get_running_loop()
        until = loop.time() + HOLD_S
        while router.are_busy() and loop.time() < until:
            await asyncio.sleep(HOLD_POLL_S)


class RiskFetcher(FaustFetcher):  # type: ignore[misc]
    """Faust's fetcher, but it does not crash the app when it is told to stop while the group rebalances."""

    @Service.task  # type: ignore[untyped-decorator]
    async def _fetcher(self) -> None:
        try:
            await self.app.consumer._drain_messages(self)
        finally:
            self.set_shutdown()


class RiskTransport(FaustTransport):  # type: ignore[misc]
    """Faust's Kafka transport with this consumer and this fetcher."""

    Consumer = RiskConsumer
    Fetcher = RiskFetcher
