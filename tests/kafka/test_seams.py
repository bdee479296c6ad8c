"""One test for each place where Faust, mode or aiokafka is overridden or looked into: what an upgrade moves, fails."""

import asyncio
import inspect
import re
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import faust
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer import fetcher as fetcher_module
from aiokafka.consumer.fetcher import Fetcher, PartitionRecords
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import SubscriptionState, TopicPartitionState
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from faust.tables.manager import TableManager as FaustTableManager
from faust.transport import consumer as faust_consumer
from faust.transport.drivers import aiokafka as faust_driver
from mode import Service
from mode.threads import ServiceThread

from risk_stream.kafka import app as app_module
from risk_stream.kafka.app import RiskApp, create_app
from risk_stream.kafka.config import WorkerConfig
from risk_stream.kafka.connection import Connection
from risk_stream.kafka.inflation import BoundedRecords, StandIn
from risk_stream.kafka.tables import TableManager, declare_table, partition_path
from risk_stream.kafka.transport import (
    HOLD_RECORDS_MAX,
    InLoopConsumerThread,
    RebalanceListener,
    RiskConsumer,
    RiskFetcher,
    RiskTransport,
    take_records_as_they_are,
)
from risk_stream.messages.records import Records, records_from
from risk_stream.state.save_chunks import VERSION


def a_config(folder: Path) -> WorkerConfig:
    """Settings for an app that is never started."""
    return WorkerConfig(Connection("127.0.0.1:1"), folder)


@pytest.mark.parametrize(
    ("package", "pinned"), [("faust-streaming", "0.15.3"), ("mode-streaming", "0.7.1"), ("aiokafka", "0.14.0")]
)
def test_the_three_are_pinned(package: str, pinned: str) -> None:
    """The overrides were written against these versions; another one is a piece of work."""
    assert version(package) == pinned


OVERRIDES: list[tuple[type, type, tuple[str, ...]]] = [
    (RiskApp, faust.App, ("_new_transport", "_crash")),
    (RiskTransport, faust_driver.Transport, ("Consumer", "Fetcher")),
    (RiskFetcher, faust_consumer.Fetcher, ("_fetcher",)),
    (RiskConsumer, faust_driver.Consumer, ("RebalanceListener", "_new_consumer_thread", "_drain_messages")),
    (RebalanceListener, faust_driver.ConsumerRebalanceListener, ("on_partitions_assigned",)),
    (TableManager, FaustTableManager, ("on_start", "on_rebalance", "wait_until_recovery_completed")),
    (
        InLoopConsumerThread,
        faust_driver.AIOKafkaConsumerThread,
        (
            "start",
            "stop",
            "on_start",
            "on_stop",
            "crash",
            "call_thread",
            "set_shutdown",
            "wait_for_shutdown",
            "on_partitions_revoked",
            "on_partitions_assigned",
            "verify_event_path",
            "_stopped_set",
            "_stop_children",
            "_stop_futures",
            "_stop_exit_stacks",
            "_create_worker_consumer",
        ),
    ),
]


@pytest.mark.parametrize(
    ("ours", "theirs", "name"), [(ours, theirs, name) for ours, theirs, names in OVERRIDES for name in names]
)
def test_what_is_overridden_still_exists_and_takes_the_same(ours: type, theirs: type, name: str) -> None:
    """An override of something that is no longer called would do nothing, silently."""
    original, override = getattr(theirs, name), getattr(ours, name)
    assert override is not original
    if inspect.isfunction(original):
        assert list(inspect.signature(override).parameters) == list(inspect.signature(original).parameters)


def test_faust_still_drains_through_the_method_we_replace() -> None:
    """The fetcher service awaits `_drain_messages` of the app's consumer."""
    assert "await consumer._drain_messages(self)" in inspect.getsource(faust_consumer.Fetcher)


