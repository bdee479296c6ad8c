"""Brings the saved rows up to date from the changelog, in bulk, and tells when they cannot be trusted."""

from typing import Any

import msgspec
from aiokafka import TopicPartition

from risk_stream.kafka.ports import Row
from risk_stream.kafka.range_reader import RangeReader
from risk_stream.kafka.snapshot import FIRST_KEY, RowDigest
from risk_stream.kafka.store import MARK_KEY, RowStore, Saved, decode_mark

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
        found: tuple[Saved, int] | None = None
        async for records in reader.read(tp, end):
            for record in records:
                if record.key == MARK_KEY:
                    found = _saved(record), record.timestamp
        if found is not None or start == first:
            return found
        look_back *= 16


def _saved(record: Any) -> Saved:
    try:
        return Saved(decode_mark(record.value), record.offset + 1)
    except msgspec.MsgspecError as error:
        raise Untrusted(f"mark at {record.offset} unreadable: {error}") from error


async def catch_up(reader: RangeReader, store: RowStore, tp: TopicPartition, bounds: tuple[int, int]) -> Saved | None:
    """Write what the store lacks; the mark it then stands at, None when nothing was ever saved.

    Untrusted when the changelog is shorter than the store knows, starts behind the copy its mark names, or lost rows
    of its last snapshot. `bounds` are the first offset kept and the one behind the last committed record.
    """
    first, end = bounds
    have = store.saved()
    if have is not None and have.changelog_next > end:
        raise Untrusted(f"ends at {end}, was written up to {have.changelog_next}")
    found = await last_mark(reader, tp, first, end)
    if found is None:
        if have is not None or end > 0:
            raise Untrusted("holds no mark")
        return None
    newest, written_ms = found
    if have is not None and have.changelog_next > newest.changelog_next:
        raise Untrusted(f"its newest mark ends at {newest.changelog_next}, was written up to {have.changelog_next}")
    on_disk = max(have.mark.seq, store.begun() or 0) if have is not None else 0
    if on_disk > newest.mark.seq:
        raise Untrusted(f"its newest mark is of step {newest.mark.seq}, rows on disk are of step {on_disk}")
    if have is not None and written_ms - store.written_ms() > TOMBSTONE_RETENTION_MS:
        store.empty()  # deletions it missed may be compacted away by now
        have = None
    if first > newest.mark.base:
        raise Untrusted(f"starts at {first}, its rows start at {newest.mark.base}")
    if have == newest:
        return have
    if have is not None and have.mark.base != newest.mark.base:
        raise Untrusted(f"copies differ: from {have.mark.base} on disk, from {newest.mark.base} in the changelog")
    start = newest.mark.base if have is None else have.changelog_next
    await _load(reader, store, tp, start, newest)
    return newest


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
