"""Comparing what was observed with a threshold."""

from dataclasses import dataclass

from risk_stream.audit.naive.limits import Limit
from risk_stream.audit.naive.numbers import about_equal, format_double

SEVERITIES = {"WARN": "SOFT_BREACH", "REJECT": "HARD_BREACH", "HALT": "CRITICAL"}


class NotEvaluableError(Exception):
    """A limit lacks an input; the message is the reason code."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one limit says: `level` OK, WARNED or BREACHED; `reason` only when it could not be evaluated."""

    limit: Limit
    level: str
    observed: str | None
    utilisation: str | None
    reason: str | None

    @property
    def severity(self) -> str:
        """WARNING, or how grave a violation of this limit is."""
        return severity_of(self.limit, self.level)


def severity_of(limit: Limit, level: str) -> str:
    """The severity of a limit's level."""
    return "WARNING" if level == "WARNED" else SEVERITIES[limit.action]


def judge(limit: Limit, observed: int | float) -> Verdict:
    """Breached, warned or neither."""
    utilisation = utilisation_of(limit, observed)
    if is_breached(limit, observed):
        level = "BREACHED"
    elif utilisation is not None and compare_doubles(utilisation, ">=", limit.warn_ratio):
        level = "WARNED"
    else:
        level = "OK"
    shown = None if utilisation is None else format_double(utilisation)
    return Verdict(limit, level, limit.text_of(observed), shown, None)


def not_evaluable(limit: Limit, reason: str) -> Verdict:
    """What cannot be evaluated counts as violated."""
    return Verdict(limit, "BREACHED", None, None, reason)


def is_breached(limit: Limit, observed: int | float) -> bool:
    """Integers compare exactly, doubles under the epsilon."""
    if limit.decimals is None:
        return compare_doubles(float(observed), limit.operator, float(limit.threshold))
    return observed > limit.threshold


def compare_doubles(a: float, operator: str, b: float) -> bool:
    """a operator b, where a and b are equal under the relative epsilon."""
    if about_equal(a, b):
        return operator in (">=", "<=", "==")
    if operator in (">", ">="):
        return a > b
    if operator in ("<", "<="):
        return a < b
    return operator == "!="


def utilisation_of(limit: Limit, observed: int | float) -> float | None:
    """observed / threshold, for a threshold > 0 that is breached from below."""
    if limit.operator not in (">", ">=") or not limit.threshold > 0:
        return None
    return float(observed) / float(limit.threshold)
