"""Exact numbers: the scales, reading decimal text into scaled integers, rounding, and writing them back.

Quantities and prices are integers in units of 10^-8, money in units of 10^-4, `adverse_move` in units of 10^-8. A
product quantity x price is rounded half-even to money at once. Only `format_double` knows of binary floating point.
"""

import re
from decimal import Decimal
from typing import Final

QUANTITY_DIGITS: Final = 8
"""Decimals of a quantity and of a price."""
MONEY_DIGITS: Final = 4
"""Decimals of money."""
RATIO_DIGITS: Final = 9
"""Decimals a ratio, a metric or a utilisation is written with."""
QUANTITY_INTEGER_DIGITS: Final = 10
"""A quantity or a price is below 10^10: scaled below 10^18, so it fits a signed 64-bit integer."""
MONEY_INTEGER_DIGITS: Final = 14
"""Money is below 10^14: scaled below 10^18."""

_PRODUCT_TO_MONEY: Final = 10 ** (2 * QUANTITY_DIGITS - MONEY_DIGITS)
# The grammar of a JSON number, in ASCII. Decimal strings are written the same way: " 1", "+1", ".5", "1_000" are not.
_NUMBER: Final = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?", re.ASCII)
# 18 digits: what Python's Decimal can hold, far beyond every bound. A longer exponent overflows, even that of a zero.
_EXPONENT_DIGITS_MAX: Final = 18


class NumberError(ValueError):
    """Text that is not a number within its bounds; the message says what is asked for and never quotes the input."""


def split_decimal(text: str) -> tuple[int, str, int]:
    """Sign (-1 or 1), digits without outer zeros ("" for zero), exponent: the value is sign x digits x 10^exponent."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise NumberError("must be a decimal number")
    sign, whole, fraction, exponent_text = match.groups("")
    if len(exponent_text.lstrip("+-").lstrip("0")) > _EXPONENT_DIGITS_MAX:
        raise NumberError("exponent overflows")
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    if not significant:
        return 1, "", 0
    exponent = _exponent(exponent_text) - len(fraction) + len(digits) - len(significant)
    return (-1 if sign else 1), significant, exponent


def _exponent(text: str) -> int:
    if not text:
        return 0
    # Without its leading zeros it has 18 digits at most: int() refuses texts of thousands.
    size = int(text.lstrip("+-").lstrip("0") or "0")
    return -size if text[0] == "-" else size


def parse_scaled(text: str, digits: int, integer_digits: int) -> int:
    """The exact value of decimal text in units of 10^-digits; |value| must be below 10^integer_digits.

    Bounds are judged by value: "1.500000000" has one decimal. Raises NumberError.
    """
    sign, significant, exponent = split_decimal(text)
    if not significant:
        return 0
    if len(significant) + exponent > integer_digits:
        raise NumberError(f"must be below 10^{integer_digits}")
    if exponent < -digits:
        raise NumberError("must be a whole number" if digits == 0 else f"must have at most {digits} decimals")
    power: int = 10 ** (exponent + digits)
    return sign * int(significant) * power


def parse_decimal(text: str, *, digits: int = 60, integer_digits: int = 60) -> Decimal:
    """The exact value of decimal text as a Decimal without trailing decimal zeros. Raises NumberError out of bounds."""
    value = parse_scaled(text, digits, integer_digits)
    return Decimal(format_scaled(value, digits))


def format_scaled(n: int, digits: int) -> str:
    """n x 10^-digits in plain notation without trailing zeros: format_scaled(-15000, 4) is "-1.5"."""
    if digits == 0:
        return str(n)
    text = str(abs(n)).rjust(digits + 1, "0")
    fraction = text[-digits:].rstrip("0")
    plain = f"{text[:-digits]}.{fraction}" if fraction else text[:-digits]
    return "-" + plain if n < 0 else plain


def format_decimal(value: Decimal) -> str:
    """A finite Decimal in plain notation without trailing zeros, exactly."""
    plain = format(value, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain in ("-0", "") else plain


def format_double(x: float) -> str:
    """What C's "%.9f" prints (the double's exact value, half-even), trailing zeros and "." stripped; "-0" is "0"."""
    plain = ("%.9f" % x).rstrip("0").rstrip(".")  # noqa: UP031 - the contract is C's format, so it is spelt that way
    return "0" if plain == "-0" else plain


def divide_half_even(numerator: int, denominator: int) -> int:
    """numerator / denominator (> 0) rounded to the nearest integer, halves to the even one."""
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    if twice > denominator or (twice == denominator and quotient & 1):
        quotient += 1
    return quotient


def multiply_to_money(q: int, p: int) -> int:
    """Quantity (10^-8) x price (10^-8), rounded half-even to money (10^-4)."""
    return divide_half_even(q * p, _PRODUCT_TO_MONEY)
