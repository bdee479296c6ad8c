"""CloudEvents 1.0 headers, in Kafka's binary mode, of violations and dead letters.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

from typing import Final, TypeAlias

from risk_stream.messages.fault import Fault
from risk_stream.messages.ids import is_id
from risk_stream.messages.instant import format_time
from risk_stream.messages.violation import Violation

Headers: TypeAlias = list[tuple[str, bytes]]

VIOLATION_TYPE: Final = "risk_stream.violation.v1"
DEAD_LETTER_TYPE: Final = "risk_stream.dead_letter.v1"


def violation_headers(violation: Violation, source: str) -> Headers:
    """`source` is the record that caused it: "risk.orders/3@1042" (see `inputs.source_text`)."""
    return event_headers(violation.violation_id, violation.portfolio_id, violation.ts, source)


def event_headers(violation_id: str, portfolio_id: str, ts: int, source: str) -> Headers:
    """The headers of a violation of which only these fields are at hand; `ts` in epoch milliseconds."""
    return _headers(
        ce_specversion="1.0",
        ce_id=violation_id,
        ce_type=VIOLATION_TYPE,
        ce_source=source,
        ce_subject=portfolio_id,
        ce_time=format_time(ts),
        **{"content-type": "application/json"},
    )


def dead_letter_headers(fault: Fault, source: str, key: bytes | None, timestamp: int) -> Headers:
    """`timestamp` is the record's, in epoch milliseconds: a dead letter has no `ts` that could be trusted.

    One record leaves at most one dead letter, so its source is its id. The subject is left out where the key is no id,
    and the content is not called JSON, since often it is none.
    """
    return _headers(
        ce_specversion="1.0",
        ce_id=source,
        ce_type=DEAD_LETTER_TYPE,
        ce_source=source,
        **_subject(key),
        ce_time=format_time(timestamp),
        **{"content-type": "application/octet-stream"},
        reason=fault.reason,
        detail=fault.detail,
        source=source,
    )


def _subject(key: bytes | None) -> dict[str, str]:
    subject = (key or b"").decode(errors="replace")
    # A key that is not UTF-8 shows as U+FFFD, which is printable: it must not pass for an id.
    return {"ce_subject": subject} if is_id(subject) and subject.encode() == key else {}


def _headers(**fields: str) -> Headers:
    return [(name, text.encode()) for name, text in fields.items()]
