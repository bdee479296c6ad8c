"""Snapshots and what is read back of them, on a real broker: nothing missing passes for whole."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete

from risk_stream.kafka import store as store_module
from risk_stream.kafka.changelog import Untrusted, catch_up
from risk_stream.kafka.journal import JournalEnd, beginning, encode, end_after, next_record
from risk_stream.kafka.pace import PacedEngine
from risk_stream.kafka.ports import Row
from risk_stream.kafka.producer import PartitionProducer, Write
from risk_stream.kafka.range_reader import RangeReader
from risk_stream.kafka.snapshot import Snapshotter, cut_of, passed
from risk_stream.kafka.store import MARK_KEY, RowStore, Saved, open_store
from risk_stream.messages.packed import NOTHING, Packed, alone, in_one_text, pack
from tests.kafka.cut_short import apply_cut_short
from tests.kafka.harness import Cluster

pytestmark = pytest.mark.broker
CACHE = 1 << 20


class NoEngine:
    """Takes part in snapshots and knows nothing."""

    is_crowded = False

    def cut_parts(self) -> Iterator[Packed]:
        """No rows."""
        yield NOTHING

    def saved(self) -> None:
        """Nothing to forget."""

    def step_parts(self, values: object, orders: object, plan: object) -> None:
        """Never called."""
        raise NotImplementedError


class Scene:
    """A changelog with a writer and its store."""

    def __init__(self, cluster: Cluster, producer: PartitionProducer, store: RowStore, tp: TopicPartition) -> None:
        self.cluster, self.producer, self.store, self.tp = cluster, producer, store, tp
        self.journal = TopicPartition(cluster.config().topic("journal"), tp.partition)
        self.snapshotter = self.new_snapshotter(base=0)

    def new_snapshotter(self, base: int) -> Snapshotter:
        """A writer that begins a copy at this offset."""
        engine = PacedEngine(NoEngine())  # type: ignore[arg-type]
        return Snapshotter(self.producer, self.store, engine, self.tp.topic, None, base, ("ids",))

    async def save(self, seq: int, rows: list[Row]) -> None:
        """Write a snapshot of step `seq`."""
        packed = pack([(key, value, []) for key, value in rows])
        await self.snapshotter.write(cut_of(JournalEnd(seq, seq, seq, -1, f"chain-{seq}"), packed), journal_next=seq)

    async def step(self, before: JournalEnd, outputs: str) -> tuple[JournalEnd, int]:
        """Publish a step without inputs; where the journal then stands."""
        record = next_record(before, (0, 0), (0, 0), -1, outputs)
        written = await self.producer.transact([Write(self.journal.topic, alone(encode(record)))], {}, passed)
        return end_after(record), written[self.journal.topic] + 1

    async def caught_up(self, store: RowStore) -> Saved | None:
        """Bring a store up to date."""
        async with RangeReader(self.cluster.config()) as reader:
            return await catch_up(reader, store, self.tp, self.journal, await reader.bounds([self.tp, self.journal]))

    def fresh(self, name: str) -> RowStore:
        """An empty store."""
        return open_store(self.cluster.folder / name, CACHE)


@asynccontextmanager
async def admin_of(cluster: Cluster) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client."""
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


def play(cluster: Cluster, body: Callable[[Scene], Awaitable[None]]) -> None:
    """Run a scene on a new changelog topic."""

    async def run() -> None:
        topic = f"{cluster.prefix}changelog"
        async with admin_of(cluster) as admin:
            await admin.create_topics([NewTopic(topic, 2, 1, topic_configs={"cleanup.policy": "compact,delete"})])
        producer = PartitionProducer(cluster.config(), 1)
        await producer.start()
        store = open_store(cluster.folder / "writer", CACHE)
        try:
            await body(Scene(cluster, producer, store, TopicPartition(topic, 1)))
        finally:
            store.close()
            await producer.close()

    asyncio.run(run())


