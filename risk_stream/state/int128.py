"""Exact money and quantity arithmetic in 128 bits, for compiled code.

A number is a pair (high: int64, low: uint64) in two's complement. Why 128 bits: one order of the largest quantity and
price of the contract is worth 10^20, that is 10^24 units of money (80 bits), and position sums add up many of them
(2^47 such orders fit). The product of a quantity sum with a price needs up to 64 + 64 + 60 bits before it is divided
by 10^12; `multiply_divide` keeps all of them.

numba turns a mix of int64 and uint64 into a float: every constant here is of an explicit type for that reason.
"""

import math

import numpy as np

from risk_stream.state.compiled import compiled

U0 = np.uint64(0)
U1 = np.uint64(1)
U16 = np.uint64(16)
U24 = np.uint64(24)
U32 = np.uint64(32)
U40 = np.uint64(40)
MASK24 = np.uint64(0xFFFFFF)
MASK32 = np.uint64(0xFFFFFFFF)
MASK16 = np.uint64(0xFFFF)
TOP_BIT = np.uint64(1 << 63)

PRODUCT_TO_MONEY = np.uint64(10**12)
"""quantity (10^-8) x price (10^-8) is in 10^-16; money is in 10^-4."""

FRACTION_TO_MONEY = np.uint64(10**8)
"""money (10^-4) x a fraction in 10^-8, back to money."""


@compiled
def widen(value: int) -> tuple[int, int]:
    """An int64 as a pair."""
    return np.int64(value) >> 63, np.uint64(value)


@compiled
def add(a_high: int, a_low: int, b_high: int, b_low: int) -> tuple[int, int]:
    """a + b, modulo 2^128 (the bounds above keep real sums far below)."""
    low = np.uint64(a_low + b_low)
    carry = np.int64(1) if low < a_low else np.int64(0)
    return a_high + b_high + carry, low


@compiled
def negate(high: int, low: int) -> tuple[int, int]:
    """-a."""
    negated = np.uint64(~low + U1)
    carry = np.int64(1) if negated == U0 else np.int64(0)
    return ~high + carry, negated


@compiled
def subtract(a_high: int, a_low: int, b_high: int, b_low: int) -> tuple[int, int]:
    """a - b."""
    borrow = np.int64(1) if a_low < b_low else np.int64(0)
    return a_high - b_high - borrow, np.uint64(a_low - b_low)


@compiled
def magnitude(high: int, low: int) -> tuple[int, int]:
    """|a|; the high part is still an int64, not negative."""
    if high < 0:
        return negate(high, low)
    return high, low


@compiled
def compare(a_high: int, a_low: int, b_high: int, b_low: int) -> int:
    """-1, 0 or 1 as a is less than, equal to or greater than b."""
    if a_high != b_high:
        return -1 if a_high < b_high else 1
    if a_low == b_low:
        return 0
    return -1 if a_low < b_low else 1


@compiled
def is_positive(high: int, low: int) -> bool:
    """a > 0."""
    return high > 0 or (high == 0 and low != U0)


@compiled
def to_double(high: int, low: int) -> float:
    """The nearest double, ties to even: what Python's float(int) gives."""
    if high == np.int64(low) >> 63:
        return np.float64(np.int64(low))
    top, rest = magnitude(high, low)
    upper = np.uint64(top)
    if upper == U0:
        value = np.float64(rest)
    else:
        shift = 0
        while shift < 64 and (upper >> np.uint64(shift)) != U0:
            shift += 1
        if shift == 64:
            mantissa = upper
            lost = rest
        else:
            mantissa = (upper << np.uint64(64 - shift)) | (rest >> np.uint64(shift))
            lost = rest << np.uint64(64 - shift)
        # A sticky lowest bit stands for all bits shifted out, so that the conversion rounds as if it saw them.
        if lost != U0:
            mantissa |= U1
        value = math.ldexp(np.float64(mantissa), shift)
    return -value if high < 0 else value


@compiled
def multiply_unsigned(a: int, b: int) -> tuple[int, int]:
    """The full product of two uint64 as (high, low), both uint64."""
    a0 = a & MASK32
    a1 = a >> U32
    b0 = b & MASK32
    b1 = b >> U32
    low = a0 * b0
    mid = a1 * b0 + (low >> U32)
    mid_low = (mid & MASK32) + a0 * b1
    return a1 * b1 + (mid >> U32) + (mid_low >> U32), (mid_low << U32) | (low & MASK32)


@compiled
def divide_limb(remainder: int, limb: int, divisor: int) -> tuple[int, int]:
    """One step of long division: (remainder x 2^64 + limb) / divisor as (remainder, quotient limb).

    The divisor is below 2^40, so that a remainder and 24 more bits fit in 64.
    """
    part = (remainder << U24) | (limb >> U40)
    quotient = part // divisor
    part = ((part - quotient * divisor) << U24) | ((limb >> U16) & MASK24)
    step = part // divisor
    quotient = (quotient << U24) | step
    part = ((part - step * divisor) << U16) | (limb & MASK16)
    step = part // divisor
    return part - step * divisor, (quotient << U16) | step


@compiled
def multiply_divide(high: int, low: int, factor: int, divisor: int) -> tuple[int, int]:
    """a x factor / divisor, rounded half-even; `factor` an int64 of either sign, `divisor` even and below 2^40."""
    negative = (high < 0) != (factor < 0)
    top, rest = magnitude(high, low)
    multiplier = np.uint64(-factor) if factor < 0 else np.uint64(factor)
    limb1, limb0 = multiply_unsigned(rest, multiplier)
    limb2 = U0
    if top != 0:
        carry_high, carry_low = multiply_unsigned(np.uint64(top), multiplier)
        limb1 = np.uint64(limb1 + carry_low)
        limb2 = carry_high + (U1 if limb1 < carry_low else U0)
    remainder = limb2 % divisor
    if limb1 == U0 and limb2 == U0:
        upper = U0
        lower = limb0 // divisor
        remainder = limb0 - lower * divisor
    else:
        remainder, upper = divide_limb(remainder, limb1, divisor)
        remainder, lower = divide_limb(remainder, limb0, divisor)
    half = divisor >> U1
    if remainder > half or (remainder == half and (lower & U1) == U1):
        lower = np.uint64(lower + U1)
        if lower == U0:
            upper = np.uint64(upper + U1)
    if negative:
        return negate(np.int64(upper), lower)
    return np.int64(upper), lower
