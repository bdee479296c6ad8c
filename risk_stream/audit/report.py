"""The result of a replay as one value: verdicts, partitions and what they say together."""

from collections import Counter

import msgspec

from risk_stream.audit.findings import VERDICT_OF, Finding, Kind, Verdict
from risk_stream.audit.task import PartitionResult

NO_STEP = "no step lies in the span: nothing was decided again and nothing compared"


class Answer(msgspec.Struct, frozen=True):
    """The answer to one of the three questions."""

    holds: bool
    findings: int


class ReplayReport(msgspec.Struct, kw_only=True):
    """What a replay found, over all partitions."""

    log: str
    version: str
    started_ms: int
    seconds: float
    span: str
    verdicts: dict[Verdict, Answer]
    partitions: list[PartitionResult]
    damage: list[Finding] = []
    """Of an archive's files."""
    files_not_needed: int = 0
    """Files of an archive that are gone and lie before the states that the replay began with."""

    @property
    def identical(self) -> bool:
        """Whether there is nothing to find."""
        return all(answer.holds for answer in self.verdicts.values())

    @property
    def findings(self) -> list[Finding]:
        """Those kept, partition by partition."""
        return [*self.damage, *(finding for one in self.partitions for finding in one.findings)]

    @property
    def is_from_archived_state(self) -> bool:
        """Whether a partition began with an archived state; what lies before that is not proven here."""
        return any(one.started_from is not None for one in self.partitions)

    @property
    def steps(self) -> int:
        """Steps of the span."""
        return sum(one.steps for one in self.partitions)

    @property
    def orders(self) -> int:
        """Orders decided again."""
        return sum(one.orders for one in self.partitions)

    @property
    def values(self) -> int:
        """Values applied again."""
        return sum(one.values for one in self.partitions)

    @property
    def codes(self) -> dict[str, int]:
        """Decisions by code, most first."""
        total: Counter[str] = Counter()
        for one in self.partitions:
            total.update(one.codes)
        return dict(total.most_common())

    @property
    def published(self) -> dict[str, int]:
        """Records compared, by topic."""
        total: Counter[str] = Counter()
        for one in self.partitions:
            total.update(one.published)
        return dict(total)

    @property
    def not_kept(self) -> dict[str, int]:
        """Records that retention had deleted, by topic."""
        total: Counter[str] = Counter()
        for one in self.partitions:
            total.update(one.not_kept)
        return dict(total)


def verdicts_of(partitions: list[PartitionResult], damage: list[Finding]) -> dict[Verdict, Answer]:
    """Count the findings by the question they answer with no."""
    counts: Counter[Verdict] = Counter(one.verdict for one in damage)
    for partition in partitions:
        for kind, count in partition.counts.items():
            counts[VERDICT_OF[Kind(kind)]] += count
    return {verdict: Answer(counts[verdict] == 0, counts[verdict]) for verdict in Verdict}
