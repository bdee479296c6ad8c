"""Points in time: RFC 3339 in UTC, or epoch milliseconds, read to and written from epoch milliseconds.

Other offsets than Z and +00:00 are invalid, even where they could be converted: the contract asks for UTC, and a
producer that sends local time may as well have labelled it wrongly. A leap second has no epoch milliseconds: invalid.
"""

import re
from datetime import datetime, timedelta
from typing import Final

from risk_stream.messages.fields import FieldError
from risk_stream.messages.json_object import JsonObject, Number
from risk_stream.messages.money import NumberError, parse_scaled

SKEW_MS_MAX: Final = 60_000
"""How far a message's `ts` may be ahead of its record's timestamp."""

_RFC3339: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|\+00:00)", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1)
_MS: Final = timedelta(milliseconds=1)
# The last millisecond that RFC 3339 can write.
TIME_MS_MAX: Final = (datetime(9999, 12, 31, 23, 59, 59, 999_000) - _EPOCH) // _MS
_PROBLEM: Final = "must be RFC 3339 in UTC or integer epoch milliseconds, 1970 to 9999"


class ClockSkew(FieldError):
    """A `ts` too far ahead of the broker's clock."""


def time_or_none(fields: JsonObject, name: str) -> int | None:
    """A point in time in epoch milliseconds; what is below the millisecond is cut off."""
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, Number):
        return _from_number(value.text, name)
    match = _RFC3339.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise FieldError(name, _PROBLEM)
    year, month, day, hour, minute, second, fraction = match.groups("")
    try:
        whole = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second))
    except ValueError:
        raise FieldError(name, _PROBLEM) from None
    if whole < _EPOCH:
        raise FieldError(name, _PROBLEM)
    return (whole - _EPOCH) // _MS + int(fraction[:3].ljust(3, "0"))


def required_time(fields: JsonObject, name: str) -> int:
    """A point in time that must be there."""
    value = time_or_none(fields, name)
    if value is None:
        raise FieldError(name, "is missing")
    return value


def event_time(fields: JsonObject, timestamp: int) -> int:
    """The `ts` of a message, the record's timestamp when absent; both in epoch milliseconds. Raises ClockSkew."""
    ts = time_or_none(fields, "ts")
    if ts is None:
        return timestamp
    if ts > timestamp + SKEW_MS_MAX:
        raise ClockSkew("ts", f"is more than {SKEW_MS_MAX // 1000} s ahead of the record's timestamp (CLOCK_SKEW)")
    return ts


def format_time(ms: int) -> str:
    """Epoch milliseconds as "2026-11-22T10:00:00.000Z", always with three decimals."""
    return (_EPOCH + ms * _MS).isoformat(timespec="milliseconds") + "Z"


def _from_number(text: str, name: str) -> int:
    try:
        ms = parse_scaled(text, 0, 18)
    except NumberError:
        raise FieldError(name, _PROBLEM) from None
    if not 0 <= ms <= TIME_MS_MAX:
        raise FieldError(name, _PROBLEM)
    return ms
