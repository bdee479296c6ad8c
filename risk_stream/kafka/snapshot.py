"""Saves the rows that changed: to the changelog in one transaction, then to RocksDB, then the engine may forget."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from risk_stream.kafka.failpoints import failpoint
from risk_stream.kafka.failstop import Doubt
from risk_stream.kafka.journal import JournalEnd
from risk_stream.kafka.ports import EnginePort, Row
from risk_stream.kafka.producer import NO_HEADERS, Outgoing, PartitionProducer, Write
from risk_stream.kafka.store import MARK_KEY, Mark, RowStore, Saved, encode_mark

FIRST_KEY = b"\x00first"
"""Opens a snapshot in the changelog; MARK_KEY closes it. Rows of the engine never start with a zero byte."""


class Cut(NamedTuple):
    """Changed rows, copied between two steps, and the step they belong to."""

    end: JournalEnd
    rows: Sequence[Row]


class RowDigest:
    """Counts and hashes the rows of one snapshot, so that a lost one shows."""

    def __init__(self) -> None:
        self.rows = 0
        self._hash = hashlib.sha256()

    def add(self, key: bytes, value: bytes | None) -> None:
        """Take one row, in order; lengths go in too, so that no two lists of rows hash alike."""
        self.rows += 1
        self._hash.update(b"%d,%d:" % (len(key), -1 if value is None else len(value)))
        self._hash.update(key)
        self._hash.update(value or b"")

    def hexdigest(self) -> str:
        """The digest of the rows so far."""
        return self._hash.hexdigest()


class Snapshotter:
    """Takes and writes the snapshots of one owned partition."""

    def __init__(
        self,
        producer: PartitionProducer,
        store: RowStore,
        engine: EnginePort,
        changelog: str,
        saved: Saved | None,
        base: int,
    ) -> None:
        self._producer = producer
        self._store = store
        self._engine = engine
        self._changelog = changelog
        self._seq = 0 if saved is None else saved.mark.seq
        self._changelog_next = base if saved is None else saved.changelog_next
        self._base = base

    def due(self, end: JournalEnd) -> bool:
        """Whether any step came since the last snapshot."""
        return end.seq > self._seq

    def cut(self, end: JournalEnd) -> Cut:
        """Copy what changed up to and with step `end.seq`, which must be the last one computed."""
        failpoint("snapshot.before_cut")
        cut = Cut(end, self._engine.cut())
        failpoint("snapshot.after_cut")
        return cut

    async def write(self, cut: Cut, journal_next: int) -> None:
        """Save a cut whose step is committed and stands below offset `journal_next` of the journal."""
        digest = RowDigest()
        for key, value in cut.rows:
            digest.add(key, value)
        end = cut.end
        mark = Mark(
            seq=end.seq,
            values_to=end.values_to,
            orders_to=end.orders_to,
            controls=end.controls,
            chain=end.chain,
            journal_next=journal_next,
            base=self._base,
            rows=digest.rows,
            digest=digest.hexdigest(),
        )
        failpoint("snapshot.before_begin")
        written = await self._producer.transact([Write(self._changelog, _records(cut.rows, mark))], {}, _passed)
        changelog_next = written[self._changelog] + 1
        if changelog_next < self._changelog_next + len(cut.rows):
            raise Doubt(
                f"{self._changelog}: offset {changelog_next} after {self._changelog_next}: the topic was made anew"
            )
        failpoint("snapshot.before_store")
        self._store.apply(cut.rows, Saved(mark, changelog_next))
        failpoint("snapshot.after_store")
        self._seq, self._changelog_next = end.seq, changelog_next
        self._engine.saved()


def _records(rows: Sequence[Row], mark: Mark) -> Iterator[Outgoing]:
    yield FIRST_KEY, b"%d" % mark.seq, NO_HEADERS
    for key, value in rows:
        yield key, value, NO_HEADERS
    yield MARK_KEY, encode_mark(mark), NO_HEADERS


def _passed(part: str) -> None:
    if part != "offsets":
        failpoint(f"snapshot.after_{part}")
