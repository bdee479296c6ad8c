"""A violation as a handler gets it: the published record, read but not changed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

SHOWN_MAX = 100
"""Bytes of what cannot be read, in the log."""


class Unreadable(ValueError):
    """The record is no violation: somebody else has written to the topic."""


@dataclass(frozen=True, slots=True)
class PublishedViolation:
    """One record of `violations`. It is final: it was read with `read_committed`."""

    payload: bytes
    """The record's value, to the byte."""
    fields: Mapping[str, Any]
    """The same, parsed: numbers are decimal strings, times RFC 3339 (schemas/violation.json)."""
    headers: Mapping[str, str]
    """CloudEvents headers as on the record: `ce_id`, `ce_type`, `ce_subject`, ..."""
    partition: int
    offset: int

    @property
    def violation_id(self) -> str:
        """The same in every delivery of this violation: what a receiver knows a repeat by."""
        return str(self.fields["violation_id"])


class Record(Protocol):
    """What is needed of a Kafka client's record."""

    value: bytes | None
    headers: Any
    partition: int
    offset: int


def read_record(record: Record) -> PublishedViolation:
    """A record as a violation. Raises Unreadable."""
    try:
        fields = json.loads(record.value or b"")
        headers = {name: _text(value) for name, value in record.headers}
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{error}: {(record.value or b'')[:SHOWN_MAX]!r}") from error
    if not isinstance(fields, dict) or not isinstance(fields.get("violation_id"), str):
        raise Unreadable("it has no violation_id")
    return PublishedViolation(record.value or b"", fields, headers, record.partition, record.offset)


def _text(value: bytes | None) -> str:
    if value is None:
        raise Unreadable("a header has no value")
    return value.decode()
