"""The compiled number and time writers against Python's exact ones."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numba import types

from risk_stream.messages.compiled.jit import BUFFER, compiled
from risk_stream.messages.compiled.write_double import DOUBLE_BYTES_MAX, is_writable, put_double
from risk_stream.messages.compiled.write_number import SCALED_BYTES_MAX, put_integer, put_scaled
from risk_stream.messages.compiled.write_time import TIME_BYTES, TIME_MS_END, put_time
from risk_stream.messages.instant import format_time
from risk_stream.messages.money import format_double, format_scaled

# The writers take addresses, which only compiled code has: one wrapper each that gives them an array's. Compiled here,
# at import, since a first call that compiles is longer than hypothesis lets an example be.


@compiled(types.int64, BUFFER, types.float64)
def double_into(out: Any, x: float) -> int:
    """put_double at 0."""
    return put_double(out.ctypes, 0, x)


@compiled(types.int64, BUFFER, types.int64, types.uint64, types.int64)
def scaled_into(out: Any, high: int, low: np.uint64, digits: int) -> int:
    """put_scaled at 0."""
    return put_scaled(out.ctypes, 0, high, low, digits)


@compiled(types.int64, BUFFER, types.int64)
def integer_into(out: Any, number: int) -> int:
    """put_integer at 0."""
    return put_integer(out.ctypes, 0, number)


@compiled(types.int64, BUFFER, types.int64)
def time_into(out: Any, ms: int) -> int:
    """put_time at 0."""
    return put_time(out.ctypes, 0, ms)


def written(put: Callable[..., int], size_max: int, *arguments: object) -> str:
    """What a writer writes, which must fit the size it promises."""
    out = np.full(size_max + 16, 0xFF, np.uint8)
    length = put(out, *arguments)
    assert length <= size_max
    assert (out[size_max:] == 0xFF).all()
    return out[:length].tobytes().decode()


WRITABLE_DOUBLES = st.one_of(
    st.floats(-(2.0**63), 2.0**63, exclude_min=True, exclude_max=True),
    st.floats(-10, 10),
    st.builds(math.ldexp, st.integers(-(2**53), 2**53).map(float), st.integers(-90, 0)),
    st.integers(-(10**12), 10**12).map(lambda n: n * 1e-9),
    st.integers(-(10**12), 10**12).map(lambda n: (n + 0.5) * 1e-9),
)


@given(WRITABLE_DOUBLES)
@example(0.0)
@example(-0.0)
@example(5e-324)
@example(-4.999e-10)
@example(5e-10)
@example(2.0**-10 * 0.5)
@example(0.9999999995)
@example(0.99999999949999)
@example(-0.9999999999)
@example(1.0000000005)
@example(2.0**52 + 0.5)
@example(2.0**53)
@example(math.nextafter(2.0**63, 0))
@example(-math.nextafter(2.0**63, 0))
def test_put_double(x: float) -> None:
    """The exact value of the double, half-even at the ninth decimal."""
    assert is_writable(x)
    assert written(double_into, DOUBLE_BYTES_MAX, x) == format_double(x)


@pytest.mark.parametrize("odd", [1, 3, 5, 7, 513, 2**40 + 1])
def test_put_double_ties(odd: int) -> None:
    """odd x 2^-10 has ten decimals, the last a 5: an exact tie, which goes to the even neighbour."""
    for x in (odd * 2.0**-10, -odd * 2.0**-10, 4 + odd * 2.0**-10):
        assert written(double_into, DOUBLE_BYTES_MAX, x) == format_double(x)


@pytest.mark.parametrize("x", [math.inf, -math.inf, math.nan, 2.0**63, -(2.0**63), 1e300])
def test_unwritable_doubles(x: float) -> None:
    """These are left to the reference encoder (or are no number at all)."""
    assert not is_writable(x)


WHOLE_NUMBERS = st.integers(1, 127).flatmap(lambda bits: st.integers(-(2**bits), 2**bits - 1))


@given(WHOLE_NUMBERS, st.sampled_from([0, 3, 4, 8]))
@example(-(2**127), 0)
@example(2**127 - 1, 8)
@example(10**27, 0)
@example(10**18, 0)
@example(2**64 * 10**8, 8)
@example(-1, 8)
@example(-(2**64), 4)
@example(0, 8)
def test_put_scaled(number: int, digits: int) -> None:
    """Every 128-bit number in any of the units."""
    high, low = np.int64(number >> 64), np.uint64(number & (2**64 - 1))
    assert written(scaled_into, SCALED_BYTES_MAX, high, low, digits) == format_scaled(number, digits)


@given(st.integers(-(2**63), 2**63 - 1))
@example(-(2**63))
@example(10**18)
@example(10**18 - 1)
def test_put_integer(number: int) -> None:
    """Every int64."""
    assert written(integer_into, 20, number) == str(number)


@given(st.integers(0, TIME_MS_END - 1))
@example(0)
@example(951_782_400_000)  # 2000-02-29
@example(4_107_542_400_000)  # 2100-03-01, no leap year
@example(TIME_MS_END - 1)
def test_put_time(ms: int) -> None:
    """Every millisecond from 1970 to 9999."""
    assert written(time_into, TIME_BYTES, ms) == format_time(ms)


def test_put_time_every_day() -> None:
    """The calendar, day by day through three times fifty years, with centennial years in them."""
    for first in (0, 4_100_000_000_000, 13_500_000_000_000):
        for ms in range(first, first + 20_000 * 86_400_000, 86_400_000):
            assert written(time_into, TIME_BYTES, ms) == format_time(ms)
