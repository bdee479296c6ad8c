"""Which steps an audit looks at: from and to a time, or an order's place.

State is built from step 1, or begins with one that was archived before the span (archive_starts.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from risk_stream.messages.fields import FieldError
from risk_stream.messages.instant import format_time, time_or_none
from risk_stream.messages.json_object import Number

if TYPE_CHECKING:  # the engine behind it takes seconds to load; options are read with this
    from risk_stream.audit.walk import Done


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment of the log: a time of the broker's clock (epoch ms), or an order."""

    time_ms: int | None = None
    partition: int = -1
    offset: int = -1

    def __str__(self) -> str:
        return f"{self.partition}@{self.offset}" if self.time_ms is None else format_time(self.time_ms)

    def is_reached(self, partition: int, timestamp: int, orders_to: int) -> bool:
        """Whether a step committed at `timestamp`, having handled orders up to `orders_to`, ends behind the mark."""
        if self.time_ms is not None:
            return timestamp >= self.time_ms
        return partition != self.partition or orders_to > self.offset


class SpanError(ValueError):
    """A span that no step can lie in."""


@dataclass(frozen=True, slots=True)
class Span:
    """Steps that end behind `start` and begin before `stop`; None: no bound. A place bounds its own partition only.

    SpanError when the two bounds, of the same kind, leave nothing between them.
    """

    start: Mark | None = None
    stop: Mark | None = None

    def __post_init__(self) -> None:
        start, stop = self.start, self.stop
        if start is None or stop is None:
            return
        if start.time_ms is not None and stop.time_ms is not None:
            is_empty = start.time_ms >= stop.time_ms
        else:
            is_empty = start.partition == stop.partition >= 0 and start.offset > stop.offset
        if is_empty:
            raise SpanError(f"nothing lies from {start} to {stop}: the first must come before the second")

    def contains(self, partition: int, done: Done) -> bool:
        """Whether the step lies in the span."""
        start = self.start
        return start is None or start.is_reached(partition, done.timestamp, done.step.orders[1])

    def partitions(self, count: int) -> list[int]:
        """The partitions that the span is about: a place names one. SpanError when that is not there."""
        named = {mark.partition for mark in (self.start, self.stop) if mark is not None and mark.time_ms is None}
        if named and max(named) >= count:
            raise SpanError(f"there is no partition {max(named)}: the log has {count}, the first is 0")
        return sorted(named) if named else list(range(count))

    def text(self) -> str:
        """For people."""
        words = [f"from {self.start}" if self.start else "", f"to {self.stop}" if self.stop else ""]
        return " ".join(word for word in words if word) or "all"

    def is_past(self, partition: int, done: Done) -> bool:
        """Whether the step and all that follow lie behind the span."""
        stop = self.stop
        if stop is None or (stop.time_ms is None and partition != stop.partition):
            return False
        return stop.is_reached(partition, done.timestamp, done.before.orders)


def read_mark(text: str) -> Mark:
    """A mark as people write it: RFC 3339 in UTC, epoch milliseconds, or PARTITION@OFFSET. ValueError else."""
    partition, at, offset = text.partition("@")
    if at:
        if not (partition.isdigit() and offset.isdigit()):
            raise ValueError(f"{text!r}: a place is written PARTITION@OFFSET, as 3@1042")
        return Mark(None, int(partition), int(offset))
    value: object = Number(text) if text.isdigit() else text
    try:
        return Mark(time_or_none({"time": value}, "time"))
    except FieldError as error:
        raise ValueError(f"{text!r}: {error}; or PARTITION@OFFSET") from None
