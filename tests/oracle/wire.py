"""Bytes to plain values: strict UTF-8 JSON, ids, times and Kafka's default partitioner."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

from tests.oracle.numbers import Number

RFC3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?(?:[Zz]|\+00:00)"
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SKEW_MS = 60_000
LAST_MS = 253_402_300_799_999  # the end of the year 9999, the last that RFC 3339 can write


class Unreadable(Exception):
    """The bytes are no JSON object in UTF-8."""


class Constant:
    """NaN or an infinity where a value should be: many programs write them, no field of the contract takes them."""

    def __init__(self, text: str) -> None:
        self.text = text


_DECODER = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=Constant)


def read_object(value: bytes | None) -> dict[str, object]:
    """The JSON object in value, numbers kept as their texts, null members left out."""
    if value is None:
        raise Unreadable("no value")
    try:
        found = _DECODER.decode(value.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from error
    if not isinstance(found, dict):
        raise Unreadable("not an object")
    return without_nulls(found)


def without_nulls(found: dict[str, object]) -> dict[str, object]:
    """JSON null is an absent field."""
    return {name: item for name, item in found.items() if item is not None}


def is_id(value: object) -> bool:
    """1 to 64 printable characters, no spaces."""
    return (
        isinstance(value, str)
        and not isinstance(value, Number)
        and 1 <= len(value) <= 64
        and " " not in value
        and value.isprintable()
    )


def text_of(value: object) -> str | None:
    """value when it is a JSON string that is not empty."""
    return value if isinstance(value, str) and not isinstance(value, Number) and value else None


def time_ms(value: object) -> int | None:
    """RFC 3339 UTC or integer epoch milliseconds; None when it is neither or before 1970."""
    if isinstance(value, Number):
        if not re.fullmatch(r"[0-9]{1,15}", value) or int(value) > LAST_MS:
            return None
        return int(value)
    match = RFC3339.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    try:
        moment = datetime(*(int(part) for part in match.groups()[:6]), tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError:
        return None
    since = moment - EPOCH
    millis = int((match.group(7) or "").ljust(3, "0")[:3])
    at = (since.days * 86_400 + since.seconds) * 1000 + millis
    return at if at >= 0 else None


def record_time_ms(fields: dict[str, object], timestamp_ms: int) -> tuple[int, bool]:
    """(ts of a message, whether it is valid): the record's own where the message names none or an unusable one."""
    if "ts" not in fields:
        return timestamp_ms, True
    at = time_ms(fields["ts"])
    if at is None or at > timestamp_ms + SKEW_MS:
        return timestamp_ms, False
    return at, True


def time_text(at_ms: int) -> str:
    """RFC 3339 UTC with exactly three decimals."""
    seconds, millis = divmod(at_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{millis:03d}Z"


def partition_of(key: bytes, partitions: int) -> int:
    """Kafka's default partitioner: murmur2 with seed 0x9747b28c, the sign bit cleared."""
    mask, mixer = 0xFFFFFFFF, 0x5BD1E995
    state = 0x9747B28C ^ len(key)
    whole = len(key) - len(key) % 4
    for start in range(0, whole, 4):
        word = int.from_bytes(key[start : start + 4], "little") * mixer & mask
        word = (word ^ word >> 24) * mixer & mask
        state = (state * mixer & mask) ^ word
    if whole != len(key):
        state = (state ^ int.from_bytes(key[whole:], "little")) * mixer & mask
    state = (state ^ state >> 13) * mixer & mask
    return ((state ^ state >> 15) & 0x7FFFFFFF) % partitions
