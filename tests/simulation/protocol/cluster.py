"""A cluster and its disks in memory: committed logs, one transactional id, a group's offsets; what survives a crash."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from risk_stream.kafka.ports import Row
from risk_stream.kafka.store import Saved


class Record(NamedTuple):
    """A committed record, as a client hands it over."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None

    @property
    def serialized_value_size(self) -> int:
        """Bytes of the value."""
        return len(self.value or b"")

    @property
    def headers(self) -> tuple[()]:
        """None: outputs say in their payload what they come from."""
        return ()


class Topic:
    """One partition: what is committed, the offsets that markers and aborted records took, and what is left open."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.open: list[Record] = []
        self.written: list[Record] = []
        self._offsets: list[int] = []
        self.end = 0

    @property
    def stable(self) -> int:
        """Up to where a reader of committed records gets."""
        return self.open[0].offset if self.open else self.end

    def write(self, pairs: Iterable[tuple[bytes | None, bytes | None]], timestamp: int) -> int:
        """Append records of a transaction that is not ended; the offset of the last record, -1 without any."""
        last = -1
        for key, value in pairs:
            last = self.end
            record = Record(last, timestamp, key, value)
            self.open.append(record)
            self.written.append(record)
            self.end += 1
        return last

    def mark(self, commit: bool) -> None:
        """A marker: it ends all that is open."""
        if commit:
            self.records += self.open
            self._offsets += [record.offset for record in self.open]
        self.open = []
        self.end += 1

    def append(self, pairs: Iterable[tuple[bytes | None, bytes | None]], timestamp: int, gap: int) -> None:
        """Append what somebody else wrote; behind it `gap` offsets without a record."""
        self.write(pairs, timestamp)
        self.mark(commit=True)
        self.end += gap - 1

    def between(self, start: int, end: int) -> list[Record]:
        """The records of a half-open range of offsets."""
        return self.records[bisect_left(self._offsets, start) : bisect_left(self._offsets, end)]


@dataclass(slots=True)
class Cluster:
    """Every topic has one partition. `epoch` is that of the one transactional id: who has an older one is fenced."""

    topics: dict[str, Topic] = field(default_factory=dict)
    committed: dict[str, int] = field(default_factory=dict)
    pending: dict[str, int] = field(default_factory=dict)
    """Of a transaction that is not ended where the group's offsets stand."""
    begun: list[str] = field(default_factory=list)
    """Where the transaction at hand writes, as far as its coordinator was told."""
    epoch: int = 0

    def topic(self, name: str) -> Topic:
        """The topic of this name, made when it is first asked for."""
        return self.topics.setdefault(name, Topic())

    def left_open(self) -> bool:
        """Whether anything waits for a marker."""
        return any(topic.open for topic in self.topics.values())


@dataclass(slots=True)
class Disk:
    """A data directory. Rows without `saved` are half of a load, and worth nothing."""

    rows: dict[bytes, bytes] = field(default_factory=dict)
    saved: Saved | None = None
    begun: int | None = None
    """The step whose rows were being written."""

    def put(self, rows: Iterable[Row], saved: Saved | None) -> None:
        """Write all of it at once."""
        for key, value in rows:
            if value is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = value
        self.saved = saved
        self.begun = None

    def put_some(self, rows: Iterable[Row], begun: int) -> None:
        """Write some of the rows of a step's snapshot; the mark stays."""
        self.put(rows, self.saved)
        self.begun = begun

    def empty(self) -> None:
        """Forget everything."""
        self.rows, self.saved, self.begun = {}, None, None
