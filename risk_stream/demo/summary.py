"""What came of a demo, in numbers."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from risk_stream.demo.logs import PartitionLogs
from risk_stream.demo.play import Played
from risk_stream.demo.verify import Verdict

WORST_SHOWN = 5
WINDOWS = ("P1D", "P7D", "P30D", "TOTAL")


@dataclass(frozen=True)
class Summary:
    """All that is told."""

    orders: int
    portfolios: int
    codes: Counter[str]
    approved: int
    violations: Counter[str]
    """By kind of limit, those that began: DETECTED and WARNING, not RESOLVED."""
    violation_count: int
    dead_letters: Counter[str]
    """By reason."""
    worst: list[dict[str, Any]]
    """Risk pictures of the portfolios that are farthest below their peak."""
    played: Played
    latency_s: list[float]
    """Sorted."""
    verdict: Verdict

    @property
    def verified(self) -> bool:
        """Whether the model agreed with everything."""
        return not self.verdict.differences

    @property
    def decisions(self) -> int:
        """How many there are."""
        return self.codes.total()

    @property
    def orders_per_second(self) -> float:
        """In the rounds that were sent at once."""
        return self.played.busy_orders / self.played.busy_s if self.played.busy_s else 0.0

    def latency_ms(self, share: float) -> float | None:
        """The latency that this share of the orders did not exceed; None when none was measured."""
        if not self.latency_s:
            return None
        return self.latency_s[min(len(self.latency_s) - 1, int(share * len(self.latency_s)))] * 1000

    def fields(self) -> dict[str, Any]:
        """The line of `--json`."""
        latency = {name: self.latency_ms(share) for name, share in (("p50", 0.5), ("p99", 0.99))}
        return {
            "orders": self.orders,
            "decisions": self.decisions,
            "approved": self.approved,
            "rejected": self.decisions - self.approved,
            "violations": self.violation_count,
            "dead_letters": self.dead_letters.total(),
            "orders_per_second": round(self.orders_per_second, 1),
            "latency_ms": {name: None if ms is None else round(ms, 2) for name, ms in latency.items()},
            "verified": self.verified,
        }


def summarize(
    logs: Sequence[PartitionLogs], portfolios: int, played: Played, latency_s: list[float], verdict: Verdict
) -> Summary:
    """Count what stands in the topics."""
    decisions = [json.loads(one.value or b"") for each in logs for one in each.records["decisions"]]
    violations = [json.loads(one.value or b"") for each in logs for one in each.records["violations"]]
    letters = [one.headers["reason"].decode() for each in logs for one in each.records["dead-letters"]]
    pictures = {one.key: one.value for each in logs for one in each.records["portfolio-risk"]}
    fallen = [json.loads(value or b"") for value in pictures.values()]
    fallen.sort(key=lambda one: -float(one["drawdowns"]["TOTAL"] or 0))
    return Summary(
        orders=sum(len(each.records["orders"]) for each in logs),
        portfolios=portfolios,
        codes=Counter(one["code"] for one in decisions),
        approved=sum(one["decision"] == "APPROVED" for one in decisions),
        violations=Counter(one["kind"] for one in violations if one["event"] != "RESOLVED"),
        violation_count=len(violations),
        dead_letters=Counter(letters),
        worst=fallen[:WORST_SHOWN],
        played=played,
        latency_s=sorted(latency_s),
        verdict=verdict,
    )
