"""Reading a JSON number as the nearest double, ties to even, as `float` does."""

import math

import numpy as np
from numba import types

from risk_stream.messages.compiled.jit import POINTER, Bytes, compiled, pair_of
from risk_stream.messages.compiled.scan_number import POSITION_AND_VALUE, scan_digits
from risk_stream.messages.compiled.scan_text import DOT, MINUS, NINE_DIGIT, ZERO_DIGIT, byte_at

DIGITS_END = np.uint64(10**17)
"""From here on no digit may follow: 18 of them are below 2^60. A double written by any program has at most 17."""
EXPONENT_DIGITS_MAX = 3
DECIMALS_MAX = 27
FIVES = np.array([5**n for n in range(DECIMALS_MAX + 1)], dtype=np.uint64)
"""Below 2^63: a remainder doubled fits 64 bits."""
assert 5**DECIMALS_MAX < 2**63

SMALL_E = ord("e")
LARGE_E = ord("E")
PLUS = ord("+")

MANTISSA_BITS = 53
TEN = np.uint64(10)
ONE = np.uint64(1)


@compiled(types.int64, types.uint64)
def bit_length(number: np.uint64) -> int:
    """Bits of the number without leading zeros."""
    bits = 0
    while number != 0:
        number >>= ONE
        bits += 1
    return bits


@compiled(types.float64, types.uint64, types.int64)
def nearest_double(digits: np.uint64, decimals: int) -> float:
    """The double nearest to digits x 10^-decimals, by long division by 5^decimals, bit by bit (0.1 us)."""
    if digits == 0:
        return 0.0
    divisor = FIVES[np.uint64(decimals)]
    shift = bit_length(digits) - bit_length(divisor)
    rest = digits
    if shift < 0:
        rest <<= np.uint64(-shift)
    else:
        divisor <<= np.uint64(shift)
    # Both have the same highest bit now, so the quotient is in (1/2, 2); the value is quotient x 2^(shift - decimals).
    if rest < divisor:
        rest <<= ONE
        shift -= 1
    quotient = np.uint64(0)
    for _ in range(MANTISSA_BITS + 1):  # the last bit is the half that decides the rounding
        quotient <<= ONE
        if rest >= divisor:
            rest -= divisor
            quotient |= ONE
        rest <<= ONE
    mantissa = quotient >> ONE
    if quotient & ONE and (rest != 0 or mantissa & ONE):
        mantissa += ONE
    return math.ldexp(np.float64(mantissa), shift - decimals - (MANTISSA_BITS - 1))


@compiled(POSITION_AND_VALUE, POINTER, types.int64, types.int64)
def scan_exponent(text: Bytes, at: int, end: int) -> tuple[int, int]:
    """The position behind an exponent (`at` when there is none, -1 when not sure) and its value."""
    if byte_at(text, at, end) != SMALL_E and byte_at(text, at, end) != LARGE_E:
        return at, 0
    at += 1
    sign = byte_at(text, at, end)
    if sign in (PLUS, MINUS):
        at += 1
    behind, value = scan_digits(text, at, end, EXPONENT_DIGITS_MAX)
    return behind, -value if sign == MINUS else value


@compiled(pair_of(types.int64, types.float64), POINTER, types.int64, types.int64)
def scan_double(text: Bytes, at: int, end: int) -> tuple[int, float]:
    """The position behind a JSON number (-1: not sure) and its double."""
    negative = byte_at(text, at, end) == MINUS
    if negative:
        at += 1
    first = at
    point = -1
    digits = np.uint64(0)
    while at < end:
        c = text[at]
        if ZERO_DIGIT <= c <= NINE_DIGIT:
            if digits >= DIGITS_END:
                return -1, 0.0
            digits = digits * TEN + np.uint64(c - ZERO_DIGIT)
        elif c == DOT and point < 0:
            point = at
        else:
            break
        at += 1
    whole = (at if point < 0 else point) - first
    decimals = 0 if point < 0 else at - point - 1
    if whole < 1 or (whole > 1 and text[first] == ZERO_DIGIT) or (point >= 0 and decimals < 1):
        return -1, 0.0
    at, exponent = scan_exponent(text, at, end)
    decimals -= exponent
    while decimals < 0 and digits < DIGITS_END:
        digits *= TEN
        decimals += 1
    if decimals < 0 or decimals > DECIMALS_MAX:
        return -1, 0.0
    value = nearest_double(digits, decimals)
    return at, -value if negative else value