def rows_of(count: int, version: int = 0, first: int = 0) -> list[Row]:
    """Numbered rows."""
    return [(b"row-%06d" % number, b"value-%d" % version) for number in range(first, first + count)]


def test_an_empty_store_is_filled_in_bulk(cluster: Cluster) -> None:
    """Later rows win, deletions count, more rows than fit in one write included."""

    async def body(scene: Scene) -> None:
        await scene.save(1, rows_of(45_000))
        await scene.save(2, [*rows_of(10, version=2), (b"row-000010", None)])
        store = scene.fresh("other")
        saved = await scene.caught_up(store)
        assert saved == scene.store.saved()
        keys = [key for key, _ in rows_of(45_000)]
        assert store.get_many(keys) == scene.store.get_many(keys)
        assert store.get_many([b"row-000009", b"row-000010"]) == [b"value-2", None]
        store.close()

    play(cluster, body)


def test_a_store_that_is_behind_reads_only_the_rest(cluster: Cluster) -> None:
    """What it has is not read again: removing it from the test's view of the log changes nothing."""

    async def body(scene: Scene) -> None:
        await scene.save(1, rows_of(10))
        store = scene.fresh("other")
        await scene.caught_up(store)
        store.apply([(b"row-000003", b"only here")], store.saved() or pytest.fail("no mark"))
        await scene.save(2, rows_of(5, version=2, first=5))
        saved = await scene.caught_up(store)
        assert saved is not None
        assert saved.mark.seq == 2
        assert store.get_many([b"row-000003", b"row-000007"]) == [b"only here", b"value-2"]
        store.close()

    play(cluster, body)


def test_nothing_saved_is_no_mark(cluster: Cluster) -> None:
    """A new changelog."""

    async def body(scene: Scene) -> None:
        assert await scene.caught_up(scene.store) is None

    play(cluster, body)


async def delete_up_to(scene: Scene, offset: int) -> None:
    """Delete the changelog's records below an offset (-1: all)."""
    async with admin_of(scene.cluster) as admin:
        await admin.delete_records({scene.tp: RecordsToDelete(before_offset=offset)})


@pytest.mark.parametrize("offset", [3, -1])
@pytest.mark.parametrize("has_rows", [True, False])
def test_a_changelog_that_lost_its_beginning_is_not_trusted(cluster: Cluster, offset: int, has_rows: bool) -> None:
    """Emptied or cut off, whether the store is whole or empty: the next loss of a disk would lose state."""

    async def body(scene: Scene) -> None:
        await scene.save(1, rows_of(10))
        await scene.save(2, rows_of(2, version=2))
        await delete_up_to(scene, offset)
        store = scene.store if has_rows else scene.fresh("other")
        with pytest.raises(Untrusted):
            await scene.caught_up(store)
        if not has_rows:
            store.close()

    play(cluster, body)


def test_a_changelog_that_was_made_anew_is_not_trusted(cluster: Cluster) -> None:
    """It has nothing of what the store knows."""

    async def body(scene: Scene) -> None:
        await scene.save(1, rows_of(10))
        async with admin_of(scene.cluster) as admin:
            await admin.delete_topics([scene.tp.topic])
            await admin.create_topics([NewTopic(scene.tp.topic, 2, 1)])
        with pytest.raises(Untrusted, match="holds no mark"):
            await scene.caught_up(scene.store)

    play(cluster, body)


def test_a_store_ahead_of_the_newest_mark_is_not_trusted(cluster: Cluster) -> None:
    """Its last snapshot was aborted in the changelog after it was stored: an older mark must not cover newer rows."""

    async def body(scene: Scene) -> None:
        await scene.save(1, [(b"a", b"1")])
        await scene.save(2, [])
        known = scene.store.saved()
        assert known is not None
        scene.store.apply([(b"a", b"3")], known._replace(changelog_next=known.changelog_next + 1))
        with pytest.raises(Untrusted, match="its newest mark ends at"):
            await scene.caught_up(scene.store)

    play(cluster, body)


