"""The payloads of decisions, violations and dead letters, as parsed JSON."""

from dataclasses import dataclass

from risk_stream.audit.naive.fields import format_moment
from risk_stream.audit.naive.judge import Verdict, severity_of
from risk_stream.audit.naive.limits import Limit
from risk_stream.audit.naive.orders import Order

Payload = dict[str, object]
Output = tuple[str, Payload]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a record stands, and what was known when it was handled (offsets; None: nothing yet)."""

    partition: int
    offset: int
    value_offset: int | None
    controls_version: int

    def inputs(self, by_order: bool) -> Payload:
        """What the output was made from."""
        return {
            "order": f"{self.partition}@{self.offset}" if by_order else None,
            "value": None if self.value_offset is None else f"{self.partition}@{self.value_offset}",
            "controls": self.controls_version,
        }


def dead_letter(reason: str, source: str) -> Output:
    """A record that could not be understood, or an execution that did not fit."""
    return "dead-letters", {"reason": reason, "source": source}


def decision(source: Source, order_id: str, portfolio_id: str, symbol: str | None, ts: int, code: str) -> Payload:
    """A decision with no limit evaluated; OK and OVERRIDDEN approve."""
    return {
        "type": "DECISION",
        "decision_id": f"{source.partition}-{source.offset}",
        "order_id": order_id,
        "portfolio_id": portfolio_id,
        "symbol": symbol,
        "decision": "APPROVED" if code in ("OK", "OVERRIDDEN") else "REJECTED",
        "code": code,
        "violations": [],
        "limits_evaluated": 0,
        "inputs": source.inputs(by_order=True),
        "ts": format_moment(ts),
    }


def listed(verdict: Verdict) -> Payload:
    """A violated or warned limit as a decision lists it."""
    entry: Payload = {
        "limit_id": verdict.limit.limit_id,
        "kind": verdict.limit.kind,
        "severity": verdict.severity,
        "observed": verdict.observed,
        "threshold": verdict.limit.threshold_text,
        "utilisation": verdict.utilisation,
    }
    if verdict.reason is not None:
        entry["reason"] = verdict.reason
    return entry


def violation_by_order(source: Source, order: Order, sector: str | None, verdict: Verdict) -> Output:
    """DETECTED or WARNING."""
    event = violation("DETECTED" if verdict.level == "BREACHED" else "WARNING", verdict.severity, verdict)
    return "violations", {
        **event,
        "violation_id": f"{verdict.limit.limit_id}:o:{source.partition}:{source.offset}",
        "trigger": "ORDER",
        "portfolio_id": order.portfolio_id,
        "order_id": order.order_id,
        "symbol": order.symbol,
        "sector": sector,
        "inputs": source.inputs(by_order=True),
        "ts": format_moment(order.ts),
    }


def violation_by_value(
    source: Source, portfolio_id: str, ts: int, subject: str | None, verdict: Verdict, left: str
) -> Output:
    """A change of level, from `left` to the verdict's."""
    limit = verdict.limit
    if verdict.level == "BREACHED":
        name, severity = "DETECTED", verdict.severity
    elif left == "OK":
        name, severity = "WARNING", verdict.severity
    else:
        name, severity = "RESOLVED", severity_of(limit, left)
    violation_id = f"{limit.limit_id}:v:{source.partition}:{source.offset}"
    return "violations", {
        **violation(name, severity, verdict),
        "violation_id": violation_id if subject is None else f"{violation_id}:{subject}",
        "trigger": "VALUE",
        "portfolio_id": portfolio_id,
        "order_id": None,
        "symbol": subject if limit.kind == "POSITION_SIZE" else None,
        "sector": subject if limit.kind == "SECTOR_EXPOSURE" else None,
        "inputs": source.inputs(by_order=False),
        "ts": format_moment(ts),
    }


def violation(event: str, severity: str, verdict: Verdict) -> Payload:
    """The fields both triggers fill alike."""
    limit = verdict.limit
    return {
        "type": "VIOLATION",
        "event": event,
        "limit_id": limit.limit_id,
        "kind": limit.kind,
        "severity": severity,
        "action": limit.action,
        "mode": limit.mode,
        "observed": verdict.observed,
        "threshold": limit.threshold_text,
        "utilisation": verdict.utilisation,
        "reason": verdict.reason,
    }


def no_longer_held(limit: Limit) -> Verdict:
    """The verdict on a symbol or sector that is not held any more."""
    return Verdict(limit, "OK", None, None, None)
