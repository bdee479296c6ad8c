"""What survives a crash, in memory: the logs of one partition with their transactions, and the disk."""

from __future__ import annotations

from dataclasses import dataclass, field

from risk_stream.decide.output import StepOutput
from risk_stream.kafka.journal import JournalEnd, JournalRecord, beginning


class Fenced(Exception):
    """Another owner has taken the transactional id."""


class Aborted(Exception):
    """The broker did not take the transaction; its owner must not go on."""


Row = tuple[bytes, bytes | None]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Rows that changed, and the end of the journal they belong to."""

    rows: tuple[Row, ...]
    end: JournalEnd


@dataclass(slots=True)
class Disk:
    """RocksDB of one worker: rows and the mark of the snapshot they stand at."""

    rows: dict[bytes, bytes] = field(default_factory=dict)
    end: JournalEnd = field(default_factory=lambda: beginning(0, 0))
    snapshots: int = 0  # of the changelog that are in it

    def apply(self, snapshot: Snapshot) -> None:
        """Rows and mark at once."""
        for key, value in snapshot.rows:
            if value is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = value
        self.end = snapshot.end
        self.snapshots += 1

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        """The values of these keys."""
        return [self.rows.get(key) for key in keys]


class Log:
    """The partition's outputs: what is committed, what is open, and who may write."""

    def __init__(self) -> None:
        self.epoch = 0
        self.steps: list[tuple[JournalRecord, StepOutput]] = []
        self.offsets = (0, 0)
        self.changelog: list[Snapshot] = []
        self._open: list[tuple[JournalRecord, StepOutput] | Snapshot] = []

    def take(self) -> int:
        """A new epoch: whoever wrote before is fenced, what he left open is gone."""
        self.epoch += 1
        self._open.clear()
        return self.epoch

    def begin(self, epoch: int) -> None:
        """Open a transaction."""
        self._check(epoch)
        assert not self._open, "one transaction at a time"

    def produce(self, epoch: int, item: tuple[JournalRecord, StepOutput] | Snapshot) -> None:
        """Write into the open transaction; nobody sees it yet."""
        self._check(epoch)
        self._open.append(item)

    def commit(self, epoch: int) -> None:
        """Let everybody see it, offsets included."""
        self._check(epoch)
        for item in self._open:
            if isinstance(item, Snapshot):
                self.changelog.append(item)
            else:
                self.steps.append(item)
                self.offsets = (item[0].values[1], item[0].orders[1])
        self._open.clear()

    def abort(self, epoch: int) -> None:
        """The broker gives up on the transaction."""
        self._check(epoch)
        self._open.clear()
        raise Aborted

    def _check(self, epoch: int) -> None:
        if epoch != self.epoch:
            raise Fenced