def test_faust_still_asks_the_app_for_its_transport(tmp_path: Path) -> None:
    """And the transport for its consumer."""

    async def body() -> None:
        app = create_app(a_config(tmp_path))
        assert type(app.transport) is RiskTransport
        assert type(app.consumer) is RiskConsumer
        assert type(app._fetcher) is RiskFetcher
        assert type(app.tables) is TableManager
        await app.consumer._method_queue.stop()

    asyncio.run(body())


def test_a_service_thread_still_is_a_service() -> None:
    """Its methods that ours send back to Service are Service's."""
    for name in (
        "start",
        "stop",
        "_stopped_set",
        "set_shutdown",
        "_stop_children",
        "_stop_futures",
        "_stop_exit_stacks",
    ):
        assert hasattr(Service, name)
        assert getattr(ServiceThread, name) is not getattr(Service, name), f"{name} need not be overridden any more"


def test_a_crash_of_a_service_reaches_the_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """mode marks every parent as crashed: ours ends the process there."""
    stopped: list[BaseException] = []
    monkeypatch.setattr(app_module, "fail_stop", lambda reason, error: stopped.append(error))

    async def body() -> None:
        app = create_app(a_config(tmp_path))
        error = RuntimeError("lost")
        await app.consumer.crash(error)
        assert error in stopped

    asyncio.run(body())


def test_a_stop_while_the_group_rebalances_is_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Faust's own fetcher crashes the app with a CancelledError then."""
    stopped: list[BaseException] = []
    monkeypatch.setattr(app_module, "fail_stop", lambda reason, error: stopped.append(error))
    monkeypatch.setattr(RiskConsumer, "_drain_messages", lambda self, fetcher: asyncio.Event().wait())

    async def body() -> None:
        app = create_app(a_config(tmp_path))
        app.rebalancing = True
        await app._fetcher.start()
        await asyncio.sleep(0)
        await app._fetcher.stop()
        await app.consumer._method_queue.stop()

    asyncio.run(body())
    assert stopped == []


def test_records_are_handed_out_as_they_were_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A method of aiokafka's list of fetched records, asked for each; what it returns goes on untouched."""
    monkeypatch.setattr(PartitionRecords, "_consumer_record", PartitionRecords._consumer_record)
    take_records_as_they_are()
    batch = BatchBuilder(1_000, 0)
    batch.append(timestamp=5, key=b"k", value=b"v", headers=[])
    batch.close()
    tp = TopicPartition("t", 0)
    (record,) = PartitionRecords(tp, MemoryRecords(bytes(batch._build())), [], 0, None, None, True, 1)
    assert (record.offset, record.timestamp, record.key, record.value) == (0, 5, b"k", b"v")
    assert not hasattr(record, "topic")


def test_the_fetcher_reads_its_backoff_where_we_set_it() -> None:
    """Each fetch result gets `_prefetch_backoff` of that moment."""
    assert "backoff=self._prefetch_backoff" in inspect.getsource(Fetcher._proc_fetch_request)


def test_a_consumer_is_told_by_its_deserializer_to_read_columns() -> None:
    """The fetcher looks the class of lists up at each answer, and hands the mark on without using it; a list walks over
    its batches with one iterator, and asks a method of its own for each record."""
    source = inspect.getsource(Fetcher)
    assert source.count("_key_deserializer") == 2
    assert re.search(
        r"partition_records = PartitionRecords\(\s*tp,\s*records,\s*aborted_transactions,\s*fetch_offset,"
        r"\s*self\._key_deserializer,",
        source,
    )
    walked = inspect.getsource(PartitionRecords)
    assert "self._records_iterator = self._unpack_records()" in walked
    assert "return next(self._records_iterator)" in walked
    assert re.search(r"for record in next_batch:.*consumer_record = self\._consumer_record\(tp, record\)", walked, re.S)
    assert "control_record = next(next_batch)" in walked


