"""An archive as recorded topics: replay reads it as it reads a cluster, without one."""

from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from risk_stream.audit.columns import from_batch, stored_columns
from risk_stream.audit.findings import Finding, Kind
from risk_stream.audit.log import OUTPUTS, Bounds, LogError
from risk_stream.audit.manifest import read_manifest, sha256_of
from risk_stream.messages.records import Recorded

BATCH_RECORDS = 4_000
STATE = "state"
"""Called a topic where a finding is about a file with what portfolios remembered."""


class FileFlaw(NamedTuple):
    """A file that is not as the manifest says."""

    segment: int
    topic: str
    partition: int
    path: str
    is_gone: bool

    def finding(self) -> Finding:
        """As a finding."""
        text = "is not there" if self.is_gone else "has another SHA-256 than the manifest names"
        return Finding(kind=Kind.WRONG_DIGEST, topic=self.topic, partition=self.partition, text=f"{self.path} {text}")


class ArchiveLog:
    """A RecordedLog over Parquet files. Use it in `async with`, as the other one."""

    def __init__(self, folder: Path) -> None:
        """Read the manifest. LogError when the folder is no archive."""
        manifest = read_manifest(folder)
        if manifest is None or not manifest.segments:
            raise LogError(f"{folder}: there is no archive (`risk-stream archive {folder}` writes one)")
        self.manifest = manifest
        self.name = str(folder)
        self.prefix = manifest.prefix
        self.partitions = manifest.partitions
        self.folder = folder

    async def __aenter__(self) -> "ArchiveLog":
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is held open."""

    async def settle(self) -> None:
        """An archive does not move."""

    async def damage(self) -> list[Finding]:
        """Files that are gone, or are not the bytes that the manifest names."""
        return [one.finding() for one in self.flaws()]

    def flaws(self) -> list[FileFlaw]:
        """The same, file by file. Reads all of the archive."""
        found = []
        for segment in self.manifest.segments:
            named = [(one.topic, one.partition, one.path, one.sha256) for one in segment.files]
            named += [(STATE, one.head.partition, one.path, one.sha256) for one in segment.states]
            for topic, partition, path, sha256 in named:
                is_gone = not (self.folder / path).exists()
                if is_gone or sha256_of(self.folder / path) != sha256:
                    found.append(FileFlaw(segment.number, topic, partition, path, is_gone))
        return found

    async def bounds(self, topic: str, partition: int) -> Bounds:
        """What the files cover; LogError when they do not follow each other."""
        files = self.manifest.files(topic, partition)
        for before, after in pairwise(files):
            if before.end != after.start and topic not in OUTPUTS:
                raise LogError(f"{after.path} starts at {after.start}, the segment before ended at {before.end}")
        return Bounds(files[0].start, files[-1].end) if files else Bounds(0, 0)

    async def records(self, topic: str, partition: int, start: int, end: int) -> AsyncIterator[Recorded]:
        """The records in lists of BATCH_RECORDS. LogError when a file cannot be read."""
        columns = stored_columns(topic)
        for one in self.manifest.files(topic, partition):
            if one.end <= start or one.start >= end:
                continue
            try:
                with pq.ParquetFile(self.folder / one.path) as file:
                    for batch in file.iter_batches(BATCH_RECORDS, columns=columns, use_threads=False):
                        part = from_batch(batch)
                        inside = np.flatnonzero((part.offsets >= start) & (part.offsets < end))
                        if inside.size:
                            yield part.part(int(inside[0]), int(inside[-1]) + 1)
            except FileNotFoundError as error:
                advice = "with `replay --from` behind it a state that was archived will do instead, if there is one"
                raise LogError(f"{self.folder / one.path} is not there ({advice})") from error
            except (OSError, pa.ArrowException) as error:
                raise LogError(f"{self.folder / one.path}: {error}") from error
