"""Which archived state each partition of a replay begins with, and what of the archive it then does not need."""

from collections.abc import Mapping
from typing import NamedTuple

from risk_stream.audit.archive_log import ArchiveLog, FileFlaw
from risk_stream.audit.findings import Finding
from risk_stream.audit.journal import Head
from risk_stream.audit.log import CONTROLS
from risk_stream.audit.manifest import StateFile
from risk_stream.audit.span import Span
from risk_stream.audit.start import Start, newest_start


class Look(NamedTuple):
    """An archive as a replay of a span finds it."""

    damage: list[Finding]
    starts: dict[int, Start]
    """By partition; one that is not in it begins with step 1."""
    files_not_needed: int
    """Files that are gone and lie before these starts."""


def look_at(log: ArchiveLog, span: Span, heads: Mapping[int, Head]) -> Look:
    """Hash all files and choose the starts: the newest state before the span, and not behind an anchored head.

    A damaged state is a finding, and its partition begins with step 1. Reads all of the archive.
    """
    flaws = log.flaws()
    damaged = {one.path for one in flaws}
    partitions = span.partitions(log.partitions)
    starts = {}
    for partition in partitions:
        start = _newest_before(log, partition, span, heads.get(partition))
        if start is not None and start.state.path not in damaged:
            starts[partition] = start
    needed_from = {one: starts[one].segment if one in starts else 0 for one in partitions}
    elsewhere = max(needed_from.values(), default=0)  # for partitions that are not replayed
    needed = [one for one in flaws if not _is_unneeded(one, needed_from.get(one.partition, elsewhere))]
    return Look([one.finding() for one in needed], starts, len(flaws) - len(needed))


def _newest_before(log: ArchiveLog, partition: int, span: Span, head: Head | None) -> Start | None:
    """The newest state with no step of the span in it. With one behind the head the head could not be looked for."""
    start = span.start
    if start is None:
        return None

    def fits(state: StateFile) -> bool:
        is_before_head = head is None or state.head.seq <= head.seq
        return is_before_head and not start.is_reached(partition, state.committed_ms, state.orders)

    return newest_start(log.folder, log.manifest, partition, fits)


def _is_unneeded(flaw: FileFlaw, segment: int) -> bool:
    """Whether a replay that begins with the state of this segment can do without the file, which is gone.

    Not without controls: limits and halts in force are those of the controls log from its beginning on.
    """
    return flaw.is_gone and flaw.topic != CONTROLS and flaw.segment <= segment
