"""Writing whole and scaled numbers; every function returns the position behind what it wrote."""

import numpy as np
from numba import types

from risk_stream.messages.compiled.jit import POINTER, Bytes, compiled, pair_of
from risk_stream.messages.compiled.scan_text import DOT, MINUS, ZERO_DIGIT

UNSIGNED_BYTES_MAX = 20  # 2^64 - 1
SCALED_BYTES_MAX = 42  # 39 digits of 2^127, sign, dot and a leading zero

TEN = np.uint64(10)
HUNDRED = np.uint64(100)
POWERS = np.array([10**n for n in range(20)], dtype=np.uint64)
CHUNK_DIGITS = 9
CHUNK = np.uint64(10**CHUNK_DIGITS)  # below 2^32, so that a 32-bit limb with a remainder before it fits 64 bits
LIMB_BITS = np.uint64(32)
LIMB_MASK = np.uint64(0xFFFFFFFF)

QUOTIENT = types.Tuple((types.uint64, types.uint64, types.uint64))  # type: ignore[no-untyped-call]


@compiled(types.int64, POINTER, types.int64, types.uint64, types.int64)
def put_padded(out: Bytes, at: int, number: np.uint64, digits: int) -> int:
    """The number in exactly `digits` digits."""
    behind = at + digits
    for i in range(1, digits + 1):
        next_number = number // TEN
        out[behind - i] = np.uint8(number - next_number * TEN) + np.uint8(ZERO_DIGIT)
        number = next_number
    return behind


@compiled(types.int64, POINTER, types.int64, types.uint64)
def put_unsigned(out: Bytes, at: int, number: np.uint64) -> int:
    """The number without leading zeros."""
    digits = 1
    while digits < UNSIGNED_BYTES_MAX and number >= POWERS[np.uint64(digits)]:
        digits += 1
    return put_padded(out, at, number, digits)


@compiled(types.int64, POINTER, types.int64, types.int64)
def put_integer(out: Bytes, at: int, number: int) -> int:
    """The number with its sign; every int64 has its place."""
    if number >= 0:
        return put_unsigned(out, at, np.uint64(number))
    out[at] = MINUS
    return put_unsigned(out, at + 1, np.uint64(0) - np.uint64(number))


@compiled(types.int64, POINTER, types.int64, types.uint64, types.int64)
def put_fraction(out: Bytes, at: int, fraction: np.uint64, digits: int) -> int:
    """A dot and the fraction (in units of 10^-digits) without trailing zeros; nothing when it is 0."""
    if fraction == 0:
        return at
    out[at] = DOT
    behind = put_padded(out, at + 1, fraction, digits)
    while out[behind - 1] == ZERO_DIGIT:
        behind -= 1
    return behind


@compiled(QUOTIENT, types.uint64, types.uint64, types.uint64)
def divide_wide(high: np.uint64, low: np.uint64, divisor: np.uint64) -> tuple[np.uint64, np.uint64, np.uint64]:
    """Quotient (high, low) and remainder of a 128-bit number and a divisor below 2^32, limb by limb of 32 bits."""
    quotient_high = high // divisor
    rest = ((high - quotient_high * divisor) << LIMB_BITS) | (low >> LIMB_BITS)
    upper = rest // divisor
    rest = ((rest - upper * divisor) << LIMB_BITS) | (low & LIMB_MASK)
    lower = rest // divisor
    return quotient_high, (upper << LIMB_BITS) | lower, rest - lower * divisor


@compiled(types.int64, POINTER, types.int64, types.uint64, types.uint64)
def put_wide(out: Bytes, at: int, high: np.uint64, low: np.uint64) -> int:
    """An unsigned 128-bit number."""
    if high == 0:
        return put_unsigned(out, at, low)
    high, low, last = divide_wide(high, low, CHUNK)
    if high == 0:
        at = put_unsigned(out, at, low)
        return put_padded(out, at, last, CHUNK_DIGITS)
    # 2^128 is below 10^39: two chunks off leave 21 digits, that is perhaps a third chunk and then always 64 bits.
    high, low, middle = divide_wide(high, low, CHUNK)
    if high == 0:
        at = put_unsigned(out, at, low)
    else:
        high, low, first = divide_wide(high, low, CHUNK)
        at = put_unsigned(out, at, low)
        at = put_padded(out, at, first, CHUNK_DIGITS)
    at = put_padded(out, at, middle, CHUNK_DIGITS)
    return put_padded(out, at, last, CHUNK_DIGITS)


@compiled(pair_of(types.uint64, types.uint64), types.int64, types.uint64)
def magnitude(high: int, low: np.uint64) -> tuple[np.uint64, np.uint64]:
    """The absolute value of a 128-bit two's complement number, unsigned."""
    if high >= 0:
        return np.uint64(high), low
    negated = ~low + np.uint64(1)
    return ~np.uint64(high) + np.uint64(negated == 0), negated


@compiled(types.int64, POINTER, types.int64, types.int64, types.uint64, types.int64)
def put_scaled(out: Bytes, at: int, high: int, low: np.uint64, digits: int) -> int:
    """A 128-bit two's complement number in units of 10^-digits (0 to 9), plain and without trailing zeros."""
    wide, number = magnitude(high, low)
    if high < 0:
        out[at] = MINUS
        at += 1
    if wide == 0:
        whole = number // POWERS[np.uint64(digits)]
        at = put_unsigned(out, at, whole)
        return put_fraction(out, at, number - whole * POWERS[np.uint64(digits)], digits)
    wide, number, fraction = divide_wide(wide, number, POWERS[np.uint64(digits)])
    at = put_wide(out, at, wide, number)
    return put_fraction(out, at, fraction, digits)
