"""An archive as recorded topics: replay reads it as it reads a cluster, without one."""

from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from risk_stream.audit.columns import from_batch, stored_columns
from risk_stream.audit.findings import Finding, Kind
from risk_stream.audit.log import OUTPUTS, Bounds, LogError
from risk_stream.audit.manifest import ArchivedFile, read_manifest, sha256_of
from risk_stream.audit.row_groups import batches
from risk_stream.messages.records import Recorded

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

    def __init__(self, folder: Path, *, damaged_too: bool = False) -> None:
        """Read the manifest. LogError when the folder is no archive.

        With `damaged_too` changed files are read as they are: for a proof, which names them (`damage`) and goes on.
        """
        manifest = read_manifest(folder)
        if manifest is None or not manifest.segments:
            raise LogError(f"{folder}: there is no archive (`risk-stream archive {folder}` writes one)")
        self.manifest = manifest
        self.name = str(folder)
        self.prefix = manifest.prefix
        self.partitions = manifest.partitions
        self.folder = folder
        self._damaged_too = damaged_too
        self._whole: set[str] = set()

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

    def known_ms(self, partition: int) -> int | None:
        """Up to which time it holds all that the broker had taken; None when no segment says so."""
        known = [one.known_ms[partition] for one in self.manifest.segments if partition in one.known_ms]
        return max(known, default=None)

    async def records(self, topic: str, partition: int, start: int, end: int) -> AsyncIterator[Recorded]:
        """The records in short lists. LogError when a file cannot be read, or is not what was archived."""
        columns = stored_columns(topic)
        for one in self.manifest.files(topic, partition):
            if one.end <= start or one.start >= end:
                continue
            try:
                self._refuse_damaged(one)
                for batch in batches(self.folder / one.path, columns):
                    part = from_batch(batch)
                    inside = np.flatnonzero((part.offsets >= start) & (part.offsets < end))
                    if inside.size:
                        yield part.part(int(inside[0]), int(inside[-1]) + 1)
            except FileNotFoundError as error:
                advice = "with `replay --from` behind it a state that was archived will do instead, if there is one"
                raise LogError(f"{self.folder / one.path} is not there ({advice})") from error
            except (OSError, pa.ArrowException) as error:
                raise LogError(f"{self.folder / one.path}: {error}") from error

    def _refuse_damaged(self, file: ArchivedFile) -> None:
        """Hash a file before it is read for the first time: no question is answered from another one."""
        if self._damaged_too or file.path in self._whole:
            return
        path = self.folder / file.path
        if sha256_of(path) != file.sha256:
            raise LogError(
                f"{path} has another SHA-256 than the manifest names: it is not what was archived. Put back a copy of "
                f"it; `risk-stream replay --archive {self.folder}` names all such files"
            )
        self._whole.add(file.path)
