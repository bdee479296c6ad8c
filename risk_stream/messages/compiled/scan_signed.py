"""Reading decimals that may be negative or zero: quantities of positions, and money."""

import numpy as np
from numba import types

from risk_stream.messages.compiled.jit import POINTER, Bytes, compiled
from risk_stream.messages.compiled.scan_number import (
    DECIMALS_MAX,
    POSITION_AND_VALUE,
    POWERS,
    WHOLE_DIGITS_MAX,
    scan_digits,
)
from risk_stream.messages.compiled.scan_text import DOT, MINUS, QUOTE, ZERO_DIGIT, byte_at
from risk_stream.messages.money import MONEY_DIGITS, MONEY_INTEGER_DIGITS


@compiled(POSITION_AND_VALUE, POINTER, types.int64, types.int64, types.int64, types.int64)
def scan_scaled(text: Bytes, at: int, end: int, whole_max: int, decimals_max: int) -> tuple[int, int]:
    """A decimal, as a JSON number or a string: the position behind it (-1: not sure) and units of 10^-decimals_max.

    `whole_max` and `decimals_max` (at most 8) are bounds on its digits; together at most 18, so that it fits.
    """
    quoted = byte_at(text, at, end) == QUOTE
    if quoted:
        at += 1
    negative = byte_at(text, at, end) == MINUS
    if negative:
        at += 1
    behind, value = scan_digits(text, at, end, whole_max)
    if behind < 0 or (behind > at + 1 and text[at] == ZERO_DIGIT):
        return -1, 0
    value *= POWERS[np.uint64(decimals_max)]
    if byte_at(text, behind, end) == DOT:
        fraction = behind + 1
        behind, decimals = scan_digits(text, fraction, end, decimals_max)
        if behind < 0:
            return -1, 0
        value += decimals * POWERS[np.uint64(decimals_max - (behind - fraction))]
    if negative:
        value = -value
    if quoted:
        return (behind + 1, value) if byte_at(text, behind, end) == QUOTE else (-1, 0)
    return behind, value


@compiled(POSITION_AND_VALUE, POINTER, types.int64, types.int64)
def scan_quantity(text: Bytes, at: int, end: int) -> tuple[int, int]:
    """A quantity or a price of any sign, in units of 10^-8."""
    return scan_scaled(text, at, end, WHOLE_DIGITS_MAX, DECIMALS_MAX)


@compiled(POSITION_AND_VALUE, POINTER, types.int64, types.int64)
def scan_money(text: Bytes, at: int, end: int) -> tuple[int, int]:
    """Money, in units of 10^-4."""
    return scan_scaled(text, at, end, MONEY_INTEGER_DIGITS, MONEY_DIGITS)
