"""What `tail` prints of a record, for the eye and as JSON, whoever has written it."""

import json
from dataclasses import dataclass

import pytest

from risk_stream.cli.tail_json import json_line
from risk_stream.cli.tail_lines import LINES, line


@dataclass
class Given:
    """A record as the Kafka client gives it."""

    value: bytes | None
    topic: str = "risk.decisions"
    key: bytes | None = b"p1"
    headers: tuple[tuple[str, bytes | None], ...] = ()
    partition: int = 3
    offset: int = 7
    timestamp: int = 5


FOREIGN = {
    "null": (None, "null"),
    "empty": (b"", "''"),
    "no JSON": (b"no\nJSON", r"'no\nJSON'"),
    "no UTF-8": (b"\xff\x1b", r"b'\xff\x1b'"),
    "looks like no UTF-8": (rb"\xff\x1b", r"'\\xff\\x1b'"),
    "no object": (b"[1]", "'[1]'"),
    "too deep": (b"[" * 100_000, f"'{'[' * 200}'..."),
    "cut in a character": ("é".encode() * 200, f"'{'é' * 100}'..."),
}


@pytest.mark.parametrize("topic", LINES)
@pytest.mark.parametrize(("value", "shown"), FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_record_is_shown_as_one(topic: str, value: bytes | None, shown: str) -> None:
    """Its place, that it is foreign, how it begins; text and bytes look different."""
    record = Given(value, f"risk.{topic}", headers=(("source", None),))
    assert line(topic, record) == f"risk.{topic}/3@7  FOREIGN  {shown}"


@pytest.mark.parametrize("value", [b"{}", b'{"ts": 5}', b'{"violations": 5}', b'{"ts": null, "portfolio_id": []}'])
@pytest.mark.parametrize("topic", ["decisions", "violations"])
def test_another_object_is_foreign_too(topic: str, value: bytes) -> None:
    """Fields that are missing, or of another kind."""
    assert "  FOREIGN  " in line(topic, Given(value))


@pytest.mark.parametrize(("value", "_shown"), FOREIGN.values(), ids=FOREIGN)
def test_json_of_a_foreign_record_is_an_object_around_it(value: bytes | None, _shown: str) -> None:
    """On one line; what is no UTF-8 is there to the byte."""
    text = json_line(Given(value, headers=(("a", None), ("b", b"\xff"))))
    assert "\n" not in text
    found = json.loads(text)
    assert (found["partition"], found["offset"], found["key"]) == (3, 7, "p1")
    assert found["headers"] == {"a": None, "b": "\\xff", "b_hex": "ff"}
    exact = bytes.fromhex(found["value_hex"]) if "value_hex" in found else found["value"]
    assert exact == (value if exact is None or isinstance(exact, bytes) else (value or b"").decode())


def test_json_of_a_payload_is_the_payload() -> None:
    """To the character; one on several lines is no worker's, and stays on one here."""
    assert json_line(Given(b'{"a": "\xc2\x9b"}')) == '{"a": "\x9b"}'
    assert json.loads(json_line(Given(b'{"a":\n1}')))["value"] == '{"a":\n1}'
