"""One line of JSON of a published record, whatever it is."""

import json
from typing import Any


def json_line(record: Any) -> str:
    """The payload itself; a dead letter, or what somebody else has written to the topic, as an object around it."""
    payload = None if record.topic.endswith("dead-letters") else _payload(record.value)
    return json.dumps(_around(record), ensure_ascii=False) if payload is None else payload


def _payload(value: bytes | None) -> str | None:
    """An object on one line, as a worker writes it."""
    try:
        text = (value or b"").decode()
        return text if isinstance(json.loads(text), dict) and "\n" not in text and "\r" not in text else None
    except (ValueError, RecursionError):
        return None


def _around(record: Any) -> dict[str, Any]:
    return {
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "headers": {name: value for header, data in record.headers for name, value in _fields(header, data).items()},
        **_fields("key", record.key),
        **_fields("value", record.value),
    }


def _fields(name: str, data: bytes | None) -> dict[str, str | None]:
    """As text; what is no UTF-8, and so more than one thing could look like it, to the byte too."""
    if data is None:
        return {name: None}
    try:
        return {name: data.decode()}
    except UnicodeDecodeError:
        return {name: data.decode("utf-8", "backslashreplace"), f"{name}_hex": data.hex()}
