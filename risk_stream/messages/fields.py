"""Reading one field of a JSON object, exactly and within its bounds. JSON null is an absent field."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, TypeVar

from risk_stream.messages.ids import ID_LENGTH_MAX, is_id
from risk_stream.messages.json_object import JsonObject, Number
from risk_stream.messages.money import (
    MONEY_DIGITS,
    MONEY_INTEGER_DIGITS,
    QUANTITY_DIGITS,
    QUANTITY_INTEGER_DIGITS,
    NumberError,
    parse_decimal,
    parse_scaled,
)

TEXT_LENGTH_MAX: Final = 4096
"""Characters of an actor or a reason: far more than any has, and still bounded."""

T = TypeVar("T")


class FieldError(ValueError):
    """A field that is missing or invalid. Its text, "quantity: must be > 0", never quotes the value."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")


def id_or_none(fields: JsonObject, name: str, path: str = "") -> str | None:
    """An optional id. `path` goes before the name in errors: "positions[3]."."""
    value = fields.get(name)
    if value is None or is_id(value):
        return value
    raise FieldError(path + name, f"must be 1 to {ID_LENGTH_MAX} printable characters without spaces")


def required_id(fields: JsonObject, name: str, path: str = "") -> str:
    """An id that must be there."""
    value = id_or_none(fields, name, path)
    if value is None:
        raise FieldError(path + name, "is missing")
    return value


def enum_or_none(fields: JsonObject, name: str, members: Mapping[str, T]) -> T | None:
    """One of the contract's words, spelt exactly so."""
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, str) and value in members:
        return members[value]
    raise FieldError(name, f"must be {one_of(list(members))}")


def required_enum(fields: JsonObject, name: str, members: Mapping[str, T]) -> T:
    """One of the contract's words that must be there."""
    value = enum_or_none(fields, name, members)
    if value is None:
        raise FieldError(name, "is missing")
    return value


def one_of(words: list[str]) -> str:
    """The words as a sentence has them: "A, B or C"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def number_text(value: object) -> str:
    """The text of a decimal: a JSON number or a string. Raises NumberError."""
    if isinstance(value, Number):
        return value.text
    if isinstance(value, str):
        return value
    raise NumberError("must be a decimal number")


def scaled_or_none(fields: JsonObject, name: str, path: str, digits: int, integer_digits: int) -> int | None:
    """A decimal in units of 10^-digits, below 10^integer_digits in size."""
    value = fields.get(name)
    if value is None:
        return None
    try:
        return parse_scaled(number_text(value), digits, integer_digits)
    except NumberError as error:
        raise FieldError(path + name, str(error)) from None


def positive_or_none(fields: JsonObject, name: str, path: str = "") -> int | None:
    """A quantity or a price, in units of 10^-8, > 0."""
    value = scaled_or_none(fields, name, path, QUANTITY_DIGITS, QUANTITY_INTEGER_DIGITS)
    if value is not None and value <= 0:
        raise FieldError(path + name, "must be > 0")
    return value


def required_positive(fields: JsonObject, name: str, path: str = "") -> int:
    """A quantity or a price that must be there."""
    value = positive_or_none(fields, name, path)
    if value is None:
        raise FieldError(path + name, "is missing")
    return value


def required_quantity(fields: JsonObject, name: str, path: str = "") -> int:
    """A signed quantity in units of 10^-8 that must be there."""
    value = scaled_or_none(fields, name, path, QUANTITY_DIGITS, QUANTITY_INTEGER_DIGITS)
    if value is None:
        raise FieldError(path + name, "is missing")
    return value


def money_or_none(fields: JsonObject, name: str) -> int | None:
    """Money in units of 10^-4."""
    return scaled_or_none(fields, name, "", MONEY_DIGITS, MONEY_INTEGER_DIGITS)


def decimal_or_none(fields: JsonObject, name: str, digits: int, integer_digits: int) -> Decimal | None:
    """A decimal exactly as it was written."""
    value = fields.get(name)
    if value is None:
        return None
    try:
        return parse_decimal(number_text(value), digits=digits, integer_digits=integer_digits)
    except NumberError as error:
        raise FieldError(name, str(error)) from None


def integer_or_none(fields: JsonObject, name: str, bits: int = 64) -> int | None:
    """A JSON number that is whole by value (5.0 is) and fits a signed integer of that many bits, but for the least of
    them, which stands for none where it is remembered."""
    value = fields.get(name)
    if value is None:
        return None
    try:
        if not isinstance(value, Number):
            raise NumberError("must be an integer")
        integer = parse_scaled(value.text, 0, 19)
    except NumberError:
        raise FieldError(name, f"must be an integer of {bits} bits") from None
    if abs(integer) >= 1 << bits - 1:
        raise FieldError(name, f"must be an integer of {bits} bits")
    return integer


def required_text(fields: JsonObject, name: str) -> str:
    """Who or why: text that says something, so not blank."""
    value = fields.get(name)
    if value is None:
        raise FieldError(name, "is missing")
    if not isinstance(value, str) or not value.strip():
        raise FieldError(name, "must be text that is not blank")
    if len(value) > TEXT_LENGTH_MAX:
        raise FieldError(name, f"must be at most {TEXT_LENGTH_MAX} characters")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise FieldError(name, "must be well-formed Unicode")
    return value
