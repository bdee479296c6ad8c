"""Exact numbers against the decimal module, over their whole range."""

from decimal import ROUND_HALF_EVEN, Context, Decimal

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from risk_stream.messages.money import (
    NumberError,
    format_decimal,
    format_double,
    format_scaled,
    multiply_to_money,
    parse_decimal,
    parse_scaled,
)

# Making texts is slow the first time, whatever the machine's load: that says nothing about the numbers.
patient = settings(suppress_health_check=[HealthCheck.too_slow])
EXACT = Context(prec=2_000, Emax=999_999_999, Emin=-999_999_999)
numbers = st.from_regex(r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
quantities = st.integers(-(10**18) + 1, 10**18 - 1)


@patient
@given(numbers, st.sampled_from([(8, 10), (4, 14), (0, 10), (3, 10)]))
@example("9999999999.99999999", (8, 10))
@example("10000000000e-18", (8, 10))
@example("-99999999999999.9999", (4, 14))
@example("0e999", (8, 10))
def test_decimals_are_read_exactly(text: str, bounds: tuple[int, int]) -> None:
    """Taken with their very value when within the bounds by value, refused otherwise."""
    digits, integer_digits = bounds
    value = EXACT.create_decimal(text)
    scaled = EXACT.scaleb(value, digits)
    fits = abs(value) < Decimal(10) ** integer_digits and scaled == EXACT.to_integral_value(scaled)
    if fits:
        assert parse_scaled(text, digits, integer_digits) == scaled
    else:
        with pytest.raises(NumberError):
            parse_scaled(text, digits, integer_digits)


@patient
@given(st.text(max_size=12) | st.text("0123456789.-+eE_ ", max_size=12))
def test_only_json_numbers_are_numbers(text: str) -> None:
    """What is taken is a number to the decimal module too, and to every JSON reader."""
    try:
        value = parse_decimal(text)
    except NumberError:
        return
    assert value == Decimal(text)
    assert text.isascii()
    assert text[0] in "-0123456789"


@patient
@given(quantities, st.sampled_from([8, 4, 3, 0]))
def test_scaled_integers_survive_their_text(n: int, digits: int) -> None:
    """Plain notation, no trailing zeros, and read back it is the same integer."""
    text = format_scaled(n, digits)
    assert parse_scaled(text, digits, 19) == n
    assert "e" not in text.lower()
    assert not (("." in text) and text.endswith(("0", ".")))
    assert text != "-0"


@patient
@given(quantities, quantities)
@example(15 * 10**3, 10**8 + 0)
@example(5 * 10**3, 10**8)
@example(-5 * 10**3, 10**8)
def test_products_are_rounded_half_even(q: int, p: int) -> None:
    """As the decimal module rounds the exact product to four decimals."""
    product = EXACT.multiply(EXACT.scaleb(Decimal(q), -8), EXACT.scaleb(Decimal(p), -8))
    rounded = product.quantize(Decimal("0.0001"), rounding=ROUND_HALF_EVEN, context=EXACT)
    assert multiply_to_money(q, p) == EXACT.scaleb(rounded, 4)


@patient
@given(st.floats(allow_nan=False, allow_infinity=False))
@example(-1e-12)
@example(0.0000000005)
@example(0.9999999995)
@example(1e22)
def test_doubles_are_written_as_c_does(x: float) -> None:
    """The double's exact value, rounded half-even to nine decimals, without trailing zeros and without -0."""
    text = format_double(x)
    exact = EXACT.create_decimal(Decimal(x)).quantize(Decimal("1e-9"), rounding=ROUND_HALF_EVEN, context=EXACT)
    assert Decimal(text) == exact
    assert not ("." in text and text.endswith(("0", ".")))
    assert text != "-0"


@patient
@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30, places=12))
def test_thresholds_are_written_exactly(value: Decimal) -> None:
    """A threshold given as 0.10 is "0.1"."""
    text = format_decimal(value)
    assert Decimal(text) == value
    assert parse_decimal(text) == value
    assert not ("." in text and text.endswith("0"))
    assert text != "-0"
