"""128-bit arithmetic against Python's integers."""

from fractions import Fraction

from hypothesis import example, given, settings
from hypothesis import strategies as st

from risk_stream.state import int128
from tests.state.portfolio import int64, pair, uint64, whole

TOP = 2**127
POWERS = [2**k for k in range(127)]
wides = st.one_of(
    st.integers(1 - TOP, TOP - 1),
    st.integers(-(2**64) - 3, 2**64 + 3),
    st.builds(lambda n, d: max(1 - TOP, min(TOP - 1, n + d)), st.sampled_from(POWERS), st.integers(-2, 2)),
)
int64s = st.one_of(st.integers(-(2**63) + 1, 2**63 - 1), st.integers(-3, 3), st.sampled_from([10**12, 10**18, 10**8]))
divisors = st.one_of(st.integers(1, 2**39 - 1).map(lambda n: 2 * n), st.sampled_from([10**8, 10**12]))


def wrapped(number: int) -> int:
    """A number as two's complement keeps it."""
    return (number + TOP) % (2 * TOP) - TOP


def half_even(number: Fraction) -> int:
    """Rounded to the nearest integer, ties to even."""
    return round(number)


@settings(max_examples=400)
@given(wides, wides)
def test_sums_and_order(a: int, b: int) -> None:
    """add, subtract, negate, magnitude, compare and is_positive."""
    assert whole(*int128.add(*pair(a), *pair(b))) == wrapped(a + b)
    assert whole(*int128.subtract(*pair(a), *pair(b))) == wrapped(a - b)
    assert whole(*int128.negate(*pair(a))) == wrapped(-a)
    assert int128.compare(*pair(a), *pair(b)) == (a > b) - (a < b)
    assert int128.compare(*pair(a), *pair(a)) == 0
    assert int128.is_positive(*pair(a)) == (a > 0)
    assert whole(*int128.magnitude(*pair(a))) == abs(a)


@settings(max_examples=300)
@given(int64s)
def test_widen(a: int) -> None:
    """An int64 keeps its value."""
    assert whole(*int128.widen(int64(a))) == a


@settings(max_examples=600)
@given(wides)
@example(2**64)
@example(2**63)
@example(-(2**63))
@example(2**64 + 2**11)
@example(2**64 + 2**12 + 2**11 + 1)
def test_to_double(a: int) -> None:
    """The nearest double, ties to even, as Python rounds."""
    assert int128.to_double(*pair(a)) == float(a)


@settings(max_examples=800)
@given(wides, int64s, divisors)
@example(5 * 10**11, 1, 10**12)
@example(15 * 10**11, 1, 10**12)
@example(-5 * 10**11, 3, 10**12)
@example(2**64 * 10**12 - 1, 1, 10**12)
@example((2**64 - 1) * 10**12 + 5 * 10**11, 1, 10**12)
def test_multiply_divide(a: int, factor: int, divisor: int) -> None:
    """a x factor / divisor, half-even, wherever the result fits; nothing is lost on the way (191 bits)."""
    expected = half_even(Fraction(a * factor, divisor))
    if abs(expected) < TOP:
        assert whole(*int128.multiply_divide(*pair(a), int64(factor), uint64(divisor))) == expected


@settings(max_examples=300)
@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_multiply_unsigned(a: int, b: int) -> None:
    """The full product."""
    high, low = int128.multiply_unsigned(uint64(a), uint64(b))
    assert (int(high) << 64) + int(low) == a * b
