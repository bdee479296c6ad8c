"""The saved rows of one partition: a RocksDB directory, its checks, and what becomes of it when they fail."""

import contextlib
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import rocksdict

from risk_stream.kafka.failstop import Doubt
from risk_stream.kafka.ports import Row

MARK_KEY = b"\x00mark"
"""The row that says which step the others belong to. Without it a directory is half-written and worth nothing."""

BEGUN_KEY = b"\x00begun"
"""Stands there while a snapshot of more than APPLY_ROWS_MAX rows is being written: the step it belongs to."""

WRITTEN_KEY = b"\x00written"

FAUST_OFFSET_KEY = b"__faust\x00offset__"
"""Where Faust's own RocksDB store keeps the changelog offset: the directory stays a Faust table's."""

QUARANTINED_MAX = 3
"""Damaged directories kept for whoever wants to look; older ones are deleted."""

APPLY_ROWS_MAX = 1_000
"""Rows in one write: rocksdict holds the interpreter meanwhile, some 1.7 us a row, and with it all partitions."""

WRITE_BUFFER_BYTES = 16 * 1024 * 1024
OPEN_FILES_MAX = 256

DISK_BYTES_MIN = 2 * WRITE_BUFFER_BYTES
"""Looked at before rows are taken. Without a log of its own RocksDB meets a full disk when it writes a buffer, minutes
later, tries again by itself, and holds whoever writes meanwhile, and the interpreter with it."""