def test_what_was_fetched_is_read_through_our_bound() -> None:
    """The fetcher looks its class of batches up at each answer, and asks of a batch what ours has."""
    assert fetcher_module.MemoryRecords is BoundedRecords
    assert "records = MemoryRecords(part_data[-1])" in inspect.getsource(Fetcher._proc_fetch_request)
    source = inspect.getsource(PartitionRecords)
    offered = {"validate_crc", "producer_id", "is_transactional", "is_control_batch", "base_offset", "next_offset"}
    assert set(re.findall(r"next_batch\.(\w+)", source)) == offered
    assert set(re.findall(r"\brecord\.(\w+)", source)) == set(StandIn._fields)
    asked = inspect.getsource(Fetcher._proc_fetch_request) + source
    assert set(re.findall(r"\brecords\.(\w+)\(", asked)) == {"has_next", "next_batch", "size_in_bytes"}


class Heard:
    """A handler that notes what it is given; it stands where its fetcher does."""

    def __init__(self, positions: dict[TopicPartition, int]) -> None:
        self.positions = positions
        self.given: list[tuple[list[int], int | None]] = []
        self.busy_for = 0

    def has_room(self, tp: TopicPartition) -> bool:
        """Always."""
        return True

    def position(self, tp: TopicPartition) -> int:
        """Where the fetcher stands."""
        return self.positions[tp]

    def is_busy(self) -> bool:
        """As often as it was told."""
        self.busy_for -= 1
        return self.busy_for >= 0

    def receive(self, tp: TopicPartition, records: Records, start: int | None) -> None:
        """Note it."""
        self.given.append((records.offsets.tolist(), start))


def test_no_fetched_list_is_dropped_whatever_happened_meanwhile(tmp_path: Path) -> None:
    """A rebalance while a fetch waits: the list goes to whoever handles the partition now, and where it starts is only
    said to who asked for it. A list dropped here would leave orders undecided."""
    tp = TopicPartition("orders", 0)
    positions = {tp: 0}
    first, second = Heard(positions), Heard(positions)

    async def body() -> None:
        app = create_app(a_config(tmp_path))
        app.flow_control.resume()
        consumer, router = app.consumer, app.router
        consumer.resume_flow()
        router.handlers[tp] = first
        rounds = 0

        async def fetch(partitions: set[TopicPartition], timeout: float) -> dict[TopicPartition, list[SimpleNamespace]]:
            nonlocal rounds
            rounds += 1
            await asyncio.sleep(0)
            if rounds == 2:
                app.consumer_generation_id += 1
                router.handlers[tp] = second
            if rounds == 4:
                router.handlers.clear()
                consumer._stopped.set()
            positions[tp] += 2
            inputs = records_from([rounds], [0], [b"k"], [b"v"])
            return {} if rounds == 3 else {tp: [SimpleNamespace(inputs=inputs)]}

        consumer._thread.fetch = fetch
        await consumer._drain_messages(app._fetcher)
        await app.consumer._method_queue.stop()

    asyncio.run(body())
    assert first.given == [([1], 0)]
    assert second.given == [([2], None), ([], 4)]


@pytest.mark.parametrize(("count", "held"), [(0, False), (1, True), (HOLD_RECORDS_MAX + 1, False)])
def test_little_is_not_followed_by_less_while_partitions_are_busy(tmp_path: Path, count: int, held: bool) -> None:
    """Until at most a quarter of them is, or for a while; a fetch that brought much or nothing is followed at once."""
    partitions = [TopicPartition("orders", number) for number in range(4)]
    handlers = [Heard(dict.fromkeys(partitions, 0)) for _ in partitions]
    asked: list[list[int]] = []

    async def body() -> None:
        app = create_app(a_config(tmp_path))
        app.flow_control.resume()
        consumer, router = app.consumer, app.router
        consumer.resume_flow()
        router.handlers.update(zip(partitions, handlers, strict=True))

        async def fetch(wanted: set[TopicPartition], timeout: float) -> dict[TopicPartition, list[SimpleNamespace]]:
            asked.append([handler.busy_for for handler in handlers])
            if len(asked) == 1:
                handlers[0].busy_for, handlers[1].busy_for = 1000, 3
            else:
                consumer._stopped.set()
            inputs = records_from(list(range(count)), [0] * count, [b"k"] * count, [b"v"] * count)
            return {partitions[0]: [SimpleNamespace(inputs=inputs)]} if len(asked) == 1 else {}

        consumer._thread.fetch = fetch
        await consumer._drain_messages(app._fetcher)
        await app.consumer._method_queue.stop()

    asyncio.run(body())
    assert (asked[1][0], asked[1][1]) == ((996, -1) if held else (1000, 3))


