"""Brings the saved rows up to date from the changelog, in bulk, and tells when they cannot be trusted."""

import logging
from collections.abc import Mapping
from typing import Any

import msgspec
from aiokafka import TopicPartition

from risk_stream.kafka.journal import Range, decode
from risk_stream.kafka.ports import Row
from risk_stream.kafka.range_reader import RangeReader
from risk_stream.kafka.snapshot import FIRST_KEY, RowDigest
from risk_stream.kafka.store import MARK_KEY, Mark, RowStore, Saved, decode_mark

log = logging.getLogger(__name__)

TOMBSTONE_RETENTION_MS = 7 * 24 * 3600 * 1000
"""How long the changelog keeps deletions. A directory that is older has missed some, and is read anew."""

LOAD_ROWS_MAX = 20_000
"""Rows gathered before they are written: 10 MB at 500 bytes. A load of fewer is written at once, mark and all."""

FIRST_LOOK_BACK = 64
"""The last mark is the last record but for transaction markers; aborted snapshots may stand behind it."""


class Untrusted(Exception):
    """The changelog does not hold all it must: rows have to be rebuilt from the journal's beginning."""


async def last_mark(reader: RangeReader, tp: TopicPartition, first: int, end: int) -> tuple[Saved, int] | None:
    """The newest committed mark and its timestamp (ms); None when there is none. Looks back ever further."""
    look_back = FIRST_LOOK_BACK
    while True:
        start = max(first, end - look_back)
        reader.assign({tp: start})
        found: Any = None
        async for records in reader.read(tp, end):
            for record in records:
                if record.key == MARK_KEY:
                    found = record
        if found is not None:
            return _saved(found), found.timestamp
        if start == first:
            return None
        look_back *= 16


def _saved(record: Any) -> Saved:
    try:
        return Saved(decode_mark(record.value), record.offset + 1)
    except msgspec.MsgspecError as error:
        raise Untrusted(f"mark at {record.offset} unreadable: {error}") from error


async def catch_up(
    reader: RangeReader,
    store: RowStore,
    tp: TopicPartition,
    journal: TopicPartition,
    bounds: Mapping[TopicPartition, Range],
) -> Saved | None:
    """Write what the store lacks; the mark it then stands at, None when nothing was ever saved.

    A store of another copy, or of another journal, is emptied first. Untrusted when the changelog `tp` is shorter than
    the store of its copy knows, starts behind the copy its mark names, names a step that the journal has otherwise, or
    lost rows of its last snapshot. `bounds` are the first offset kept and the one behind the last committed record.
    """
    first, end = bounds[tp]
    have = store.saved()
    found = await last_mark(reader, tp, first, end)
    if found is None:
        if have is not None or end > 0:
            raise Untrusted("holds no mark")
        return None
    newest, written_ms = found
    known = have is not None and await _is_in(reader, journal, bounds[journal], have.mark)
    if have is not None and known:  # rows of a step that the journal has otherwise cannot speak against the changelog
        _check_ends(have, store.begun(), newest)
    if first > newest.mark.base:
        raise Untrusted(f"starts at {first}, its rows start at {newest.mark.base}")
    if not await _is_in(reader, journal, bounds[journal], newest.mark):
        raise Untrusted(f"its newest mark is of another step {newest.mark.seq} than the journal's")
    if have == newest:
        return have
    if have is not None and not (
        _may_precede(have, newest)
        # Deletions that it missed may be compacted away by now.
        and written_ms - store.written_ms() <= TOMBSTONE_RETENTION_MS
        and known
    ):
        log.warning("%s/%d: the rows on disk are of another copy, or too old: all are loaded anew from it", *tp)
        store.empty()
        have = None
    await _load(reader, store, tp, newest.mark.base if have is None else have.changelog_next, newest)
    return newest


def _check_ends(have: Saved, begun: int | None, newest: Saved) -> None:
    """Untrusted when the changelog lost what the directory knows of it."""
    if have.mark.copy != newest.mark.copy:
        if have.mark.base > newest.mark.base:
            raise Untrusted(f"its rows start at {newest.mark.base}, those on disk are of a copy from {have.mark.base}")
        return
    if have.changelog_next > newest.changelog_next:
        raise Untrusted(f"its newest mark ends at {newest.changelog_next}, rows on disk go to {have.changelog_next}")
    on_disk = max(have.mark.seq, begun or 0)
    if on_disk > newest.mark.seq:
        raise Untrusted(f"its newest mark is of step {newest.mark.seq}, rows on disk are of step {on_disk}")


def _may_precede(have: Saved, newest: Saved) -> bool:
    return (
        have.mark.copy == newest.mark.copy
        and have.changelog_next < newest.changelog_next
        and have.mark.journal_next <= newest.mark.journal_next
    )


async def _is_in(reader: RangeReader, journal: TopicPartition, kept: Range, mark: Mark) -> bool:
    """Whether the journal's record at the mark's place is that of its step; also where it is no longer to be read."""
    place = mark.journal_next - 1
    if not kept[0] <= place < kept[1]:
        return True
    reader.assign({journal: place})
    found = [decode(one.value) async for records in reader.read(journal, place + 1) for one in records]
    return [(one.seq, one.chain) for one in found] == [(mark.seq, mark.chain)]


async def _load(reader: RangeReader, store: RowStore, tp: TopicPartition, start: int, newest: Saved) -> None:
    digest = RowDigest()
    waiting: list[Row] = []
    hashed = 0
    reader.assign({tp: start})
    async for records in reader.read(tp, newest.changelog_next):
        for record in records:
            if record.key == FIRST_KEY:
                digest, hashed = RowDigest(), len(waiting)
            elif record.key != MARK_KEY:
                waiting.append((record.key, record.value))
        digest.add(waiting[hashed:])
        hashed = len(waiting)
        if len(waiting) > LOAD_ROWS_MAX:
            store.load(waiting)
            waiting, hashed = [], 0
    if (digest.rows, digest.hexdigest()) != (newest.mark.rows, newest.mark.digest):
        raise Untrusted(f"snapshot of step {newest.mark.seq} has {digest.rows} of {newest.mark.rows} rows, or others")
    store.apply(waiting, newest)
