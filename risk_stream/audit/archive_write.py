"""Writes a segment of an archive: what the logs hold beyond the last segment, up to one step of each journal.

The cut is a step: its inputs, outputs and journal record are all in the segment or all behind it, also while a worker
goes on deciding. A segment that the manifest does not name may hold what the log has no longer, for a manifest can be
lost: it is put aside, not deleted.
"""

import shutil
import sys
from collections.abc import AsyncIterator, Callable
from itertools import count
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from risk_stream import __version__
from risk_stream.audit.archive_lock import only_run
from risk_stream.audit.archive_parts import NewParts, Part, PartitionEnd
from risk_stream.audit.columns import schema_of, to_table
from risk_stream.audit.disk import make_folder, naming, replace, sync
from risk_stream.audit.log import LogError, RecordedLog
from risk_stream.audit.manifest import (
    FILE_NAME,
    ArchivedFile,
    Manifest,
    Segment,
    read_manifest,
    sha256_of,
    write_manifest,
)
from risk_stream.audit.row_groups import COMPRESSION, GROUP_BYTES, GROUP_ROWS
from risk_stream.messages.records import Recorded


async def write_segment(
    log: RecordedLog,
    folder: Path,
    now_ms: int,
    until_ms: int | None = None,
    progress: Callable[[int], None] = lambda records: None,
) -> Segment | None:
    """Add a segment with all steps committed before `until_ms` (epoch ms); None when there is nothing new.

    LogError when the archive is of another log, retention has deleted what the archive does not have yet, or another
    run is at work on it.
    """
    make_folder(folder)
    with only_run(folder):
        manifest = read_manifest(folder) or Manifest(prefix=log.prefix, partitions=log.partitions)
        if (manifest.prefix, manifest.partitions) != (log.prefix, log.partitions):
            raise LogError(f"{folder}: it is an archive of {manifest.prefix}* with {manifest.partitions} partitions")
        number = len(manifest.segments) + 1
        _refuse_later(folder, number)
        parts, ends = await _new_parts(log, folder, manifest, until_ms)
        if not parts:
            return None
        files = await _write_files(log, folder, f"segment-{number:05}", parts, progress)
        versions = {"risk_stream": __version__, "pyarrow": pa.__version__, "python": sys.version.split()[0]}
        segment = Segment(
            number=number,
            created_ms=now_ms,
            versions=versions,
            heads=[one.head for one in ends],
            files=files,
            known_ms={one.head.partition: one.known_ms for one in ends},
        )
        manifest.segments.append(segment)
        write_manifest(folder, manifest)
        return segment


async def _new_parts(
    log: RecordedLog, folder: Path, manifest: Manifest, until_ms: int | None
) -> tuple[list[Part], list[PartitionEnd]]:
    """All parts of a segment, and where it ends in each partition with a new step."""
    new = NewParts(log, folder, manifest)
    parts: list[Part] = []
    ends: list[PartitionEnd] = []
    for partition in range(log.partitions):
        found, end = await new.partition(partition, until_ms)
        parts += found
        ends += [end] if end is not None else []
    if parts:
        parts.append(await new.controls())
    return parts, ends


async def _write_files(
    log: RecordedLog, folder: Path, name: str, parts: list[Part], progress: Callable[[int], None]
) -> list[ArchivedFile]:
    """The files of a segment in their folder; until the manifest names them they count for nothing."""
    target, unfinished = folder / name, folder / f"{name}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    files = [await _write(log, unfinished, name, part, progress) for part in parts]
    if target.exists():
        # Not called segment-...: queries read all folders of that name.
        names = (folder / f"unnamed-{number}" for number in count(1))
        replace(target, next(one for one in names if not one.exists()))
    replace(unfinished, target)
    return files


def put_aside(folder: Path) -> list[Path]:
    """What stood in a segment's place and is not in the manifest."""
    return sorted(folder.glob("unnamed-*"))


def _refuse_later(folder: Path, number: int) -> None:
    """LogError when there are segments behind the one to write: the manifest that named them is gone."""
    names = (one.name for one in folder.glob("segment-*"))
    later = sorted(name for name in names if name.removesuffix(".unfinished") > f"segment-{number:05}")
    if later:
        raise LogError(
            f"{folder}: {later[0]} is there, but {FILE_NAME} names {number - 1} segments: it is gone, or not the last "
            "one. Put that back, or write to another folder"
        )


async def _write(
    log: RecordedLog, folder: Path, final: str, part: Part, progress: Callable[[int], None]
) -> ArchivedFile:
    path = folder / f"{part.topic}-{part.partition}.parquet"
    records, first_ms, last_ms = 0, None, None
    groups = _Groups(log, part)
    with naming(path):
        with pq.ParquetWriter(path, schema_of(part.topic), compression=COMPRESSION) as writer:
            async for group in groups.read():
                writer.write_table(to_table(part.topic, group))
                records += group.size
                first_ms = int(group.timestamps[0]) if first_ms is None else first_ms
                last_ms = int(group.timestamps[-1])
                progress(group.size)
        sync(path)
    return ArchivedFile(
        topic=part.topic,
        partition=part.partition,
        start=part.start,
        end=groups.end,
        records=records,
        first_ms=first_ms,
        last_ms=last_ms,
        path=f"{final}/{path.name}",
        bytes=path.stat().st_size,
        sha256=sha256_of(path),
    )


class _Groups:
    """The records of a part in lists as large as a row group, up to the first of a later step."""

    def __init__(self, log: RecordedLog, part: Part) -> None:
        self._log = log
        self._part = part
        self.end = part.end
        """Up to here nothing is left to archive, not even what is no record (a transaction's end)."""

    async def read(self) -> AsyncIterator[Recorded]:
        """The lists in turn."""
        waiting: list[Recorded] = []
        rows, size = 0, 0
        part = self._part
        async for records in self._log.records(part.topic, part.partition, part.start, part.end):
            kept = records.part(0, self._before_later(records))
            waiting.append(kept)
            rows += kept.size
            size += sum(int(span.lengths().clip(0).sum()) for span in kept.packed)
            if kept.size < records.size:
                self.end = int(records.offsets[kept.size])
                break
            if rows >= GROUP_ROWS or size >= GROUP_BYTES:
                yield Recorded.joined(waiting)
                waiting, rows, size = [], 0, 0
        if rows:
            yield Recorded.joined(waiting)

    def _before_later(self, records: Recorded) -> int:
        is_later = self._part.is_later
        if is_later is None:
            return records.size
        columns = zip(records.packed.values.as_list(), records.packed.headers.as_list(), strict=True)
        return next((i for i, one in enumerate(columns) if is_later(*one)), records.size)
