"""A segment is written by one run at a time, in bounded memory, and is on the disk before the manifest names it."""

import asyncio
import os
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from risk_stream.audit import archive_write
from risk_stream.audit.archive_lock import only_run
from risk_stream.audit.archive_log import ArchiveLog
from risk_stream.audit.archive_state import find_state_task, store_state
from risk_stream.audit.archive_write import put_aside, write_segment
from risk_stream.audit.columns import stored_columns, to_table
from risk_stream.audit.disk import naming
from risk_stream.audit.log import JOURNAL, LogError, all_bounds
from risk_stream.audit.manifest import read_manifest
from risk_stream.audit.row_groups import batches
from risk_stream.audit.state_rows import write_rows
from risk_stream.messages.packed import pack
from risk_stream.messages.records import Recorded
from tests.audit.recording import Recording, record


@pytest.fixture(scope="module")
def written() -> Recording:
    """A log as a worker wrote it; do not change it."""
    return record()


class Slow(Recording):
    """A log that lets others run while it is read."""

    async def records(self, topic: str, partition: int, start: int, end: int) -> AsyncIterator[Recorded]:
        """As the other one."""
        async for part in super().records(topic, partition, start, end):
            await asyncio.sleep(0)
            yield part


def test_one_run_at_a_time_writes_to_an_archive(written: Recording, tmp_path: Path) -> None:
    """The second one ends with words, and the first one's files are whole."""
    logs = [Slow(written.partitions, topics=written.topics) for _ in range(2)]

    async def both() -> list[Any]:
        return await asyncio.gather(*(write_segment(one, tmp_path, 0) for one in logs), return_exceptions=True)

    first, second = asyncio.run(both())
    assert first.number == 1
    assert isinstance(second, LogError) and "another `archive` is writing to it" in str(second)
    assert asyncio.run(ArchiveLog(tmp_path).damage()) == []
    assert asyncio.run(write_segment(written, tmp_path, 0)) is None


def test_no_state_is_stored_while_another_run_writes_or_after_it_did(written: Recording, tmp_path: Path) -> None:
    """The task is of the archive as it was."""
    asyncio.run(write_segment(written, tmp_path, 0, written.lines(JOURNAL, 0)[20].timestamp))
    task = find_state_task(tmp_path, 10_000)
    assert task is not None
    bounds = asyncio.run(all_bounds(ArchiveLog(tmp_path), task.partitions))
    with only_run(tmp_path), pytest.raises(LogError, match="another `archive` is writing"):
        store_state(task, bounds, 1, lambda _: None)
    asyncio.run(write_segment(written, tmp_path, 0))
    with pytest.raises(LogError, match="another `archive` has written"):
        store_state(task, bounds, 1, lambda _: None)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_without_room_is_said_with_the_file(written: Recording, tmp_path: Path) -> None:
    """pyarrow does not say which; a later run begins the segment anew."""
    unfinished = tmp_path / "segment-00001.unfinished"
    with pytest.raises(OSError, match=rf"'{unfinished}/\w+-0\.parquet'$"), room_for(4_096):
        asyncio.run(write_segment(written, tmp_path, 0))
    assert read_manifest(tmp_path) is None
    assert asyncio.run(write_segment(written, tmp_path, 0)) is not None
    assert not unfinished.exists() and asyncio.run(ArchiveLog(tmp_path).damage()) == []
    with pytest.raises(OSError, match=rf"'{tmp_path}/rows'$"), room_for(4_096):
        write_rows(tmp_path / "rows", [(b"a", os.urandom(10_000))])


def test_a_segment_that_no_manifest_names_is_put_aside(written: Recording, tmp_path: Path) -> None:
    """Of a killed run, or of an archive that has lost its manifest: it may hold what the log has no longer."""
    asyncio.run(write_segment(written, tmp_path, 0))
    kept = {path.name: path.read_bytes() for path in (tmp_path / "segment-00001").iterdir()}
    for number in (1, 2):
        (tmp_path / "manifest.json").unlink()
        assert asyncio.run(write_segment(written, tmp_path, 0)) is not None
        aside = tmp_path / f"unnamed-{number}"
        assert put_aside(tmp_path)[-1] == aside
        assert {path.name: path.read_bytes() for path in aside.iterdir()} == kept
    assert asyncio.run(ArchiveLog(tmp_path).damage()) == []


