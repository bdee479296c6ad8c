"""The model's numbers against Python's own exact ones."""

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_stream.audit.naive.numbers import (
    Exact,
    JsonNumber,
    about_equal,
    exact,
    format_double,
    format_exact,
    format_scaled,
    money_product,
    scaled,
)

SCALED = st.integers(-(10**20), 10**20)


@given(SCALED, SCALED)
def test_money_product_is_half_even(quantity: int, price: int) -> None:
    """As Decimal rounds it."""
    with_decimal = (Decimal(quantity * price) / Decimal(10**16)) if abs(quantity * price) < 10**27 else None
    rounded = money_product(quantity, price)
    assert abs(Fraction(quantity * price, 10**12) - rounded) <= Fraction(1, 2)
    if with_decimal is not None:
        assert Decimal(rounded).scaleb(-4) == with_decimal.quantize(Decimal("0.0001"), ROUND_HALF_EVEN)


@given(SCALED, st.integers(0, 12))
def test_scaled_and_format_are_inverse(number: int, decimals: int) -> None:
    """Writing and reading back gives the same integer, plainly written."""
    text = format_scaled(number, decimals)
    assert scaled(text, decimals) == number
    assert "e" not in text.lower()
    assert "." not in text or not text.endswith("0")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.10", Exact(1, -1)),
        ("1.500000000", Exact(15, -1)),
        ("-0", Exact(0, 0)),
        ("0e99999999999", Exact(0, 0)),
        ("1200", Exact(12, 2)),
        ("1.2e3", Exact(12, 2)),
        ("-1E-2", Exact(-1, -2)),
    ],
)
def test_exact(text: str, number: Exact) -> None:
    """Digits and power, by value."""
    assert exact(text) == exact(JsonNumber(text)) == number
    assert Decimal(format_exact(number)) == Decimal(text)


@pytest.mark.parametrize(
    "raw", ["", " 1", "+1", ".5", "1.", "1_0", "NaN", "Infinity", "0x1", "١", None, True, 1, 1.5, []]
)
def test_no_decimal(raw: object) -> None:
    """Neither text that is no decimal, nor Python numbers: the JSON reader keeps numbers as text."""
    with pytest.raises(ValueError, match="is not a decimal"):
        exact(raw)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.5e-9, "0.000000001"), (2.0, "2"), (-0.0, "0"), (-1e-12, "0"), (0.1, "0.1"), (1e22, "1" + "0" * 22)],
)
def test_format_double(number: float, text: str) -> None:
    """C's %.9f without the zeros."""
    assert format_double(number) == text


def test_about_equal_is_relative() -> None:
    """Ten machine epsilons, of large numbers as of small ones, and exact at zero."""
    for size in (1e-300, 1e-9, 1.0, 1e300):
        assert about_equal(size, size * (1 + 9 * 2**-52))
        assert not about_equal(size, size * (1 + 12 * 2**-52))
    assert about_equal(0.0, -0.0)
    assert not about_equal(0.0, 5e-324)