class Mark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The cut a set of rows belongs to: the end of the journal at that time, and where the journal goes on."""

    seq: int
    values_to: int
    orders_to: int
    controls: int
    chain: str
    journal_next: int
    """Offset of `journal` behind the record of step `seq`."""
    copy: str
    """Random, made where a copy of the rows begins: offsets alone are the same in a topic or cluster made anew."""
    input_ids: tuple[str, ...]
    """What Kafka knew the inputs and the controls by: offsets fit a topic that was made anew, too."""
    base: int
    """Offset of the changelog from which on it holds every row. Older records belong to a copy that was given up."""
    rows: int
    """Rows this snapshot wrote."""
    digest: str
    """sha256 hex over them, as they stand between the first and the last record of its transaction."""


class Saved(NamedTuple):
    """A mark and the offset of the changelog behind it."""

    mark: Mark
    changelog_next: int


class Damaged(Exception):
    """RocksDB cannot open or read the directory, or it does not hold what it must."""


class RowStore:
    """Raw rows in RocksDB; reads are synchronous and cost some microseconds a key."""

    def __init__(self, path: Path, cache_bytes: int) -> None:
        """Open or make the directory. Damaged when it cannot be used, Doubt when another process holds it."""
        self.path = path
        self._cache_bytes = cache_bytes
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = _open(path, cache_bytes)

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        """The values of these keys, in their order. An unreadable row ends the process; the next start rebuilds."""
        try:
            values: list[bytes | None] = self._db.get(keys)
        except Exception as error:
            raise _distrusted(self.path, "row unreadable", error) from error
        return values

    def saved(self) -> Saved | None:
        """What the directory holds; None when it is empty or half-written."""
        try:
            text = self._db.get(MARK_KEY)
            return None if text is None else _decode_saved(text)
        except Exception as error:
            raise Damaged(f"{self.path}: {error}") from error

    def written_ms(self) -> int:
        """When a snapshot was last written (this machine's clock), for comparisons in days; 0 when never."""
        with _no_corruption(self.path):
            return int(self._db.get(WRITTEN_KEY) or 0)

    def begun(self) -> int | None:
        """The step whose snapshot `apply` was writing when the process ended; None when it came to its end."""
        with _no_corruption(self.path):
            seq = self._db.get(BEGUN_KEY)
        return None if seq is None else int(seq)

    def apply(self, rows: Sequence[Row], saved: Saved) -> None:
        """Write rows, and their mark last. May run in a thread: a call holds the interpreter for APPLY_ROWS_MAX rows.

        Doubt when there is too little room on the disk. After a crash all rows may be there, some or none, with an old
        mark; `begun` tells. Whoever opens the directory then must write all of them again: they are in the changelog,
        or the directory is worth nothing.
        """
        self._check_room()
        with _no_corruption(self.path):
            last = len(rows) - len(rows) % APPLY_ROWS_MAX
            for start in range(0, last, APPLY_ROWS_MAX):
                batch = _batch(rows[start : start + APPLY_ROWS_MAX])
                batch.put(BEGUN_KEY, b"%d" % saved.mark.seq)
                self._db.write(batch)
            self._db.write(self._end_of(rows[last:], saved))

    def _end_of(self, rows: Iterable[Row], saved: Saved) -> Any:
        batch = _batch(rows)
        batch.delete(BEGUN_KEY)
        batch.put(MARK_KEY, _encode_saved(saved))
        batch.put(WRITTEN_KEY, b"%d" % int(time.time() * 1000))
        batch.put(FAUST_OFFSET_KEY, str(saved.changelog_next - 1).encode())
        return batch

    def load(self, rows: Iterable[Row]) -> None:
        """Write a part of many rows, without a mark: until `apply` sets one the directory counts as half-written."""
        self._check_room()
        batch = _batch(rows)
        batch.delete(MARK_KEY)
        with _no_corruption(self.path):
            self._db.write(batch)

    def _check_room(self) -> None:
        free = shutil.disk_usage(self.path).free
        if free < DISK_BYTES_MIN:
            raise Doubt(
                f"{self.path}: {free / 2**20:.0f} MiB are free on this disk, {DISK_BYTES_MIN / 2**20:.0f} are needed. "
                "Make room, then start the worker again: nothing is lost"
            )

    def empty(self) -> None:
        """Delete every row."""
        self.close()
        shutil.rmtree(self.path)
        self._db = _open(self.path, self._cache_bytes)

    def close(self) -> None:
        """Flush and give the directory's lock back."""
        with _no_corruption(self.path):
            self._db.close()

    def abandon(self) -> None:
        """Close a directory that is damaged already, and may fail to close on the same damage."""
        with contextlib.suppress(Exception):
            self._db.close()


def open_store(path: Path, cache_bytes: int) -> RowStore:
    """The store in this directory; a damaged one is set aside and made anew, a half-written one deleted."""
    if _suspect(path).exists():
        if path.exists():
            quarantine(path)
        _suspect(path).unlink()
    try:
        store = RowStore(path, cache_bytes)
        try:
            complete = store.saved() is not None
        except Damaged:
            store.abandon()
            raise
    except Damaged:
        quarantine(path)
        return RowStore(path, cache_bytes)
    if not complete:
        store.empty()
    return store


def quarantine(path: Path) -> Path:
    """Rename a damaged directory to `<name>.damaged-<n>`; the newest QUARANTINED_MAX stay."""
    taken = sorted(path.parent.glob(f"{path.name}.damaged-*"), key=_quarantine_number)
    target = path.with_name(f"{path.name}.damaged-{_quarantine_number(taken[-1]) + 1 if taken else 1}")
    path.rename(target)
    for old in taken[: len(taken) + 1 - QUARANTINED_MAX]:
        shutil.rmtree(old, ignore_errors=True)
    return target


@contextlib.contextmanager
def _no_corruption(path: Path) -> Iterator[None]:
    """Corruption may show in any call, long after the directory was opened: the next start must not trust it again."""
    try:
        yield
    except Exception as error:
        if "corruption" not in str(error).lower():
            raise
        raise _distrusted(path, "damaged", error) from error


def _distrusted(path: Path, what: str, error: Exception) -> Doubt:
    """What to raise when a directory must not be trusted again; it is marked."""
    _suspect(path).touch()
    return Doubt(f"{path}: {what}, the next start rebuilds the directory: {error}")


def _suspect(path: Path) -> Path:
    """Exists when a row of the directory could not be read: bit-rot opens well and fails on reads."""
    return path.with_name(f"{path.name}.suspect")


def _quarantine_number(path: Path) -> int:
    with contextlib.suppress(ValueError):
        return int(path.name.rpartition("-")[2])
    return 0


def _open(path: Path, cache_bytes: int) -> Any:
    # No log of its own: the changelog is one. After a crash RocksDB has what it had flushed, a state as of some write,
    # and what is behind that is written again from the changelog.
    unlogged: Any = rocksdict.WriteOptions()
    unlogged.disable_wal = True
    try:
        database: Any = rocksdict.Rdict(str(path), options=_options(cache_bytes))
        database.set_write_options(unlogged)
        return database
    except Exception as error:
        if "lock" in str(error).lower():
            raise Doubt(f"{path}: another process uses this data directory") from error
        raise Damaged(f"{path}: {error}") from error


def _batch(rows: Iterable[Row]) -> Any:
    batch = rocksdict.WriteBatch(raw_mode=True)
    for key, value in rows:
        if value is None:
            batch.delete(key)
        else:
            batch.put(key, value)
    return batch


def encode_mark(mark: Mark) -> bytes:
    """A mark as it closes a snapshot in the changelog."""
    return msgspec.json.encode(mark)


def decode_mark(text: bytes | None) -> Mark:
    """The mark of these bytes; msgspec's error when they are none."""
    return msgspec.json.decode(text or b"", type=Mark)


def _encode_saved(saved: Saved) -> bytes:
    return b"%d " % saved.changelog_next + encode_mark(saved.mark)


def _decode_saved(text: bytes) -> Saved:
    offset, _, mark = text.partition(b" ")
    return Saved(decode_mark(mark), int(offset))


def _options(cache_bytes: int) -> Any:
    options = rocksdict.Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_max_open_files(OPEN_FILES_MAX)
    options.set_write_buffer_size(WRITE_BUFFER_BYTES)
    table = rocksdict.BlockBasedOptions()
    table.set_block_cache(rocksdict.Cache(cache_bytes))
    table.set_bloom_filter(10, False)
    options.set_block_based_table_factory(table)
    return options
