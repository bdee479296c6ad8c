"""Saves the rows that changed: to the changelog in one transaction, then to RocksDB, then the engine may forget.

The transaction is that of the next step, where there is one: its own is another wait for all orders behind it.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from risk_stream.kafka.failpoints import failpoint
from risk_stream.kafka.failstop import Doubt
from risk_stream.kafka.journal import JournalEnd
from risk_stream.kafka.pace import PacedEngine
from risk_stream.kafka.ports import Row
from risk_stream.kafka.producer import PartitionProducer, Write
from risk_stream.kafka.store import MARK_KEY, Mark, RowStore, Saved, encode_mark
from risk_stream.kafka.threads import in_thread
from risk_stream.messages.packed import NULL, Packed, in_one_text, joined

FIRST_KEY = b"\x00first"
"""Opens a snapshot in the changelog; MARK_KEY closes it. Rows of the engine never start with a zero byte."""


JOINED_BYTES_MAX = 1 << 20
"""A snapshot of no more is laid end to end in the loop, 0.2 ms; the way to a thread and back takes as long."""


class Prepared(NamedTuple):
    """The rows of a cut as the store takes them, and the digest of all."""

    rows: list[Row]
    digest: str


class Cut(NamedTuple):
    """Changed rows, copied between two steps, and the step they belong to."""

    end: JournalEnd
    packed: Packed
    prepared: asyncio.Task[Prepared]
    """Taken apart and hashed beside the steps that follow."""


class Snapshot(NamedTuple):
    """A cut whose step is committed: what to write to the changelog, and the mark that ends it."""

    rows: list[Row]
    write: Write
    mark: Mark


class Published(NamedTuple):
    """A snapshot that stands in the changelog."""

    rows: list[Row]
    saved: Saved


class RowDigest:
    """Counts and hashes the rows of one snapshot, so that a lost one shows."""

    def __init__(self) -> None:
        self.rows = 0
        self._lengths = hashlib.sha256()
        self._bytes = hashlib.sha256()

    def add(self, rows: Sequence[Row]) -> None:
        """Take rows, in order; lengths go in too, so that no two lists of rows hash alike."""
        self.rows += len(rows)
        fields = list(chain.from_iterable(rows))
        lengths = (NULL if field is None else len(field) for field in fields)
        self._lengths.update(np.fromiter(lengths, "<i8", len(fields)).tobytes())
        self._bytes.update(b"".join(filter(None, fields)))

    def hexdigest(self) -> str:
        """The digest of the rows so far: of the digest of all lengths and that of all bytes."""
        return hashlib.sha256(self._lengths.digest() + self._bytes.digest()).hexdigest()


class Snapshotter:
    """Takes and writes the snapshots of one owned partition."""

    def __init__(
        self,
        producer: PartitionProducer,
        store: RowStore,
        engine: PacedEngine,
        changelog: str,
        saved: Saved | None,
        base: int,
        input_ids: tuple[str, ...],
    ) -> None:
        """Goes on behind `saved`, or begins a copy at offset `base` of the changelog; `input_ids` is for the marks."""
        self._producer = producer
        self._store = store
        self._engine = engine
        self.changelog = changelog
        self._seq = 0 if saved is None else saved.mark.seq
        self._changelog_next = base if saved is None else saved.changelog_next
        self._copy = secrets.token_hex(8) if saved is None else saved.mark.copy
        self._base = base
        self._input_ids = input_ids

    def due(self, end: JournalEnd) -> bool:
        """Whether any step came since the last snapshot."""
        return end.seq > self._seq

    async def cut(self, end: JournalEnd) -> Cut:
        """Copy what changed up to and with step `end.seq`, the last one computed; none may be computed meanwhile."""
        failpoint("snapshot.before_cut")
        packed = await self._engine.cut()
        failpoint("snapshot.after_cut")
        return cut_of(end, packed)

    async def write(self, cut: Cut, journal_next: int) -> None:
        """Save a cut whose step is committed and stands below offset `journal_next` of the journal."""
        await self.store(await self.publish(cut, journal_next))

    async def publish(self, cut: Cut, journal_next: int) -> Published:
        """The first half of `write`: the cut is in the changelog, by a transaction of its own."""
        snapshot = await self.complete(cut, journal_next)
        return self.published(snapshot, await self._producer.transact([snapshot.write], {}, passed))

    async def complete(self, cut: Cut, journal_next: int) -> Snapshot:
        """What is to be written of a cut whose step is committed and stands below `journal_next` of the journal."""
        end, (rows, digest) = cut.end, await cut.prepared
        mark = Mark(
            seq=end.seq,
            values_to=end.values_to,
            orders_to=end.orders_to,
            controls=end.controls,
            chain=end.chain,
            journal_next=journal_next,
            copy=self._copy,
            input_ids=self._input_ids,
            base=self._base,
            rows=len(rows),
            digest=digest,
        )
        failpoint("snapshot.before_begin")
        few = cut.packed.values_size() < JOINED_BYTES_MAX
        records = _records(cut.packed, mark) if few else await in_thread(lambda: _records(cut.packed, mark))
        return Snapshot(rows, Write(self.changelog, records), mark)

    def published(self, snapshot: Snapshot, written: Mapping[str, int]) -> Published:
        """The snapshot's transaction is committed, and `written` tells the last offsets of what it wrote."""
        changelog_next = written[self.changelog] + 1
        if changelog_next < self._changelog_next + len(snapshot.rows):
            raise Doubt(
                f"{self.changelog}: offset {changelog_next} after {self._changelog_next}: the topic was made anew"
            )
        return Published(snapshot.rows, Saved(snapshot.mark, changelog_next))

    async def store(self, published: Published) -> None:
        """The second half: its rows are on the disk. No other cut may be taken before this returns."""
        # A broker may leave it open (left_open.py), and what a take-over then aborts must not be on the disk.
        await self._producer.ended()
        failpoint("snapshot.before_store")
        # In a thread, as it takes some microseconds a row. Nothing reads the rows of a cut before `saved`.
        await in_thread(lambda: self._store.apply(published.rows, published.saved))
        failpoint("snapshot.after_store")
        self._seq, self._changelog_next = published.saved.mark.seq, published.saved.changelog_next
        await self._engine.saved()


def cut_of(end: JournalEnd, packed: Packed) -> Cut:
    """The copied rows of a step, while they are prepared."""
    return Cut(end, packed, asyncio.create_task(in_thread(lambda: _prepared(packed)), name="rows"))


def _prepared(packed: Packed) -> Prepared:
    """Some microseconds a row."""
    rows, digest = packed.rows(), RowDigest()
    digest.add(rows)
    return Prepared(rows, digest.hexdigest())


def _records(rows: Packed, mark: Mark) -> Packed:
    first, last = in_one_text(FIRST_KEY, b"%d" % mark.seq), in_one_text(MARK_KEY, encode_mark(mark))
    return joined(first, rows, last)


def passed(part: str) -> None:
    """A part of the transaction that writes a snapshot is behind."""
    if part != "offsets":
        failpoint(f"snapshot.after_{part}")
