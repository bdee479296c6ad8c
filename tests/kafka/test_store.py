"""The saved rows of a partition: written with their mark or not at all, and set aside when damaged."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from risk_stream.kafka import store as store_module
from risk_stream.kafka.failstop import Doubt
from risk_stream.kafka.store import Damaged, Mark, RowStore, Saved, open_store, quarantine
from tests.kafka.cut_short import apply_cut_short

ROOT = Path(__file__).parents[2]
CACHE = 1 << 20
SAVED = Saved(Mark(7, 10, 20, 3, "chain", 30, "copy", ("ids",), 0, 2, "digest"), 44)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the directory of a partition will be."""
    return tmp_path / "tables" / "portfolios-0.db"


def saved_store(path: Path) -> RowStore:
    """A store with two rows and a mark."""
    store = open_store(path, CACHE)
    store.apply([(b"a", b"1"), (b"b", b"2")], SAVED)
    return store


def test_rows_and_mark_survive_a_restart(path: Path) -> None:
    """What was applied is there again, in the order of the keys asked for."""
    saved_store(path).close()
    store = open_store(path, CACHE)
    assert store.get_many([b"b", b"x", b"a"]) == [b"2", None, b"1"]
    assert store.saved() == SAVED
    store.close()


def test_a_deleted_row_is_gone(path: Path) -> None:
    """None deletes."""
    store = saved_store(path)
    store.apply([(b"a", None)], SAVED)
    assert store.get_many([b"a", b"b"]) == [None, b"2"]
    store.close()


def test_a_half_written_load_is_thrown_away(path: Path) -> None:
    """A load takes the mark away until its end."""
    store = saved_store(path)
    store.load([(b"c", b"3")])
    store.close()
    store = open_store(path, CACHE)
    assert store.saved() is None
    assert store.get_many([b"a", b"c"]) == [None, None]
    store.close()


KILLED = """
import os, signal, sys
from pathlib import Path
import msgspec
from risk_stream.kafka.store import APPLY_ROWS_MAX, open_store
from tests.kafka.test_store import CACHE, SAVED

store = open_store(Path(sys.argv[1]), CACHE)
for seq in range(1, 40):
    if seq == int(sys.argv[2]):
        store._db.flush()
    rows = [(b"%d" % n, b"%d" % seq) for n in range(2 * APPLY_ROWS_MAX + 1)]
    store.apply(rows, SAVED._replace(mark=msgspec.structs.replace(SAVED.mark, seq=seq)))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("flushed", [1, 2, 20])
def test_a_killed_process_leaves_a_state_as_of_some_write(path: Path, flushed: int) -> None:
    """RocksDB keeps no log: what was not flushed is gone, the mark with its rows; the changelog has it."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), str(flushed)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    store = open_store(path, CACHE)
    saved = store.saved()
    found = None if saved is None else saved.mark.seq
    assert found == (flushed - 1 or None)
    assert set(store.get_many([b"0", b"2000"])) == {None if found is None else b"%d" % found}
    store.close()


def test_a_second_process_is_refused(path: Path) -> None:
    """A directory in use is no damage."""
    store = saved_store(path)
    with pytest.raises(Doubt, match="another process"):
        open_store(path, CACHE)
    store.close()


def damage_by_truncating(path: Path) -> None:
    """The manifest lost its end."""
    manifest = next(path.glob("MANIFEST-*"))
    manifest.write_bytes(manifest.read_bytes()[:20])


def damage_by_deleting_current(path: Path) -> None:
    """CURRENT names nothing."""
    (path / "CURRENT").write_bytes(b"MANIFEST-999999\n")


def damage_by_deleting_a_table(path: Path) -> None:
    """A table file is missing."""
    next(path.glob("*.sst")).unlink()


@pytest.mark.parametrize("damage", [damage_by_truncating, damage_by_deleting_current, damage_by_deleting_a_table])
def test_a_damaged_directory_is_set_aside(path: Path, damage: Callable[[Path], None]) -> None:
    """The damaged one stays for whoever wants to look; the new one is empty."""
    saved_store(path).close()
    open_store(path, CACHE).close()
    damage(path)
    store = open_store(path, CACHE)
    assert store.saved() is None
    assert [found.name for found in path.parent.glob("*.damaged-*")] == ["portfolios-0.db.damaged-1"]
    store.close()


