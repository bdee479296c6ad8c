"""What a replay is asked, and what it finds in one partition. The engine is not needed for either."""

from dataclasses import dataclass, field

import msgspec

from risk_stream.audit.findings import Finding, Kind
from risk_stream.audit.journal import Head
from risk_stream.audit.span import Span
from risk_stream.audit.start import Start, StartedFrom


@dataclass(frozen=True, slots=True)
class Task:
    """What to replay, and what to hold it against."""

    span: Span
    heads: dict[int, Head] = field(default_factory=dict)
    """Anchored heads by partition."""
    portfolio: str | None = None
    """Tell only differences of this portfolio; everything is decided all the same."""
    resident_max: int = 10_000
    starts: dict[int, Start] = field(default_factory=dict)
    """Archived states by partition; one that is not in it begins with step 1."""
    ends: dict[int, Head] = field(default_factory=dict)
    """Where an archive's manifest says that the journals end, by partition. It may have grown since."""


class PartitionResult(msgspec.Struct):
    """What the replay of one partition found."""

    partition: int
    started_from: StartedFrom | None = None
    """None: step 1."""
    steps: int = 0
    orders: int = 0
    values: int = 0
    published: dict[str, int] = {}
    """Records compared, by output topic."""
    codes: dict[str, int] = {}
    """Decisions by code."""
    findings: list[Finding] = []
    """The first of them, in order."""
    counts: dict[Kind, int] = {}
    """All of them."""
    not_kept: dict[str, int] = {}
    """Records that the span's steps published and retention has deleted, by topic: they could not be compared."""
    orders_waiting: int = 0
    """Offsets of orders behind the journal's end: not decided yet."""
    head: Head | None = None
