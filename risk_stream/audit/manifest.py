"""The manifest of an archive: which offsets lie in which file, the SHA-256 of each, and what wrote them."""

import hashlib
from pathlib import Path

import msgspec

from risk_stream.audit.disk import replace
from risk_stream.audit.journal import Head
from risk_stream.audit.log import LogError

FORMAT = 1
FILE_NAME = "manifest.json"
HASH_BYTES = 1 << 20


class ArchivedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One Parquet file: a half-open range of offsets of one topic-partition."""

    topic: str
    partition: int
    start: int
    end: int
    records: int
    first_ms: int | None
    """Timestamp of the first record, epoch ms; None when there is none."""
    last_ms: int | None
    path: str
    """Relative to the manifest."""
    bytes: int
    sha256: str


class StateFile(msgspec.Struct, frozen=True, kw_only=True):
    """One Parquet file of rows (key, value): what the portfolios of a partition remembered behind a step.

    It is stored only when the replay up to there found nothing. All offsets are those of the next step.
    """

    head: Head
    values: int
    orders: int
    controls: int
    """Version that the step was decided at."""
    journal: int
    outputs: dict[str, int]
    """By output topic."""
    committed_ms: int
    """The latest time, epoch ms, at which the broker took a step up to here."""
    layout: int
    """Of the rows (state/save_chunks.py): a version with another one cannot load them."""
    path: str
    """Relative to the manifest."""
    rows: int
    bytes: int
    sha256: str


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of `archive` added: it continues the segment before it."""

    number: int
    created_ms: int
    versions: dict[str, str]
    heads: list[Head]
    """Where the journals ended, by partition."""
    files: list[ArchivedFile]
    known_ms: dict[int, int] = {}
    """By partition: up to this time of the broker's clock (epoch ms) the archive holds all inputs and controls that the
    broker had taken. Of an older version there is none."""
    states: list[StateFile] = []
    """One for each partition that has had a step; none when no state was asked for, or the replay found something."""


class Manifest(msgspec.Struct, kw_only=True):
    """All of an archive."""

    format: int = FORMAT
    prefix: str
    partitions: int
    segments: list[Segment] = []

    def files(self, topic: str, partition: int) -> list[ArchivedFile]:
        """The files of a topic-partition, in offset order."""
        return [one for part in self.segments for one in part.files if (one.topic, one.partition) == (topic, partition)]


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of an archive folder; None when there is none. LogError when it is not one of ours."""
    path = folder / FILE_NAME
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise LogError(f"{path}: {error}") from error
    if manifest.format != FORMAT:
        raise LogError(f"{path}: format {manifest.format}, this version reads {FORMAT}")
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest at once: whoever reads, after a power loss too, sees the old archive or the new one."""
    path = folder / FILE_NAME
    new = path.with_suffix(".new")
    new.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")
    replace(new, path)


def sha256_of(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(HASH_BYTES):
            digest.update(part)
    return digest.hexdigest()
