"""One line for the eye of a decision, a violation, a dead letter, or of whatever else lies on their topics."""

import json
from collections.abc import Callable
from typing import Any, Final

VALUE_SHOWN_MAX = 200


def line(topic: str, record: Any) -> str:
    """The line of a record of this topic."""
    try:
        return LINES[topic](record)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return f"{record.topic}/{record.partition}@{record.offset}  FOREIGN  {_shown(record.value)}"


def decision_line(record: Any) -> str:
    """When, which portfolio and order, the answer, and each limit that had something to say."""
    decision = json.loads(record.value)
    words = [decision["ts"], decision["portfolio_id"], decision["order_id"], decision["decision"], decision["code"]]
    words += [decision["detail"]] if decision.get("detail") else []
    words += [f"[{_limit_words(one)}]" for one in decision["violations"]]
    return "  ".join(words)


def violation_line(record: Any) -> str:
    """When, which portfolio, what happened to which limit."""
    event = json.loads(record.value)
    words = [event["ts"], event["portfolio_id"], event["event"], f"[{_limit_words(event)}]"]
    words += [f"{name} {event[name]}" for name in ("order_id", "symbol", "sector") if event[name] is not None]
    words += [event["mode"]] if event["mode"] != "ACTIVE" else []
    return "  ".join(words)


def dead_letter_line(record: Any) -> str:
    """Where it came from, why, and how it begins."""
    headers = dict(record.headers)
    return "  ".join([*(headers[name].decode() for name in ("source", "reason", "detail")), _shown(record.value)])


LINES: Final[dict[str, Callable[[Any], str]]] = {
    "decisions": decision_line,
    "violations": violation_line,
    "dead-letters": dead_letter_line,
}
"""By topic."""


def _limit_words(one: dict[str, Any]) -> str:
    observed = one["observed"] if one.get("reason") is None else one["reason"]
    return f"{one['limit_id']} {one['kind']} {one['severity']}: {observed}, threshold {one['threshold']}"


def _shown(value: bytes | None) -> str:
    """How it begins: 'text' where it is UTF-8, else b'bytes', each with escapes."""
    if value is None:
        return "null"
    more = "..." if len(value) > VALUE_SHOWN_MAX else ""
    begins = value[:VALUE_SHOWN_MAX]
    try:
        value.decode()
    except UnicodeDecodeError:
        return f"{begins!r}{more}"
    return f"{begins.decode('utf-8', 'ignore')!r}{more}"  # the last character may be cut
