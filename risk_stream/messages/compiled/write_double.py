"""Writing a double as its exact value rounded half-even to 9 decimals, trailing zeros stripped (C's %.9f)."""

import math

import numpy as np
from numba import types

from risk_stream.messages.compiled.jit import POINTER, Bytes, compiled
from risk_stream.messages.compiled.scan_text import MINUS
from risk_stream.messages.compiled.write_number import put_fraction, put_unsigned

DECIMALS = 9
DOUBLE_BYTES_MAX = 30  # sign, 19 digits below 2^63, dot, 9 decimals

UNIT = np.uint64(10**DECIMALS)
WRITABLE_MAX = 2.0**63
MANTISSA_BITS = 53
MANTISSA_SCALE = 2.0**MANTISSA_BITS
WORD_BITS = 64
ONE = np.uint64(1)
HALF_BITS = np.uint64(32)
HALF_MASK = np.uint64(0xFFFFFFFF)


@compiled(types.boolean, types.float64, inline=True)
def is_writable(x: float) -> bool:
    """Whether `put_double` takes it: finite and below 2^63 in magnitude."""
    return bool(abs(x) < WRITABLE_MAX)


@compiled(types.uint64, types.float64)
def nano_units(fraction: float) -> np.uint64:
    """A fraction (0 <= fraction < 1) in units of 10^-9, rounded half-even from its exact value; may be a whole 10^9.

    The fraction is mantissa x 2^-shift with a mantissa below 2^53; mantissa x 10^9 is below 2^83, held in two words.
    """
    if fraction == 0.0:
        return np.uint64(0)
    scaled, exponent = math.frexp(fraction)
    shift = MANTISSA_BITS - exponent  # >= 53
    if shift > 84:
        return np.uint64(0)  # the product is below half of 2^shift
    mantissa = np.uint64(scaled * MANTISSA_SCALE)
    lower = (mantissa & HALF_MASK) * UNIT
    upper = (mantissa >> HALF_BITS) * UNIT + (lower >> HALF_BITS)
    low = (upper << HALF_BITS) | (lower & HALF_MASK)
    high = upper >> HALF_BITS
    if shift < WORD_BITS:
        units = (high << np.uint64(WORD_BITS - shift)) | (low >> np.uint64(shift))
        rest = low & ((ONE << np.uint64(shift)) - ONE)
        half = ONE << np.uint64(shift - 1)
        above = rest > half
        tie = rest == half
    elif shift == WORD_BITS:
        units = high
        above = low > ONE << np.uint64(63)
        tie = low == ONE << np.uint64(63)
    else:
        up = np.uint64(shift - WORD_BITS)
        units = high >> up
        rest = high & ((ONE << up) - ONE)
        half = ONE << (up - ONE)
        above = rest > half or (rest == half and low > 0)
        tie = rest == half and low == 0
    if above or (tie and units & ONE):
        units += ONE
    return units


@compiled(types.int64, POINTER, types.int64, types.float64)
def put_double(out: Bytes, at: int, x: float) -> int:
    """Write a double that `is_writable`; "-0" is written "0"."""
    size = abs(x)
    whole = np.uint64(size)
    units = nano_units(size - np.float64(whole))  # exact: both share the double's last bit, or the fraction is 0
    if units == UNIT:
        whole += ONE
        units = np.uint64(0)
    if x < 0.0 and (whole > 0 or units > 0):
        out[at] = MINUS
        at += 1
    return put_fraction(out, put_unsigned(out, at, whole), units, DECIMALS)