def test_bit_rot_ends_the_process_and_the_next_start_sets_the_directory_aside(path: Path) -> None:
    """No wrong value is ever returned: RocksDB's checksums find it on reading."""
    saved_store(path).close()
    open_store(path, CACHE).close()
    for table in path.glob("*.sst"):
        data = bytearray(table.read_bytes())
        data[2] ^= 0xFF
        table.write_bytes(bytes(data))
    store = RowStore(path, CACHE)
    with pytest.raises(Doubt, match="unreadable"):
        store.get_many([b"a"])
    store.close()
    store = open_store(path, CACHE)
    assert store.saved() is None
    assert list(path.parent.glob("*.damaged-*"))
    store.close()


def test_a_damaged_directory_that_cannot_even_be_closed_is_set_aside(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same damage may show again when it is closed; that must not stop the start, and the new one is trusted."""
    open_store(path, 1 << 20).close()
    close = RowStore.close

    def saved(store: RowStore) -> None:
        raise Damaged("Corruption: block checksum mismatch")

    def failing_close(store: RowStore) -> None:
        store._db, db = DamagedDatabase(), store._db
        try:
            close(store)
        finally:
            db.close()

    with monkeypatch.context() as patched:
        patched.setattr(RowStore, "saved", saved)
        patched.setattr(RowStore, "close", failing_close)
        store = open_store(path, 1 << 20)
    store.apply([(b"a", b"1")], SAVED)
    store.close()
    assert [one.name for one in path.parent.glob("*.damaged-*")] == [f"{path.name}.damaged-1"]
    again = open_store(path, 1 << 20)
    assert again.get_many([b"a"]) == [b"1"]
    again.close()


@pytest.mark.parametrize("call", ["written_ms", "apply", "load", "close"])
def test_corruption_in_any_call_ends_the_process_and_sets_the_directory_aside(path: Path, call: str) -> None:
    """A checksum may fail in a write or while closing, too: the next start does not trust the directory again."""
    store = open_store(path, 1 << 20)
    store._db, db = DamagedDatabase(), store._db
    arguments: tuple[object, ...] = {"apply": ([], SAVED), "load": ([],)}.get(call, ())
    with pytest.raises(Doubt, match="the next start rebuilds"):
        getattr(store, call)(*arguments)
    db.close()
    open_store(path, 1 << 20).close()
    assert len(list(path.parent.glob("*.damaged-*"))) == 1


class DamagedDatabase:
    """A database whose every call finds the same damage."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        def fails(*arguments: object) -> None:
            raise Exception("Corruption: block checksum mismatch")

        return fails


def test_only_the_newest_damaged_directories_are_kept(path: Path) -> None:
    """Three are enough."""
    for _ in range(5):
        path.mkdir(parents=True)
        quarantine(path)
    assert sorted(found.name for found in path.parent.iterdir()) == [f"{path.name}.damaged-{n}" for n in (3, 4, 5)]


@pytest.mark.parametrize("call", ["apply", "load"])
def test_a_disk_that_is_nearly_full_ends_the_process_before_anything_is_written(
    path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """RocksDB would tell minutes later. With room again the rows are those of the old mark."""
    store = saved_store(path)
    monkeypatch.setattr(store_module, "DISK_BYTES_MIN", 1 << 62)
    with pytest.raises(Doubt, match="Make room"):
        store.apply([(b"a", b"2")], SAVED) if call == "apply" else store.load([(b"a", b"2")])
    store.close()
    store = open_store(path, CACHE)
    assert (store.saved(), store.get_many([b"a"])) == (SAVED, [b"1"])
    store.close()


def test_many_rows_are_written_in_parts_and_a_crash_between_them_shows(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old mark stays, and what was begun is told until a snapshot came to its end."""
    store = saved_store(path)
    newer = Saved(msgspec.structs.replace(SAVED.mark, seq=9), 99)
    rows = [(b"r%d" % number, b"%d" % number) for number in range(2 * store_module.APPLY_ROWS_MAX + 1)]
    apply_cut_short(monkeypatch, store, rows, newer)
    store.close()
    store = open_store(path, CACHE)
    assert (store.saved(), store.begun()) == (SAVED, 9)
    store.apply(rows, newer)
    assert (store.saved(), store.begun()) == (newer, None)
    assert store.get_many([rows[0][0], rows[-1][0], b"a"]) == [rows[0][1], rows[-1][1], b"1"]
    store.close()
