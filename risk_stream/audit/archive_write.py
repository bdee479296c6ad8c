"""Writes a segment of an archive: what the logs hold beyond the last segment, up to one step of each journal.

The cut is a step: its inputs, outputs and journal record are all in the segment or all behind it, also while a worker
goes on deciding.
"""

import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from risk_stream import __version__
from risk_stream.audit.columns import schema_of, to_table
from risk_stream.audit.identity import Identify, identifiers
from risk_stream.audit.journal import Head, Step, read_step
from risk_stream.audit.log import (
    CONTROLS,
    JOURNAL,
    ORDERS,
    OUTPUTS,
    VALUES,
    Bounds,
    LogError,
    RecordedLog,
    partition_bounds,
)
from risk_stream.audit.manifest import ArchivedFile, Manifest, Segment, read_manifest, sha256_of, write_manifest
from risk_stream.messages.records import Recorded

ROW_GROUP_RECORDS = 20_000
"""About 10 MB of decisions in memory at a time."""
COMPRESSION: Final = "zstd"

Belongs = Callable[[bytes | None, bytes | None], bool]
"""Whether a record, by value and block of headers, is of a step up to the last."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What to write of a topic-partition; `belongs` cuts it off where it is known only from the records."""

    topic: str
    partition: int
    start: int
    end: int
    belongs: Belongs | None = None


async def write_segment(
    log: RecordedLog,
    folder: Path,
    now_ms: int,
    until_ms: int | None = None,
    progress: Callable[[int], None] = lambda records: None,
) -> Segment | None:
    """Add a segment with all steps committed before `until_ms` (epoch ms); None when there is nothing new.

    LogError when the archive is of another log, or retention has deleted what the archive does not have yet.
    """
    folder.mkdir(parents=True, exist_ok=True)
    manifest = read_manifest(folder) or Manifest(prefix=log.prefix, partitions=log.partitions)
    if (manifest.prefix, manifest.partitions) != (log.prefix, log.partitions):
        raise LogError(f"{folder}: it is an archive of {manifest.prefix}* with {manifest.partitions} partitions")
    number = len(manifest.segments) + 1
    parts: list[_Part] = []
    heads: list[Head] = []
    for partition in range(log.partitions):
        found, head = await _parts(log, manifest, partition, until_ms)
        parts += found
        heads += [head] if head is not None else []
    if not any(part.end > part.start for part in parts):
        return None
    parts.append(_Part(CONTROLS, 0, _archived_to(manifest, CONTROLS, 0), (await log.bounds(CONTROLS, 0)).end))
    target = folder / f"segment-{number:05}"
    unfinished = folder / f"{target.name}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    files = [await _write(log, unfinished, target.name, part, progress) for part in parts]
    shutil.rmtree(target, ignore_errors=True)  # of a run that ended before the manifest named it
    unfinished.replace(target)
    versions = {"risk_stream": __version__, "pyarrow": pa.__version__, "python": sys.version.split()[0]}
    segment = Segment(number=number, created_ms=now_ms, versions=versions, heads=heads, files=files)
    manifest.segments.append(segment)
    write_manifest(folder, manifest)
    return segment


async def _parts(
    log: RecordedLog, manifest: Manifest, partition: int, until_ms: int | None
) -> tuple[list[_Part], Head | None]:
    """What is new of a partition, and the step it ends with."""
    bounds = await partition_bounds(log, partition)
    start = _archived_to(manifest, JOURNAL, partition)
    _refuse_gap(JOURNAL, partition, start, bounds.journal)
    last: Step | None = None
    end = start
    async for part in log.records(JOURNAL, partition, start, bounds.journal.end):
        columns = part.offsets.tolist(), part.timestamps.tolist(), part.packed.values.as_list()
        for offset, timestamp, value in zip(*columns, strict=True):
            if until_ms is None or timestamp < until_ms:
                last, end = read_step(value) or last, offset + 1
    if last is None:
        return [], None
    parts = [_Part(JOURNAL, partition, start, end)]
    handled = {VALUES: last.values[1], ORDERS: last.orders[1], CONTROLS: last.controls + 1}
    for topic in (VALUES, ORDERS):
        begin = _archived_to(manifest, topic, partition)
        _refuse_gap(topic, partition, begin, bounds.inputs[topic])
        parts.append(_Part(topic, partition, begin, handled[topic]))
    identify = identifiers(partition, log.prefix)
    for topic in OUTPUTS:
        begin = _archived_to(manifest, topic, partition)
        kept = bounds.outputs[topic]
        parts.append(_Part(topic, partition, max(begin, kept.first), kept.end, _belongs(identify[topic], handled)))
    return parts, Head(partition, last.seq, last.chain)


def _belongs(identify: Identify, handled: dict[str, int]) -> Belongs:
    """Whether an output is of a step up to the last: it answers what those handled, or nothing that can be told."""

    def belongs(value: bytes | None, block: bytes | None) -> bool:
        identity = identify(value, block)
        return identity is None or identity.place is None or identity.place.offset < handled[identity.place.topic]

    return belongs


def _archived_to(manifest: Manifest, topic: str, partition: int) -> int:
    return max((one.end for one in manifest.files(topic, partition)), default=0)


def _refuse_gap(topic: str, partition: int, start: int, bounds: Bounds) -> None:
    if bounds.first > start:
        raise LogError(
            f"{topic}/{partition}: the log is kept from {bounds.first} on, the archive ends at {start}: "
            f"{bounds.first - start} offsets are lost"
        )


async def _write(
    log: RecordedLog, folder: Path, final: str, part: _Part, progress: Callable[[int], None]
) -> ArchivedFile:
    path = folder / f"{part.topic}-{part.partition}.parquet"
    records, first_ms, last_ms, end = 0, None, None, part.end
    with pq.ParquetWriter(path, schema_of(part.topic), compression=COMPRESSION) as writer:
        async for group in _groups(log, part):
            writer.write_table(to_table(part.topic, group), row_group_size=ROW_GROUP_RECORDS)
            records += group.size
            first_ms = int(group.timestamps[0]) if first_ms is None else first_ms
            last_ms = int(group.timestamps[-1])
            end = int(group.offsets[-1]) + 1
            progress(group.size)
    if part.belongs is None:
        end = part.end
    elif not records:
        end = part.start
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return ArchivedFile(
        topic=part.topic,
        partition=part.partition,
        start=part.start,
        end=end,
        records=records,
        first_ms=first_ms,
        last_ms=last_ms,
        path=f"{final}/{path.name}",
        bytes=path.stat().st_size,
        sha256=sha256_of(path),
    )


async def _groups(log: RecordedLog, part: _Part) -> AsyncIterator[Recorded]:
    """The records in lists of about ROW_GROUP_RECORDS, up to the first that does not belong."""
    waiting: list[Recorded] = []
    count = 0
    async for records in log.records(part.topic, part.partition, part.start, part.end):
        kept = records.size
        if part.belongs is not None:
            columns = zip(records.packed.values.as_list(), records.packed.headers.as_list(), strict=True)
            kept = next((i for i, one in enumerate(columns) if not part.belongs(*one)), kept)
        waiting.append(records.part(0, kept))
        count += kept
        if kept < records.size:
            break
        if count >= ROW_GROUP_RECORDS:
            yield Recorded.joined(waiting)
            waiting, count = [], 0
    if count:
        yield Recorded.joined(waiting)
