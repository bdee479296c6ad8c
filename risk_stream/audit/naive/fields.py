"""Reading single fields of a JSON object; a field that breaks its rule raises FieldError with the field's name."""

import json
import re
from datetime import UTC, datetime

from risk_stream.audit.naive.numbers import MONEY, QUANTITY, JsonNumber, scaled

Json = dict[str, object]

QUANTITY_BOUND = 10**10 * 10**QUANTITY
MONEY_BOUND = 10**14 * 10**MONEY
SKEW_MS = 60_000
DEPTH_MAX = 128
YEAR_10000_MS = 253_402_300_800_000

RFC3339_UTC = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?(?:[Zz]|\+00:00)", re.ASCII
)


class FieldError(Exception):
    """A field is missing or breaks its rule."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class ClockSkewError(FieldError):
    """`ts` is more than 60 s ahead of the record's timestamp."""


def read_object(value: bytes | None) -> Json:
    """The JSON object in a record's value; ValueError when there is none.

    NaN and Infinity, which JSON lacks and many writers emit, are numbers no field takes.
    """
    if value is None:
        raise ValueError("no value")
    try:
        parsed = json.loads(
            value.decode("utf-8"), parse_int=JsonNumber, parse_float=JsonNumber, parse_constant=JsonNumber
        )
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not isinstance(parsed, dict) or depth_of(parsed) > DEPTH_MAX:
        raise ValueError("not an object, or nested too deep")
    return parsed


def depth_of(parsed: object) -> int:
    """Levels of arrays and objects, level by level."""
    depth, level = 0, [parsed]
    while level := [item for item in level if isinstance(item, (dict, list))]:
        depth += 1
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]
    return depth


def is_name(raw: object) -> bool:
    """The name of a metric: an id in which spaces may stand."""
    return isinstance(raw, str) and not isinstance(raw, JsonNumber) and 1 <= len(raw) <= 64 and raw.isprintable()


def is_id(raw: object) -> bool:
    """1 to 64 printable characters, no spaces."""
    return is_name(raw) and " " not in str(raw)


def required_id(record: Json, field: str) -> str:
    """An id that must be there."""
    raw = record.get(field)
    if not isinstance(raw, str) or not is_id(raw):
        raise FieldError(field)
    return raw


def optional_id(record: Json, field: str) -> str | None:
    """An id, or None when the field is absent or null."""
    return None if record.get(field) is None else required_id(record, field)


def required_choice(record: Json, field: str, choices: tuple[str, ...]) -> str:
    """One of the named words."""
    raw = record.get(field)
    if not isinstance(raw, str) or isinstance(raw, JsonNumber) or raw not in choices:
        raise FieldError(field)
    return raw


def optional_choice(record: Json, field: str, choices: tuple[str, ...]) -> str:
    """One of the named words; the first of them when absent."""
    return choices[0] if record.get(field) is None else required_choice(record, field, choices)


def decimal(record: Json, field: str, decimals: int) -> int:
    """A decimal that must be there, as a scaled integer."""
    try:
        return scaled(record.get(field), decimals)
    except ValueError as error:
        raise FieldError(field) from error


def quantity(record: Json, field: str) -> int:
    """A quantity or price: > 0, at most 8 decimals, < 10^10."""
    number = decimal(record, field, QUANTITY)
    if not 0 < number < QUANTITY_BOUND:
        raise FieldError(field)
    return number


def optional_quantity(record: Json, field: str) -> int | None:
    """A quantity or price, or None when absent."""
    return None if record.get(field) is None else quantity(record, field)


def signed_quantity(record: Json, field: str) -> int:
    """A position's quantity: any sign, zero too, otherwise bounded as a quantity."""
    number = decimal(record, field, QUANTITY)
    if not abs(number) < QUANTITY_BOUND:
        raise FieldError(field)
    return number


def money(record: Json, field: str) -> int:
    """Money: at most 4 decimals, |x| < 10^14."""
    number = decimal(record, field, MONEY)
    if not abs(number) < MONEY_BOUND:
        raise FieldError(field)
    return number


def moment(record: Json, field: str) -> int:
    """RFC 3339 UTC or integer epoch milliseconds, as epoch milliseconds; what is below the millisecond is cut off."""
    raw = record.get(field)
    if isinstance(raw, JsonNumber):
        milliseconds = decimal(record, field, 0)
        if not 0 <= milliseconds < YEAR_10000_MS:
            raise FieldError(field)
        return milliseconds
    match = RFC3339_UTC.fullmatch(raw) if isinstance(raw, str) else None
    if match is None:
        raise FieldError(field)
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    try:
        whole = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise FieldError(field) from error
    since_epoch = whole - datetime(1970, 1, 1, tzinfo=UTC)
    thousandths = ((match.group(7) or "") + "000")[:3]
    milliseconds = (since_epoch.days * 86_400 + since_epoch.seconds) * 1_000 + int(thousandths)
    if milliseconds < 0:
        raise FieldError(field)
    return milliseconds


def record_moment(record: Json, timestamp: int) -> int:
    """`ts` of a record, else the record's own timestamp."""
    if record.get("ts") is None:
        return timestamp
    ts = moment(record, "ts")
    if ts > timestamp + SKEW_MS:
        raise ClockSkewError("ts")
    return ts


def format_moment(milliseconds: int) -> str:
    """Written as 2026-11-22T10:00:00.000Z."""
    second, below = divmod(milliseconds, 1_000)
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{below:03d}Z"
