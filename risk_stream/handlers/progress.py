"""Which violations are done, partition by partition: what may be committed is what has no undone one before it."""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

P = TypeVar("P", bound=Hashable)


@dataclass(slots=True)
class _Taken:
    """Offsets taken and not yet committable, in order, and those of them that are done."""

    offsets: deque[int] = field(default_factory=deque)
    done: set[int] = field(default_factory=set)
    next_offset: int | None = None
    """Where to go on after a restart; None while nothing was done."""
    committed: int | None = None


class Progress(Generic[P]):
    """Of one handler over its partitions. `waiting` is bounded by whoever takes."""

    def __init__(self) -> None:
        self._partitions: dict[P, _Taken] = {}
        self.waiting = 0
        """Taken and not done."""

    def take(self, partition: P, offset: int) -> None:
        """A record was read; offsets of a partition rise."""
        self._partitions.setdefault(partition, _Taken()).offsets.append(offset)
        self.waiting += 1

    def is_taken(self, partition: P, offset: int) -> bool:
        """Whether it is still ours to do: not after its partition was forgotten."""
        taken = self._partitions.get(partition)
        if taken is None or not taken.offsets:
            return False
        # One behind the last is of before its partition was forgotten and came back: it will be read again.
        return taken.offsets[0] <= offset <= taken.offsets[-1] and offset not in taken.done

    def done(self, partition: P, offset: int) -> None:
        """It was dealt with. Nothing happens where the partition was forgotten meanwhile."""
        if not self.is_taken(partition, offset):
            return
        taken = self._partitions[partition]
        taken.done.add(offset)
        self.waiting -= 1
        while taken.offsets and taken.offsets[0] in taken.done:
            taken.next_offset = taken.offsets.popleft() + 1
            taken.done.remove(taken.next_offset - 1)

    def committable(self) -> dict[P, int]:
        """Where each partition would go on, of those that have moved since `committed`."""
        return {
            partition: taken.next_offset
            for partition, taken in self._partitions.items()
            if taken.next_offset is not None and taken.next_offset != taken.committed
        }

    def committed(self, offsets: dict[P, int]) -> None:
        """The broker knows these now."""
        for partition, offset in offsets.items():
            if partition in self._partitions:
                self._partitions[partition].committed = offset

    def forget(self, partition: P) -> None:
        """It is somebody else's now, who starts at what was committed."""
        taken = self._partitions.pop(partition, None)
        if taken is not None:
            self.waiting -= len(taken.offsets) - len(taken.done)
