"""What an archive does not have yet of a log: the offsets of each topic-partition, up to one step of its journal."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from risk_stream.audit.heads import LAST_OFFSETS, named_ends
from risk_stream.audit.identity import Identify, identifiers
from risk_stream.audit.journal import Head, Step, chain_after, read_step
from risk_stream.audit.log import (
    CONTROLS,
    JOURNAL,
    ORDERS,
    OUTPUTS,
    VALUES,
    Bounds,
    LogError,
    PartitionBounds,
    RecordedLog,
    partition_bounds,
)
from risk_stream.audit.manifest import Manifest

IsLater = Callable[[bytes | None, bytes | None], bool]
"""Whether a record, by value and block of headers, is of a step behind the last."""


@dataclass(frozen=True, slots=True)
class Part:
    """What to write of a topic-partition; `is_later` cuts it off where that is known only from the records."""

    topic: str
    partition: int
    start: int
    end: int
    is_later: IsLater | None = None


class PartitionEnd(NamedTuple):
    """Where a segment ends in a partition."""

    head: Head
    known_ms: int
    """Up to which time of the broker's clock (epoch ms) it leaves out no input that the broker had taken."""


class NewParts:
    """Looks for what is new. LogError when the log no longer holds it, or is another than the archived one."""

    def __init__(self, log: RecordedLog, folder: Path, manifest: Manifest) -> None:
        self._log = log
        self._folder = folder
        self._manifest = manifest
        self._heads = named_ends(manifest)

    async def controls(self) -> Part:
        """The controls log."""
        kept = await self._log.bounds(CONTROLS, 0)
        return Part(CONTROLS, 0, self._start(CONTROLS, 0, kept), kept.end)

    async def partition(self, partition: int, until_ms: int | None) -> tuple[list[Part], PartitionEnd | None]:
        """All up to the last step before `until_ms`, and that step; nothing when no step is new."""
        bounds = await partition_bounds(self._log, partition)
        # Asked last: whatever those outputs answer lies below these ends.
        ends = {topic: (await self._log.bounds(topic, partition)).end for topic in (VALUES, ORDERS)}
        ends[CONTROLS] = (await self._log.bounds(CONTROLS, 0)).end
        kept = {JOURNAL: bounds.journal, **bounds.inputs, **bounds.outputs}
        begun = await self._begun(bounds)
        starts = {topic: self._start(topic, partition, one, begun.get(topic, 0)) for topic, one in kept.items()}
        last: Step | None = None
        taken_ms = -1
        end = bounds.journal.end
        handled = {VALUES: starts[VALUES], ORDERS: starts[ORDERS], CONTROLS: 0}
        async for offset, timestamp, step in self._journal(partition, starts[JOURNAL], bounds.journal):
            if until_ms is not None and timestamp >= until_ms:
                end = offset
                break
            taken_ms = timestamp
            if step is not None:
                last = step
                _raise_to(handled, step)
        if last is None:
            return [], None
        parts = [Part(JOURNAL, partition, starts[JOURNAL], end)]
        for topic in (VALUES, ORDERS):
            # A step may name more than there is: the replay tells.
            parts.append(Part(topic, partition, starts[topic], min(handled[topic], kept[topic].end)))
        identify = identifiers(partition, self._log.prefix)
        for topic in OUTPUTS:
            is_later = _is_later(identify[topic], handled, ends)
            parts.append(Part(topic, partition, starts[topic], kept[topic].end, is_later))
        # The inputs' ends were asked when the broker had taken these steps: all from before that lies below them.
        known_ms = taken_ms
        for topic in (VALUES, ORDERS):
            left_out_ms = await self._first_ms(topic, partition, handled[topic], kept[topic].end)
            known_ms = known_ms if left_out_ms is None else min(known_ms, left_out_ms - 1)
        return parts, PartitionEnd(Head(partition, last.seq, last.chain), known_ms)

    async def _begun(self, bounds: PartitionBounds) -> dict[str, int]:
        """Where the worker has begun with the inputs: with the first that were kept then, which step 1 names."""
        async for _, _, step in self._records(bounds.partition, bounds.journal.first, bounds.journal.end):
            return {VALUES: step.values[0], ORDERS: step.orders[0]} if step is not None and step.seq == 1 else {}
        return {topic: kept.first for topic, kept in bounds.inputs.items()}  # not yet

    def _start(self, topic: str, partition: int, kept: Bounds, begun: int = 0) -> int:
        """Where the archive goes on, or begins, with what is kept, when nothing from `begun` on is lost."""
        files = self._manifest.files(topic, partition)
        if not files and topic in OUTPUTS:
            return kept.first  # what retention took before the first segment is "not kept" for the replay, too
        start = files[-1].end if files else begun
        if kept.first > start:
            archived = f"the archive ends at {start}" if files else f"its first step needs it from {start} on"
            raise LogError(
                f"{topic}/{partition}: the log is kept from {kept.first} on, {archived}: "
                f"{kept.first - start} offsets are lost"
            )
        if not files:
            return kept.first
        if kept.end < start:
            raise self._other_log(topic, partition, f"it ends at {kept.end}, the archive at {start}")
        return start

    async def _first_ms(self, topic: str, partition: int, start: int, end: int) -> int | None:
        """When the broker took the first of these records; None when there is none."""
        async for part in self._log.records(topic, partition, start, end):
            if part.size:
                return int(part.timestamps[0])
        return None

    async def _journal(self, partition: int, start: int, kept: Bounds) -> AsyncIterator[tuple[int, int, Step | None]]:
        """Offset, timestamp and step of the new records; the archived head must stand before them."""
        head = self._heads.get(partition)
        if head is not None:
            before: Step | None = None
            async for _, _, step in self._records(partition, max(kept.first, start - LAST_OFFSETS), start):
                before = step or before
            if before is not None:
                if (before.seq, before.chain) != (head.seq, head.chain):
                    raise self._other_head(head)
                head = None
        async for offset, timestamp, step in self._records(partition, start, kept.end):
            if step is not None and head is not None:  # no longer kept: what follows it has to show it
                if step.seq != head.seq + 1 or step.chain != chain_after(head.chain, step):
                    raise self._other_head(head)
                head = None
            yield offset, timestamp, step

    async def _records(self, partition: int, start: int, end: int) -> AsyncIterator[tuple[int, int, Step | None]]:
        async for part in self._log.records(JOURNAL, partition, start, end):
            steps = map(read_step, part.packed.values.as_list())
            for one in zip(part.offsets.tolist(), part.timestamps.tolist(), steps, strict=True):
                yield one

    def _other_head(self, head: Head) -> LogError:
        return self._other_log(JOURNAL, head.partition, f"the archived step {head.seq} is not where it stood")

    def _other_log(self, topic: str, partition: int, text: str) -> LogError:
        return LogError(
            f"{topic}/{partition} of {self._log.name}: {text}. {self._folder} is an archive of another log, or of this "
            "one before it was cut off or made anew: what is there now needs an archive in another folder"
        )


def _raise_to(handled: dict[str, int], step: Step) -> None:
    for topic, end in ((VALUES, step.values[1]), (ORDERS, step.orders[1]), (CONTROLS, step.controls + 1)):
        handled[topic] = max(handled[topic], end)


def _is_later(identify: Identify, handled: dict[str, int], ends: dict[str, int]) -> IsLater:
    """Whether an output answers an input that exists and that no step up to the last has handled.

    What answers nothing that exists is of no step: it must not keep what stands behind it out of the archive.
    """

    def is_later(value: bytes | None, block: bytes | None) -> bool:
        identity = identify(value, block)
        if identity is None or identity.place is None:
            return False
        topic, offset = identity.place
        return handled[topic] <= offset < ends[topic]

    return is_later
