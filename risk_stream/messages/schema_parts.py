"""The JSON Schema of single fields, made of the bounds that the decoder reads by.

A schema is looser than the decoder where JSON Schema has no words: decimals of a number, sizes of a decimal string,
what is printable beyond control characters and spaces, dates that do not exist, repeated symbols, the clock.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final, TypeAlias

import msgspec

from risk_stream.messages.fields import TEXT_LENGTH_MAX
from risk_stream.messages.ids import ID_LENGTH_MAX
from risk_stream.messages.instant import TIME_MS_MAX
from risk_stream.messages.money import MONEY_DIGITS, MONEY_INTEGER_DIGITS, QUANTITY_DIGITS, QUANTITY_INTEGER_DIGITS

Schema: TypeAlias = dict[str, Any]

_UNSIGNED: Final = r"(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?"
_PLAIN: Final = r"^-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$"
_RFC3339: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|\+00:00)$"

ID: Final[Schema] = {
    "description": f"1 to {ID_LENGTH_MAX} printable characters, no spaces",
    "type": "string",
    "minLength": 1,
    "maxLength": ID_LENGTH_MAX,
    "not": {"pattern": r"[\s\u0000-\u001f\u007f-\u009f]"},
}
NAME: Final[Schema] = {
    "description": f"1 to {ID_LENGTH_MAX} printable characters",
    "type": "string",
    "minLength": 1,
    "maxLength": ID_LENGTH_MAX,
    "not": {"pattern": r"[\u0000-\u001f\u007f-\u009f]"},
}
TEXT: Final[Schema] = {
    "description": "Text that is not blank",
    "type": "string",
    "maxLength": TEXT_LENGTH_MAX,
    "pattern": r"\S",
}
TIME: Final[Schema] = {
    "description": "RFC 3339 in UTC, or integer epoch milliseconds; what is below the millisecond is cut off",
    "anyOf": [{"type": "string", "pattern": _RFC3339}, {"type": "integer", "minimum": 0, "maximum": TIME_MS_MAX}],
}


def decimal(
    description: str,
    *,
    above: int | None = None,
    least: int | None = None,
    below: int | None = None,
    most: int | None = None,
) -> Schema:
    """A JSON number or a decimal string; above and below are exclusive bounds, least and most inclusive ones."""
    bounds = {"exclusiveMinimum": above, "minimum": least, "exclusiveMaximum": below, "maximum": most}
    number = {"type": "number"} | {word: bound for word, bound in bounds.items() if bound is not None}
    sign = "-?" if (above is None or above < 0) and least is None else ""
    some_digit = "(?=[^eE]*[1-9])" if above == 0 else ""
    text = {"type": "string", "pattern": f"^{some_digit}{sign}{_UNSIGNED}$"}
    return {"description": description, "anyOf": [number, text]}


POSITIVE: Final = decimal(
    f"A quantity or a price: > 0, at most {QUANTITY_DIGITS} decimals, < 10^{QUANTITY_INTEGER_DIGITS}",
    above=0,
    below=10**QUANTITY_INTEGER_DIGITS,
)
SIGNED_QUANTITY: Final = decimal(
    f"A signed quantity: at most {QUANTITY_DIGITS} decimals, |x| < 10^{QUANTITY_INTEGER_DIGITS}",
    above=-(10**QUANTITY_INTEGER_DIGITS),
    below=10**QUANTITY_INTEGER_DIGITS,
)
MONEY: Final = decimal(
    f"Money: at most {MONEY_DIGITS} decimals, |x| < 10^{MONEY_INTEGER_DIGITS}",
    above=-(10**MONEY_INTEGER_DIGITS),
    below=10**MONEY_INTEGER_DIGITS,
)

# What outputs are made of.
PLAIN_DECIMAL: Final[Schema] = {
    "description": "A decimal in plain notation without trailing zeros",
    "type": "string",
    "pattern": _PLAIN,
}
POSITION: Final[Schema] = {"description": "partition@offset", "type": "string", "pattern": "^[0-9]+@[0-9]+$"}
CONTROLS: Final[Schema] = {"description": "The controls version", "type": "integer", "minimum": -1}
OUTPUT_TIME: Final[Schema] = {"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z$"}
SHA256: Final[Schema] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


def enum_of(words: type[StrEnum] | Iterable[str]) -> Schema:
    """One of the contract's words."""
    return {"enum": [str(word) for word in words]}


def constant(word: str) -> Schema:
    """Always this word."""
    return {"const": word}


def nullable(part: Schema) -> Schema:
    """The part, or null, which is the same as an absent field."""
    return {"anyOf": [part, {"type": "null"}]}


def input_object(struct: type[msgspec.Struct], parts: dict[str, Schema], required: Iterable[str]) -> Schema:
    """A message that is read: every field of its type, unknown ones ignored, optional ones absent or null.

    `parts` may name fields that the type has no attribute for, as the `type` itself.
    """
    needed = list(required)
    names = [*(name for name in parts if name not in struct.__struct_fields__), *struct.__struct_fields__]
    properties = {name: parts[name] if name in needed else nullable(parts[name]) for name in names}
    return {"type": "object", "properties": properties, "required": needed}


def output_object(
    struct: type[msgspec.Struct], parts: dict[str, Schema], *, kind: str | None = None, left_out: Iterable[str] = ()
) -> Schema:
    """A message that is written: exactly the fields of its type, `left_out` ones only where they apply."""
    names = list(struct.__struct_fields__)
    properties = {"type": constant(kind)} if kind else {}
    properties |= {name: parts[name] for name in names}
    return closed_object(properties, left_out)


def closed_object(properties: dict[str, Schema], left_out: Iterable[str] = ()) -> Schema:
    """An object of these fields and no others, all there but for the ones that may be `left_out`."""
    required = [name for name in properties if name not in left_out]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