def test_a_store_written_in_part_needs_that_snapshot(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """With it all rows are written again; without it newer rows must not pass for the old mark's."""

    async def body(scene: Scene) -> None:
        await scene.save(1, [(b"a", b"1")])
        old = scene.store.saved()
        assert old is not None
        newer = old._replace(mark=msgspec.structs.replace(old.mark, seq=2))
        monkeypatch.setattr(store_module, "APPLY_ROWS_MAX", 1)
        apply_cut_short(monkeypatch, scene.store, [(b"a", b"2"), (b"b", b"2")], newer)
        with pytest.raises(Untrusted, match="rows on disk are of step 2"):
            await scene.caught_up(scene.store)
        await scene.save(2, [(b"a", b"2"), (b"c", b"2")])
        store = scene.fresh("other")
        store.apply([(b"a", b"1")], old)
        apply_cut_short(monkeypatch, store, [(b"a", b"2"), (b"c", b"2")], newer)
        assert (await scene.caught_up(store), store.begun()) == (scene.store.saved(), None)
        assert store.get_many([b"a", b"c"]) == [b"2", b"2"]
        store.close()

    play(cluster, body)


def test_a_lost_row_of_the_last_snapshot_is_found(cluster: Cluster) -> None:
    """Its mark counts and hashes what it closes."""

    async def body(scene: Scene) -> None:
        await scene.save(1, rows_of(3))
        source = await whole_log(scene)
        dropped = [record for record in source if record.key != b"row-000001"]
        other = TopicPartition(scene.tp.topic, 0)
        async with AIOKafkaProducer(bootstrap_servers=scene.cluster.bootstrap) as producer:
            for record in dropped:
                await producer.send_and_wait(other.topic, record.value, record.key, other.partition)
        scene.tp = other
        store = scene.fresh("other")
        with pytest.raises(Untrusted, match="2 of 3 rows"):
            await scene.caught_up(store)
        store.close()

    play(cluster, body)


def test_rows_of_a_copy_that_was_given_up_do_not_come_back(cluster: Cluster) -> None:
    """After a rebuild a new copy begins; older records on the changelog are not part of it."""

    async def body(scene: Scene) -> None:
        await scene.save(1, rows_of(10))
        async with RangeReader(scene.cluster.config()) as reader:
            (_, end) = (await reader.bounds([scene.tp]))[scene.tp]
        scene.snapshotter = scene.new_snapshotter(base=end)
        await scene.save(2, rows_of(2, version=2))
        store = scene.fresh("other")
        await scene.caught_up(store)
        assert store.get_many([b"row-000001", b"row-000005"]) == [b"value-2", None]
        store.close()

    play(cluster, body)


@pytest.mark.parametrize("copy", ["another application's", None])
def test_a_store_of_another_copy_is_loaded_anew(cluster: Cluster, copy: str | None) -> None:
    """Though the changelog is good, and longer than the store; of a copy that was given up (None) as well."""

    async def body(scene: Scene) -> None:
        await scene.save(1, rows_of(10))
        old = scene.store.saved()
        assert old is not None
        async with RangeReader(scene.cluster.config()) as reader:
            (_, end) = (await reader.bounds([scene.tp]))[scene.tp]
        if copy is None:
            scene.snapshotter = scene.new_snapshotter(base=end)
            await scene.save(2, rows_of(10))
        else:
            old = old._replace(mark=msgspec.structs.replace(old.mark, copy=copy))
        await scene.save(3, rows_of(2, version=3))
        store = scene.fresh("other")
        store.apply([(b"row-000001", b"foreign"), (b"row-000005", b"foreign"), (b"row-x", b"foreign")], old)
        assert await scene.caught_up(store) == scene.store.saved()
        assert store.get_many([b"row-000001", b"row-000005", b"row-x"]) == [b"value-3", b"value-0", None]
        store.close()

    play(cluster, body)


def test_a_store_of_a_later_copy_speaks_against_the_changelog(cluster: Cluster) -> None:
    """It lost that copy, and with it perhaps rows that were compacted away below it."""

    async def body(scene: Scene) -> None:
        await scene.save(1, rows_of(10))
        saved = scene.store.saved()
        assert saved is not None
        scene.store.apply([], saved._replace(mark=msgspec.structs.replace(saved.mark, copy="later", base=5)))
        with pytest.raises(Untrusted, match="those on disk are of a copy from 5"):
            await scene.caught_up(scene.store)

    play(cluster, body)


def test_a_store_of_another_journal_is_loaded_anew(cluster: Cluster) -> None:
    """A cluster brought back from a backup has the same copy and went on otherwise, or another application has a later
    one; neither speaks against the changelog. A step not kept tells nothing."""

    async def body(scene: Scene) -> None:
        first, first_next = await scene.step(beginning(0, 0), "one")
        second, second_next = await scene.step(first, "two")
        await scene.snapshotter.write(cut_of(first, pack([(b"a", b"1", [])])), first_next)
        own = scene.store.saved()
        await scene.snapshotter.write(cut_of(second, pack([(b"b", b"2", [])])), second_next)
        assert own is not None
        foreign = own._replace(mark=msgspec.structs.replace(own.mark, chain="of another step 1"))
        later = own._replace(mark=msgspec.structs.replace(foreign.mark, copy="later", base=5))
        for number, (saved, kept) in enumerate(((own, b"own"), (foreign, None), (later, None))):
            store = scene.fresh(f"other-{number}")
            store.apply([(b"c", b"own")], saved)
            await scene.caught_up(store)
            assert store.get_many([b"a", b"b", b"c"]) == [None if kept else b"1", b"2", kept]
            store.close()
        async with admin_of(scene.cluster) as admin:
            await admin.delete_records({scene.journal: RecordsToDelete(before_offset=first_next)})
        store = scene.fresh("trimmed")
        store.apply([(b"c", b"own")], own)
        await scene.caught_up(store)
        assert store.get_many([b"c"]) == [b"own"]
        store.close()

    play(cluster, body)


def test_a_changelog_of_another_journal_is_not_trusted(cluster: Cluster) -> None:
    """Its newest mark names a step that the journal has otherwise."""

    async def body(scene: Scene) -> None:
        end, journal_next = await scene.step(beginning(0, 0), "one")
        await scene.snapshotter.write(cut_of(end, NOTHING), journal_next)
        await scene.caught_up(scene.store)
        scene.snapshotter = scene.new_snapshotter(base=3)
        await scene.snapshotter.write(cut_of(replace(end, chain="another"), NOTHING), journal_next)
        with pytest.raises(Untrusted, match="of another step 1 than the journal's"):
            await scene.caught_up(scene.store)

    play(cluster, body)


def test_only_the_newest_mark_has_to_be_readable(cluster: Cluster) -> None:
    """One that names no copy is not trusted; behind it a new copy begins."""

    async def body(scene: Scene) -> None:
        writes = [Write(scene.tp.topic, in_one_text(MARK_KEY, b'{"seq":1,"base":0}'))]
        last = (await scene.producer.transact(writes, {}, passed))[scene.tp.topic]
        with pytest.raises(Untrusted, match="unreadable"):
            await scene.caught_up(scene.store)
        scene.snapshotter = scene.new_snapshotter(base=last + 2)
        await scene.save(2, rows_of(1))
        assert await scene.caught_up(scene.store) == scene.store.saved()

    play(cluster, body)


async def whole_log(scene: Scene) -> list[Any]:
    """Every record of the changelog."""
    found: list[Any] = []
    async with RangeReader(scene.cluster.config()) as reader:
        (first, end) = (await reader.bounds([scene.tp]))[scene.tp]
        reader.assign({scene.tp: first})
        async for records in reader.read(scene.tp, end):
            found.extend(records)
    return found
