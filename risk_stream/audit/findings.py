"""What an audit found: each finding is named, placed and counted; the first ones are kept whole."""

from collections import Counter
from enum import StrEnum

import msgspec

KEPT_MAX = 100
"""Findings kept whole in each partition: after the first one or two the rest are mostly their consequences."""

PAYLOAD_SHOWN_MAX = 2_000


class Verdict(StrEnum):
    """The three questions, answered separately."""

    DECISIONS = "decisions"
    """Is what stands on the output topics what the recorded inputs give, byte for byte?"""
    COMPLETENESS = "completeness"
    """Was every record handled once, has every order one decision or one dead letter, and is nothing else there?"""
    INTEGRITY = "integrity"
    """Do the journal's chain and digests hold, and does it contain the anchored head?"""


class Kind(StrEnum):
    """What is wrong."""

    CORRUPTED = "CORRUPTED"
    MISSING = "MISSING"
    DUPLICATED = "DUPLICATED"
    INVENTED = "INVENTED"
    MISPLACED = "MISPLACED"
    TRUNCATED = "TRUNCATED"
    RANGE_GAP = "RANGE_GAP"
    STEP_GAP = "STEP_GAP"
    CONTROLS_BACK = "CONTROLS_BACK"
    BROKEN_CHAIN = "BROKEN_CHAIN"
    UNREADABLE_STEP = "UNREADABLE_STEP"
    WRONG_DIGEST = "WRONG_DIGEST"
    OTHER_HEAD = "OTHER_HEAD"


VERDICT_OF = {
    Kind.CORRUPTED: Verdict.DECISIONS,
    Kind.MISSING: Verdict.COMPLETENESS,
    Kind.DUPLICATED: Verdict.COMPLETENESS,
    Kind.INVENTED: Verdict.COMPLETENESS,
    Kind.MISPLACED: Verdict.COMPLETENESS,
    Kind.TRUNCATED: Verdict.COMPLETENESS,
    Kind.RANGE_GAP: Verdict.COMPLETENESS,
    Kind.STEP_GAP: Verdict.COMPLETENESS,
    Kind.CONTROLS_BACK: Verdict.INTEGRITY,
    Kind.BROKEN_CHAIN: Verdict.INTEGRITY,
    Kind.UNREADABLE_STEP: Verdict.INTEGRITY,
    Kind.WRONG_DIGEST: Verdict.INTEGRITY,
    Kind.OTHER_HEAD: Verdict.INTEGRITY,
}


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One difference between what stands on the log and what must stand there."""

    kind: Kind
    topic: str
    partition: int
    text: str
    step: int | None = None
    offset: int | None = None
    """Of the record on its topic; None for one that is not there."""
    subject: str | None = None
    """decision_id, violation_id or the source of a dead letter."""
    portfolio_id: str | None = None
    cause: str | None = None
    """output, input, limit or state (see cause.py)."""
    recorded: str | None = None
    expected: str | None = None

    @property
    def verdict(self) -> Verdict:
        """The question that it answers with no."""
        return VERDICT_OF[self.kind]

    def line(self) -> str:
        """One line for people."""
        place = f"{self.topic}/{self.partition}" + ("" if self.offset is None else f"@{self.offset}")
        words = [f"{self.kind} {place}"]
        words += [f"step {self.step}"] if self.step is not None else []
        words += [self.subject] if self.subject else []
        words += [f"portfolio {self.portfolio_id}"] if self.portfolio_id else []
        return f"{', '.join(words)}: {self.text}" + (f" (cause: {self.cause})" if self.cause else "")


class Findings:
    """The findings of one partition: all counted, the first KEPT_MAX kept."""

    def __init__(self) -> None:
        self.kept: list[Finding] = []
        self.counts: Counter[Kind] = Counter()

    def add(self, finding: Finding) -> None:
        """Count it, and keep it while there is room."""
        self.counts[finding.kind] += 1
        if len(self.kept) < KEPT_MAX:
            self.kept.append(finding)


def shown(payload: bytes | None) -> str | None:
    """A payload as text, cut to a readable length."""
    return None if payload is None else payload[:PAYLOAD_SHOWN_MAX].decode("utf-8", "backslashreplace")
