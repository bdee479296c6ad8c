"""The smallest steps of reading JSON: a byte, blanks, the end of a plain string, a literal, a scalar to skip.

Positions run from `at` to `end`; a function that finds what it does not know returns -1 (or a position at which the
caller finds something else than it expects), and the whole record is then left to the exact decoder.
"""

import numpy as np
from numba import types

from risk_stream.messages.compiled.hash128 import eight_bytes
from risk_stream.messages.compiled.jit import POINTER, Bytes, compiled

QUOTE = ord('"')
MINUS = ord("-")
DOT = ord(".")
ZERO_DIGIT = ord("0")
NINE_DIGIT = ord("9")
SPACE = ord(" ")
TAB = ord("\t")
LINE_FEED = ord("\n")
CARRIAGE_RETURN = ord("\r")
NULL_FIRST = ord("n")
TRUE_FIRST = ord("t")
FALSE_FIRST = ord("f")

DIGITS_SKIPPED_MAX = 18
"""A number of an unknown field with more digits is left to the exact decoder, which may refuse its size."""

# Eight bytes are looked at in one word; each test leaves bit 7 of the first byte that it holds for (bytes above it may
# be reported wrongly, never below it: the borrow runs upwards).
ONES = np.uint64(0x0101010101010101)
HIGH_BITS = np.uint64(0x8080808080808080)
FIRST_PRINTABLE = np.uint64(0x21 * 0x0101010101010101)
QUOTES = np.uint64(0x22 * 0x0101010101010101)
BACKSLASHES = np.uint64(0x5C * 0x0101010101010101)
DELETES = np.uint64(0x7F * 0x0101010101010101)


@compiled(types.int64, POINTER, types.int64, types.int64, inline=True)
def byte_at(text: Bytes, at: int, end: int) -> int:
    """The byte at `at`, -1 at the end."""
    return int(text[at]) if at < end else -1


@compiled(types.int64, POINTER, types.int64, types.int64, inline=True)
def skip_blanks(text: Bytes, at: int, end: int) -> int:
    """The first position from `at` on that is no JSON white space."""
    while at < end:
        c = text[at]
        if c > SPACE or (c != SPACE and c != LINE_FEED and c != TAB and c != CARRIAGE_RETURN):
            break
        at += 1
    return at


@compiled(types.int64, POINTER, types.int64, types.int64)
def plain_end(text: Bytes, at: int, end: int) -> int:
    """The first position from `at` on that holds no printable ASCII (0x21 to 0x7e), or a quote or a backslash."""
    while at + 8 <= end:
        word = eight_bytes(text, at)
        quote = word ^ QUOTES
        backslash = word ^ BACKSLASHES
        delete = word ^ DELETES
        found = (
            ((word - FIRST_PRINTABLE) & ~word)
            | ((quote - ONES) & ~quote)
            | ((backslash - ONES) & ~backslash)
            | ((delete - ONES) & ~delete)
            | word
        ) & HIGH_BITS
        if found != 0:
            below = (found - np.uint64(1)) & ~found & ONES  # one bit for every byte up to the first found
            return at + int((below * ONES) >> np.uint64(56)) - 1
        at += 8
    while at < end:
        c = text[at]
        if c <= SPACE or c >= 0x7F or c == QUOTE or c == 0x5C:
            break
        at += 1
    return at


@compiled(types.int64, POINTER, types.int64, types.int64)
def skip_null(text: Bytes, at: int, end: int) -> int:
    """The position behind `null`."""
    if (
        at + 4 <= end
        and text[at] == NULL_FIRST
        and text[at + 1] == 0x75
        and text[at + 2] == 0x6C
        and text[at + 3] == 0x6C
    ):
        return at + 4
    return -1


@compiled(types.int64, POINTER, types.int64, types.int64)
def skip_boolean(text: Bytes, at: int, end: int) -> int:
    """The position behind `true` or `false`."""
    if (
        at + 4 <= end
        and text[at] == TRUE_FIRST
        and text[at + 1] == 0x72
        and text[at + 2] == 0x75
        and text[at + 3] == 0x65
    ):
        return at + 4
    if at + 5 <= end and text[at] == FALSE_FIRST and text[at + 1] == 0x61 and text[at + 2] == 0x6C:
        return at + 5 if text[at + 3] == 0x73 and text[at + 4] == 0x65 else -1
    return -1


@compiled(types.int64, POINTER, types.int64, types.int64)
def skip_digits(text: Bytes, at: int, end: int) -> int:
    """The first position from `at` on that holds no digit."""
    while at < end and ZERO_DIGIT <= text[at] <= NINE_DIGIT:
        at += 1
    return at


@compiled(types.int64, POINTER, types.int64, types.int64)
def skip_number(text: Bytes, at: int, end: int) -> int:
    """The position behind a JSON number without an exponent."""
    if byte_at(text, at, end) == MINUS:
        at += 1
    behind = skip_digits(text, at, end)
    if behind == at or (byte_at(text, at, end) == ZERO_DIGIT and behind > at + 1):
        return -1
    if byte_at(text, behind, end) == DOT:
        fraction = behind + 1
        behind = skip_digits(text, fraction, end)
        if behind == fraction:
            return -1
    return behind if behind - at <= DIGITS_SKIPPED_MAX else -1


@compiled(types.int64, POINTER, types.int64, types.int64)
def skip_scalar(text: Bytes, at: int, end: int) -> int:
    """The position behind the value of a field nobody asked for: a scalar or a string without escapes."""
    first = byte_at(text, at, end)
    if first == QUOTE:
        at = plain_end(text, at + 1, end)
        while byte_at(text, at, end) == SPACE:
            at = plain_end(text, at + 1, end)
        return at + 1 if byte_at(text, at, end) == QUOTE else -1
    if first == NULL_FIRST:
        return skip_null(text, at, end)
    if first in (TRUE_FIRST, FALSE_FIRST):
        return skip_boolean(text, at, end)
    return skip_number(text, at, end)
