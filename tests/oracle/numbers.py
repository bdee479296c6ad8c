"""Exact decimals, rounding and number texts, as the contract's section "Numbers" words them."""

from __future__ import annotations

import re

DECIMAL = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")
EPSILON = 10 * 2.0**-52
QUANTITY, MONEY, MILLIS, COUNT = 8, 4, 3, 0  # decimals of a quantity or price, of money, of seconds, of a count
LONGEST = 60  # digits: far above every bound of the contract (the widest is 10^14 with 8 decimals)


class Number(str):
    """The text of a JSON number, kept apart from JSON strings and never turned into a float on the way."""

    __slots__ = ()


def split(text: str) -> tuple[bool, str, int] | None:
    """(negative, digits without outer zeros, power of ten of the last digit); None when this is no decimal."""
    match = DECIMAL.fullmatch(text)
    if match is None:
        return None
    sign, whole, fraction, exponent = match.groups()
    digits = (whole + (fraction or "")).lstrip("0")
    kept = digits.rstrip("0")
    if not kept:
        return False, "0", 0
    if exponent is not None and len(exponent) > 9:
        return None
    power = int(exponent or 0) - len(fraction or "") + len(digits) - len(kept)
    return sign == "-", kept, power


def scaled(value: object, decimals: int) -> int | None:
    """A JSON number or decimal string in units of 10^-decimals; None when it is neither, too fine or too long."""
    if not isinstance(value, str):
        return None
    parts = split(value)
    if parts is None:
        return None
    negative, digits, power = parts
    shift = power + decimals
    if shift < 0 or len(digits) + shift > LONGEST:
        return None
    size: int = int(digits) * 10**shift
    return -size if negative else size


def plain_text(text: str) -> str:
    """A decimal in plain notation without trailing zeros."""
    parts = split(text)
    if parts is None:
        raise ValueError(f"not a decimal: {text}")
    negative, digits, power = parts
    if power >= 0:
        body = digits + "0" * power
    else:
        padded = digits.rjust(1 - power, "0")
        body = f"{padded[:power]}.{padded[power:]}"
    return "-" + body if negative and digits != "0" else body


def scaled_text(size: int, decimals: int) -> str:
    """An integer in units of 10^-decimals, in plain notation without trailing zeros."""
    if decimals == 0:
        return str(size)
    digits = str(abs(size)).rjust(decimals + 1, "0")
    body = f"{digits[:-decimals]}.{digits[-decimals:]}".rstrip("0").rstrip(".")
    return "-" + body if size < 0 else body


def double_text(value: float) -> str:
    """A double rounded half-even to nine decimals, as C's %.9f prints it, without trailing zeros."""
    body = f"{value:.9f}".rstrip("0").rstrip(".")
    return "0" if body == "-0" else body


def half_even(dividend: int, divisor: int) -> int:
    """The quotient rounded half to even; the divisor is positive."""
    quotient, rest = divmod(dividend, divisor)
    if 2 * rest > divisor or (2 * rest == divisor and quotient % 2):
        quotient += 1
    return quotient


def money(quantity: int, price: int) -> int:
    """quantity x price (each in 10^-8) in units of 10^-4."""
    return half_even(quantity * price, 10**12)


def same(a: float, b: float) -> bool:
    """Equal under the contract's relative epsilon."""
    return abs(a - b) <= EPSILON * max(abs(a), abs(b))
