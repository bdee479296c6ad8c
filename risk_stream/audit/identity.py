"""What an output record says it is: its id, and the input record it answers. Read from the record alone."""

import re
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from risk_stream.audit.log import CONTROLS, DEAD_LETTERS, DECISIONS, ORDERS, VALUES, VIOLATIONS
from risk_stream.messages.packed import decode_headers


class Place(NamedTuple):
    """An input record: topic without prefix, and offset in the partition at hand (of controls: its only one)."""

    topic: str
    offset: int


class Identity(NamedTuple):
    """The id of an output record, unique on its topic, and what it answers; None where that cannot be told."""

    subject: str
    place: Place | None


Identify = Callable[[bytes | None, bytes | None], Identity | None]
"""The identity of a record from its value and its block of headers; None when it has none that can be read."""


class _Decision(msgspec.Struct):
    decision_id: str


class _Inputs(msgspec.Struct):
    order: str | None = None
    value: str | None = None


class _Violation(msgspec.Struct):
    violation_id: str
    inputs: _Inputs
    trigger: str


_decision = msgspec.json.Decoder(_Decision)
_violation = msgspec.json.Decoder(_Violation)


def identifiers(partition: int, prefix: str) -> dict[str, Identify]:
    """How the records of each output topic of a partition are identified."""
    source = re.compile(re.escape(prefix) + rf"(?:({ORDERS}|{VALUES})/{partition}|({CONTROLS})/0)@(\d{{1,18}})")

    def decision(value: bytes | None, _: bytes | None) -> Identity | None:
        try:
            subject = _decision.decode(value or b"").decision_id
        except msgspec.MsgspecError:
            return None
        return Identity(subject, _place(ORDERS, partition, subject, "-"))

    def violation(value: bytes | None, _: bytes | None) -> Identity | None:
        try:
            found = _violation.decode(value or b"")
        except msgspec.MsgspecError:
            return None
        by_order = found.trigger == "ORDER"
        text = found.inputs.order if by_order else found.inputs.value
        return Identity(found.violation_id, _place(ORDERS if by_order else VALUES, partition, text or "", "@"))

    def dead_letter(_: bytes | None, block: bytes | None) -> Identity | None:
        headers = dict(decode_headers(block)) if block else {}
        text = (headers.get("source") or b"").decode("utf-8", "replace")
        if not text:
            return None
        match = source.fullmatch(text)
        return Identity(text, Place(match[1] or match[2], int(match[3])) if match else None)

    return {DECISIONS: decision, VIOLATIONS: violation, DEAD_LETTERS: dead_letter}


def _place(topic: str, partition: int, text: str, mark: str) -> Place | None:
    """The place that "3-1042" or "3@1042" names, when it is one of this partition."""
    number, _, offset = text.partition(mark)
    if number != str(partition) or not (offset.isascii() and offset.isdigit() and len(offset) <= 18):
        return None
    return Place(topic, int(offset))
