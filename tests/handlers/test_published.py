"""Reading a record of `violations`: whatever somebody else has written there, it is Unreadable and nothing worse."""

import json
from dataclasses import dataclass

import pytest

from risk_stream.handlers.published import Unreadable, read_record
from tests.handlers.samples import FIELDS

Headers = tuple[tuple[str, bytes | None], ...]

GOOD = json.dumps({**FIELDS, "violation_id": "a"}).encode()


@dataclass
class Given:
    """A record as the Kafka client gives it."""

    value: bytes | None
    headers: Headers = (("ce_id", b"a"),)
    partition: int = 0
    offset: int = 7


def test_a_violation_is_read() -> None:
    """Payload to the byte, fields, headers, place."""
    read = read_record(Given(GOOD))
    assert (read.payload, read.violation_id, read.headers, read.offset) == (GOOD, "a", {"ce_id": "a"}, 7)


UNREADABLE: dict[str, tuple[bytes | None, Headers]] = {
    "null": (None, ()),
    "empty": (b"", ()),
    "no JSON": (b"no JSON", ()),
    "no UTF-8": (b'{"violation_id": "\xff"}', ()),
    "too deep": (b"[" * 100_000, ()),
    "too long a number": (b'{"violation_id": ' + b"9" * 10_000 + b"}", ()),
    "no object": (b'["violation_id"]', ()),
    "no id": (b"{}", ()),
    "null id": (b'{"violation_id": null}', ()),
    "null header": (GOOD, (("ce_id", b"a"), ("x", None))),
    "header no UTF-8": (GOOD, (("x", b"\xff"),)),
}


@pytest.mark.parametrize(("value", "headers"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_violation_is_unreadable(value: bytes | None, headers: Headers) -> None:
    """Value or headers."""
    with pytest.raises(Unreadable):
        read_record(Given(value, headers))
