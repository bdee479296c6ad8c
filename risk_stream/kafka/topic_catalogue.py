"""The topics of the contract, one row each: partitions, what is thrown away when, and who dates a record."""

from dataclasses import dataclass
from typing import Final

DAY_MS: Final = 24 * 60 * 60 * 1000
FOR_EVER: Final = -1
AUDIT_MS: Final = 7 * 366 * DAY_MS  # seven years: what regulators ask of order records, with margin
DEAD_LETTERS_MS: Final = 90 * DAY_MS
DEAD_LETTER_BYTES_MAX: Final = 1_048_588 + 64 * 1024
"""The largest input the broker takes by default, and its headers: a refused dead letter would stop the worker."""


@dataclass(frozen=True)
class TopicSpec:
    """One row of the catalogue."""

    name: str
    one_partition: bool = False
    retention_ms: int = AUDIT_MS
    compacted: bool = False
    record_bytes_max: int | None = None
    """None: the broker's default."""

    def partitions(self, partitions: int) -> int:
        """How many partitions it has where the keyed topics have `partitions`."""
        return 1 if self.one_partition else partitions

    @property
    def settings(self) -> dict[str, str]:
        """The topic's own configuration. Everywhere the record's timestamp is the broker's: no client can date one."""
        stamped = {"message.timestamp.type": "LogAppendTime"}
        if self.record_bytes_max is not None:
            stamped["max.message.bytes"] = str(self.record_bytes_max)
        if self.compacted:
            return {**stamped, "cleanup.policy": "compact"}
        kept = {"cleanup.policy": "delete", "retention.ms": str(self.retention_ms), "retention.bytes": "-1"}
        return {**stamped, **kept}

    @property
    def vital_settings(self) -> tuple[str, ...]:
        """Those of `settings` without which no worker may start: records would be lost, or dated by who sends them. How
        long and how large else is the administrator's business."""
        if self.compacted:
            return ()
        always = ("message.timestamp.type", "cleanup.policy")
        return (*always, "retention.ms", "retention.bytes") if self.retention_ms == FOR_EVER else always


OUTPUTS: Final = ("decisions", "violations", "dead-letters", "portfolio-risk", "journal")
"""What a step writes to, in one transaction."""

CATALOGUE: Final = (
    TopicSpec("orders"),
    TopicSpec("portfolio-values"),
    TopicSpec("controls", one_partition=True, retention_ms=FOR_EVER),
    TopicSpec("decisions"),
    TopicSpec("violations"),
    TopicSpec("journal"),  # as long as the inputs it names ranges of
    TopicSpec("portfolio-risk", compacted=True),
    TopicSpec("dead-letters", retention_ms=DEAD_LETTERS_MS, record_bytes_max=DEAD_LETTER_BYTES_MAX),
)