def test_fetched_records_takes_partitions_and_drains_all_for_none() -> None:
    """An empty set means every partition, so we never pass one."""
    assert list(inspect.signature(Fetcher.fetched_records).parameters) == [
        "self",
        "partitions",
        "timeout",
        "max_records",
    ]
    assert "if partitions and tp not in partitions" in inspect.getsource(Fetcher.fetched_records)
    parameters = inspect.signature(faust_driver.AIOKafkaConsumerThread._fetch_records).parameters
    assert list(parameters) == ["self", "consumer", "active_partitions", "timeout", "max_records"]


def assigned_state() -> tuple[SubscriptionState, TopicPartition]:
    """A subscription with one partition, just assigned."""
    subscription, tp = SubscriptionState(), TopicPartition("orders", 0)
    subscription.subscribe({"orders"})
    subscription.assign_from_subscribed({tp})
    return subscription, tp


def test_a_partition_state_tells_what_the_steps_look_at() -> None:
    """Position, last stable offset, time of the last answer; a seek makes the position valid at once."""

    async def body() -> None:
        subscription, tp = assigned_state()
        state: Any = subscription.subscription.assignment.state_value(tp)
        assert (state.lso, state.timestamp, state.has_valid_position) == (None, None, False)
        subscription.pause(tp)
        subscription.seek(tp, 0)
        assert state.has_valid_position
        assert state.paused
        assert isinstance(state, TopicPartitionState)

    asyncio.run(body())
    source = inspect.getsource(Fetcher._proc_fetch_request)
    assert all(f"tp_state.{name} = " in source for name in ("lso", "timestamp", "highwater"))


def test_the_listener_runs_before_the_committed_offset_can_be_used() -> None:
    """The refresh of committed offsets, which the fetcher waits for, starts in the same call as the listener."""
    source = inspect.getsource(GroupCoordinator._on_join_complete)
    assert source.index("assign_from_subscribed") < source.index("listener.on_partitions_assigned(assigned)")
    assert "tp_state.has_valid_position or tp_state.awaiting_reset" in inspect.getsource(
        Fetcher._update_fetch_positions
    )


def test_waiting_for_an_assignment_raises_what_the_coordinator_found() -> None:
    """That is how a group that cannot be joined ends the worker."""

    async def body() -> None:
        subscription, _ = assigned_state()
        subscription.register_fetch_waiters(set())
        waiter = subscription.wait_for_assignment()
        subscription.abort_waiters(RuntimeError("no group"))
        with pytest.raises(RuntimeError, match="no group"):
            await waiter

    asyncio.run(body())


def test_a_strategy_of_none_raises_instead_of_jumping() -> None:
    """An offset out of range must never become another offset."""
    parameters = inspect.signature(AIOKafkaConsumer.__init__).parameters
    assert "auto_offset_reset" in parameters
    source = inspect.getsource(Fetcher._proc_fetch_request)
    assert "if self._default_reset_strategy != OffsetResetStrategy.NONE" in source


def test_the_table_is_fausts_and_its_directory_too(tmp_path: Path) -> None:
    """Our RocksDB directories lie where Faust's own store looks for them, under Faust's changelog name."""

    async def body() -> None:
        app = create_app(a_config(tmp_path))
        table = declare_table(app, a_config(tmp_path))
        assert table.changelog_topic.get_topic_name() == f"risk-stream-portfolios-v{VERSION}-changelog"
        assert table.data.use_rocksdict
        assert partition_path(table, 3).name == f"portfolios-v{VERSION}-3.db"
        assert tmp_path in partition_path(table, 3).parents

    asyncio.run(body())
