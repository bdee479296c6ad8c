"""Exact numbers: decimals as scaled integers, half-even rounding, doubles only for ratios and metrics."""

import re
from typing import NamedTuple

QUANTITY = 8  # decimals of quantities and prices
MONEY = 4
AGE = 3  # seconds are kept as milliseconds
COUNT = 0

EPSILON = 10 * 2.0**-52

DECIMAL = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?", re.ASCII)


class JsonNumber(str):
    """The text of a JSON number, told apart from a JSON string only by its type."""


class Exact(NamedTuple):
    """digits x 10^power with no trailing zero in digits; zero is (0, 0)."""

    digits: int
    power: int


def exact(raw: object) -> Exact:
    """Read a decimal given as JSON number or as decimal string; ValueError if it is none or beyond 10^400."""
    match = DECIMAL.fullmatch(raw) if isinstance(raw, str) else None
    if match is None:
        raise ValueError("is not a decimal")
    sign, whole, fraction, exponent = match.group(1), match.group(2), match.group(3) or "", match.group(4) or "0"
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return Exact(0, 0)
    shortest = digits.rstrip("0")
    if len(shortest) > 400 or len(exponent) > 9:
        raise ValueError("is out of bounds")
    power = int(exponent) - len(fraction) + len(digits) - len(shortest)
    if abs(power) > 400:
        raise ValueError("is out of bounds")
    return Exact(int(sign + shortest), power)


def scaled(raw: object, decimals: int) -> int:
    """The decimal as an integer in units of 10^-decimals; ValueError if it has more decimals than that."""
    digits, power = exact(raw)
    if power < -decimals:
        raise ValueError("has too many decimals")
    return digits * int(10 ** (power + decimals))


def divide_half_even(numerator: int, denominator: int) -> int:
    """numerator / denominator (> 0), ties to the even neighbour, the same for both signs."""
    quotient, rest = divmod(numerator, denominator)
    if 2 * rest > denominator or (2 * rest == denominator and quotient % 2 == 1):
        quotient += 1
    return quotient


def money_product(quantity: int, price: int) -> int:
    """quantity x price, both in 10^-8, as money in 10^-4."""
    return divide_half_even(quantity * price, 10 ** (2 * QUANTITY - MONEY))


def quotient(numerator: int, denominator: int) -> float:
    """The double quotient of two integers, each converted to double first (not Python's exact int / int)."""
    return float(numerator) / float(denominator)


def about_equal(a: float, b: float) -> bool:
    """Equal under the relative epsilon of the contract."""
    return abs(a - b) <= EPSILON * max(abs(a), abs(b))


def format_scaled(number: int, decimals: int) -> str:
    """Plain notation without trailing zeros."""
    return format_exact(Exact(number, -decimals))


def format_exact(number: Exact) -> str:
    """Plain notation without trailing zeros."""
    digits, power = number
    sign, text = ("-" if digits < 0 else ""), str(abs(digits))
    if power >= 0:
        return sign + str(int(text) * int(10**power))
    text = text.rjust(1 - power, "0")
    whole, fraction = text[:power], text[power:].rstrip("0")
    return sign + whole + ("." + fraction if fraction else "")


def format_double(number: float) -> str:
    """What C's %.9f prints, without trailing zeros."""
    text = f"{number:.9f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