def test_segments_behind_those_that_the_manifest_names_are_not_touched(written: Recording, tmp_path: Path) -> None:
    """The manifest is gone, or is an older one: what it does not name is told, and nothing is written."""
    path, manifests = tmp_path / "manifest.json", []
    for step in (10, 20, 30):
        asyncio.run(write_segment(written, tmp_path, 0, written.lines(JOURNAL, 0)[step].timestamp))
        manifests.append(path.read_bytes())
    before = sorted(tmp_path.rglob("*"))
    path.write_bytes(manifests[0])
    with pytest.raises(LogError, match=r"segment-00003 is there, but manifest\.json names 1 segments"):
        asyncio.run(write_segment(written, tmp_path, 0))
    assert sorted(tmp_path.rglob("*")) == before
    path.unlink()
    with pytest.raises(LogError, match=r"segment-00002 is there, but manifest\.json names 0 segments"):
        asyncio.run(write_segment(written, tmp_path, 0))


def test_errors_of_the_broker_get_no_file(tmp_path: Path) -> None:
    """They have another cause."""
    with pytest.raises(ConnectionResetError) as caught, naming(tmp_path):
        raise ConnectionResetError("reset")
    assert caught.value.filename is None


def test_a_row_group_has_so_many_bytes_at_most(
    written: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one list more, as the log gave it; a batch is no larger, however many records would fit."""
    monkeypatch.setattr(archive_write, "GROUP_BYTES", 3_000)
    segment = asyncio.run(write_segment(written, tmp_path, 0))
    assert segment is not None
    for one in segment.files:
        path = tmp_path / one.path
        with pq.ParquetFile(path) as file:
            groups = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
        values = [value for batch in batches(path, ["value"]) for value in batch.column("value").to_pylist()]
        if sum(map(len, filter(None, values))) > 10_000:
            assert len(groups) > 2 and max(groups) < 40
        assert [batch.num_rows for batch in batches(path, ["value"])] == groups
        assert sum(groups) == one.records


@pytest.mark.parametrize("number", [2**63, 10**20, -(10**20)])
def test_a_number_that_fits_in_no_column_is_left_out_of_it(number: int) -> None:
    """The record itself is as it was."""
    values = [b'{"seq":%d}' % number, b'{"seq":7}']
    at = np.arange(2)
    table = to_table(JOURNAL, Recorded(at, at, pack((None, value, []) for value in values)))
    assert table.column("seq").to_pylist() == [None, 7]
    assert table.select(stored_columns(JOURNAL)).column("value").to_pylist() == values


def test_what_the_manifest_names_is_on_the_disk_before(
    written: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files, their folders' entries, then the manifest and its folder's: as a power loss would leave them."""
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace
    folder = tmp_path / "new" / "archive"

    def name(path: Path | str) -> str:
        return str(Path(path).relative_to(tmp_path))

    def synced(handle: int) -> None:
        fsync(handle)
        done.append(name(os.readlink(f"/proc/self/fd/{handle}")))

    def replaced(self: Path, target: Path) -> Path:
        done.append(f"{name(self)} -> {target.name}")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    segment = asyncio.run(write_segment(written, folder, 0))
    assert segment is not None
    base, unfinished = "new/archive", "new/archive/segment-00001.unfinished"
    files = [f"{unfinished}/{Path(one.path).name}" for one in segment.files]
    named = ["new/archive/manifest.new", "new/archive/manifest.new -> manifest.json", base]
    assert done == ["new", ".", *files, unfinished, f"{unfinished} -> segment-00001", base, *named]
    done.clear()
    task = find_state_task(folder, 10_000)
    assert task is not None
    outcome = store_state(task, asyncio.run(all_bounds(ArchiveLog(folder), task.partitions)), 1, lambda _: None)
    states = [f"{base}/{one.path}" for one in outcome.states]
    steps = [[f"{one}.unfinished", f"{one}.unfinished -> {Path(one).name}", f"{base}/segment-00001"] for one in states]
    assert len(states) == 2 and done == [*steps[0], *steps[1], *named]
    manifest = read_manifest(folder)
    assert manifest is not None and manifest.segments[0].states == outcome.states
