"""The journal of a partition, step by step: what is wrong with a record is a finding, and so is an anchored head that
is not in it. Nothing is decided here."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from risk_stream.audit.findings import Finding, Findings, Kind
from risk_stream.audit.journal import Head, Position, Step, check_step, continue_after, read_step
from risk_stream.audit.log import JOURNAL, LogError, PartitionBounds, RecordedLog


class Chain:
    """Reads forward only, and goes on where it was left."""

    def __init__(
        self, log: RecordedLog, bounds: PartitionBounds, findings: Findings, position: Position, head: Head | None
    ) -> None:
        self.position = position
        """Behind the last step read."""
        self._log = log
        self._partition = bounds.partition
        self._bounds = bounds.journal
        self._next = bounds.journal.first
        self._findings = findings
        self._head = head
        self._compare_head()

    async def steps(self) -> AsyncGenerator[tuple[int, int, Step], None]:
        """Offset, timestamp and step of each record not read yet. LogError when the journal's beginning is gone."""
        async for part in self._log.records(JOURNAL, self._partition, self._next, self._bounds.end):
            columns = part.offsets.tolist(), part.timestamps.tolist(), part.packed.values.as_list()
            for offset, timestamp, value in zip(*columns, strict=True):
                self._next = offset + 1
                step = read_step(value)
                if step is None:
                    self._add(Kind.UNREADABLE_STEP, "it is no journal record", self.position.seq + 1, offset)
                    continue
                if self._has_begun_late and step.seq > 1:
                    raise self._gone(f"is kept from step {step.seq} on")
                for flaw in check_step(self.position, step):
                    self._add(Kind(flaw.code), flaw.text, step.seq, offset)
                self.position = continue_after(step)
                self._compare_head()
                yield offset, timestamp, step
        if self._has_begun_late:
            raise self._gone(f"is deleted up to offset {self._bounds.first}, and no step is left")

    async def look_for_head(self) -> None:
        """Read on until the anchored head has been compared, however far behind it stands; without one, not at all."""
        head = self._head
        if head is None:
            return
        async with aclosing(self.steps()) as steps:
            while self.position.seq < head.seq and await anext(steps, None) is not None:
                pass
        if self.position.seq < head.seq:
            text = f"it ends with step {self.position.seq}, the anchored head is step {head.seq}"
            self._add(Kind.TRUNCATED, text)

    @property
    def _has_begun_late(self) -> bool:
        """Whether the journal's first records are gone and nothing tells what came before those that are left."""
        return self.position.seq == 0 and self._bounds.first > 0

    def _gone(self, what: str) -> LogError:
        return LogError(
            f"{JOURNAL}/{self._partition} {what}: what portfolios remembered then cannot be rebuilt from it. "
            "An archive that begins with step 1 can be replayed (--archive)."
        )

    def _compare_head(self) -> None:
        head, at = self._head, self.position
        if head is not None and head.seq == at.seq and head.chain != at.chain:
            self._add(Kind.OTHER_HEAD, "its chain value is not the anchored one: it was rewritten", at.seq)

    def _add(self, kind: Kind, text: str, seq: int | None = None, offset: int | None = None) -> None:
        self._findings.add(
            Finding(kind=kind, topic=JOURNAL, partition=self._partition, step=seq, offset=offset, text=text)
        )
