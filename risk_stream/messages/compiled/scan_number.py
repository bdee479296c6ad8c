"""Reading numbers exactly: a positive decimal to an integer in units of 10^-8, and epoch milliseconds."""

import numpy as np
from numba import types

from risk_stream.messages.compiled.jit import POINTER, Bytes, compiled, pair_of
from risk_stream.messages.compiled.scan_text import DOT, NINE_DIGIT, QUOTE, ZERO_DIGIT, byte_at

WHOLE_DIGITS_MAX = 10
DECIMALS_MAX = 8
UNIT = 10**DECIMALS_MAX
# 10^10 units of 10^-8 is 10^18, below 2^63: no sum of digits can overflow.

INTEGER_DIGITS_MAX = 15

POWERS = np.array([10**n for n in range(DECIMALS_MAX + 1)], dtype=np.int64)

POSITION_AND_VALUE = pair_of(types.int64, types.int64)


@compiled(POSITION_AND_VALUE, POINTER, types.int64, types.int64, types.int64)
def scan_digits(text: Bytes, at: int, end: int, digits_max: int) -> tuple[int, int]:
    """The position behind 1 to `digits_max` digits and their value; position -1 when there are none or more."""
    value = 0
    first = at
    while at < end and ZERO_DIGIT <= text[at] <= NINE_DIGIT:
        if at - first == digits_max:
            return -1, 0
        value = value * 10 + (int(text[at]) - ZERO_DIGIT)
        at += 1
    return (at, value) if at > first else (-1, 0)


@compiled(POSITION_AND_VALUE, POINTER, types.int64, types.int64)
def scan_integer(text: Bytes, at: int, end: int) -> tuple[int, int]:
    """The position behind a JSON integer >= 0 of at most 15 digits, and its value; position -1 for anything else."""
    behind, value = scan_digits(text, at, end, INTEGER_DIGITS_MAX)
    if behind > at + 1 and text[at] == ZERO_DIGIT:
        return -1, 0
    return behind, value


@compiled(POSITION_AND_VALUE, POINTER, types.int64, types.int64)
def scan_plain_decimal(text: Bytes, at: int, end: int) -> tuple[int, int]:
    """The position behind digits, perhaps a dot and decimals, and the value in units of 10^-8."""
    behind, whole = scan_digits(text, at, end, WHOLE_DIGITS_MAX)
    if behind < 0 or (behind > at + 1 and text[at] == ZERO_DIGIT):
        return -1, 0
    if byte_at(text, behind, end) != DOT:
        return behind, whole * UNIT
    fraction = behind + 1
    behind, decimals = scan_digits(text, fraction, end, DECIMALS_MAX)
    if behind < 0:
        return -1, 0
    return behind, whole * UNIT + decimals * POWERS[np.uint64(DECIMALS_MAX - (behind - fraction))]


@compiled(POSITION_AND_VALUE, POINTER, types.int64, types.int64)
def scan_decimal(text: Bytes, at: int, end: int) -> tuple[int, int]:
    """A quantity or price > 0, as a JSON number or a string: the position behind it (-1: not sure) and 10^-8 units."""
    quoted = byte_at(text, at, end) == QUOTE
    if quoted:
        at += 1
    behind, value = scan_plain_decimal(text, at, end)
    if value == 0:
        return -1, 0
    if quoted:
        return (behind + 1, value) if byte_at(text, behind, end) == QUOTE else (-1, 0)
    return behind, value
