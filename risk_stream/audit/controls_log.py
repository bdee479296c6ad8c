"""The controls log, read whole: the book of any version, and what was refused."""

from typing import NamedTuple

from risk_stream.audit.log import CONTROLS, LogError, RecordedLog
from risk_stream.messages.control import Control
from risk_stream.messages.decode import decode_control
from risk_stream.messages.fault import Fault
from risk_stream.rules.book import Controls


class ControlsLog(NamedTuple):
    """The controls topic: the folded book, its records as they stand, and the refused ones by offset."""

    book: Controls
    refused: dict[int, tuple[Fault, bytes | None, bytes | None, int]]
    """Offset to fault, key, value and timestamp."""
    end: int
    history: list[tuple[int, Control | Fault]]
    """Offset and decoded control, for those who fold them in another way (what_if.py)."""
    taken_at: list[int]
    """Of each of them the broker's timestamp, epoch milliseconds."""

    def version_at(self, time_ms: int) -> int:
        """The controls version when the broker had taken all up to a time; -1 before the first."""
        taken = (offset for (offset, _), at in zip(self.history, self.taken_at, strict=True) if at <= time_ms)
        return max(taken, default=-1)

    def refused_between(self, after: int, upto: int) -> list[int]:
        """Offsets of the refused controls with after < offset <= upto."""
        return [offset for offset in self.refused if after < offset <= upto]


async def read_controls(log: RecordedLog) -> ControlsLog:
    """Read the controls log whole; people write it, so it fits in memory. LogError when its beginning is gone."""
    bounds = await log.bounds(CONTROLS, 0)
    if bounds.first > 0:
        raise LogError(f"{CONTROLS}: the first {bounds.first} records are gone; without them no limit is known")
    book = Controls()
    read = ControlsLog(book, {}, bounds.end, [], [])
    async for part in log.records(CONTROLS, 0, 0, bounds.end):
        columns = part.offsets.tolist(), part.timestamps.tolist(), part.packed.pairs()
        for offset, timestamp, (key, value) in zip(*columns, strict=True):
            control = decode_control(value, timestamp)
            if isinstance(control, Fault):
                read.refused[offset] = (control, key, value, timestamp)
            book.append(offset, control)
            read.history.append((offset, control))
            read.taken_at.append(timestamp)
    return read
