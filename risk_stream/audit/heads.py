"""Anchored heads: where the journals ended once, kept elsewhere."""

from pathlib import Path

import msgspec

from risk_stream.audit.journal import Head, Step, read_step
from risk_stream.audit.log import JOURNAL, LogError, RecordedLog
from risk_stream.audit.manifest import Manifest

LAST_OFFSETS = 64
"""Looked at first for the last step: between two steps lie a transaction's end and perhaps a snapshot's."""


class HeadFile(msgspec.Struct, frozen=True):
    """What `risk-stream head` prints."""

    prefix: str
    partitions: int
    heads: list[Head]


async def read_heads(log: RecordedLog) -> list[Head]:
    """The last step of every journal that has one. LogError where retention has deleted it: it cannot be anchored."""
    heads = []
    for partition in range(log.partitions):
        step = await _last_step(log, partition)
        if step is not None:
            heads.append(Head(partition, step.seq, step.chain))
    return heads


def named_ends(manifest: Manifest) -> dict[int, Head]:
    """Where an archive's manifest says that the journals end, by partition."""
    return {head.partition: head for segment in manifest.segments for head in segment.heads}


def load_heads(path: Path, log: RecordedLog) -> dict[int, Head]:
    """The heads of a file, by partition. LogError when it is none, or of another log, or names what no log can hold."""
    try:
        file = msgspec.json.decode(path.read_bytes(), type=HeadFile)
    except (OSError, msgspec.MsgspecError) as error:
        raise LogError(f"{path}: {error}") from error
    if (file.prefix, file.partitions) != (log.prefix, log.partitions):
        raise LogError(f"{path}: it is the head of {file.prefix}* with {file.partitions} partitions")
    heads = {head.partition: head for head in file.heads}
    if len(heads) < len(file.heads) or any(
        one.seq < 1 or not 0 <= one.partition < log.partitions for one in file.heads
    ):
        raise LogError(f"{path}: it must name each partition once at most, and a step of it from 1 on")
    return heads


async def _last_step(log: RecordedLog, partition: int) -> Step | None:
    bounds = await log.bounds(JOURNAL, partition)
    start, reach = bounds.end, LAST_OFFSETS
    while start > bounds.first:
        start = max(bounds.first, bounds.end - reach)
        last: Step | None = None
        async for part in log.records(JOURNAL, partition, start, bounds.end):
            last = next((step for value in reversed(part.packed.values.as_list()) if (step := read_step(value))), last)
        if last is not None:
            return last
        reach *= 8
    if bounds.first > 0:
        raise LogError(
            f"{JOURNAL}/{partition}: no step is kept before {bounds.end}: where it ended is lost here. An archive, if "
            "there is one, knows (`risk-stream head --archive`)"
        )
    return None
