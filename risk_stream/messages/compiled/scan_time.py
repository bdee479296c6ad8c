"""Reading a point in time: epoch milliseconds, or RFC 3339 in UTC with Z or +00:00, from 1970 on."""

import numpy as np
from numba import types

from risk_stream.messages.compiled.jit import POINTER, Bytes, compiled
from risk_stream.messages.compiled.scan_number import POSITION_AND_VALUE, scan_digits, scan_integer
from risk_stream.messages.compiled.scan_text import DOT, QUOTE, ZERO_DIGIT, byte_at

SECONDS_LENGTH = len("2026-11-22T10:00:00")
FRACTION_DIGITS_MAX = 9

PUNCTUATION_AT = np.array([4, 7, 10, 13, 16], dtype=np.int64)
PUNCTUATION = np.frombuffer(b"--T::", np.uint8)
LETTER_Z = ord("Z")
ZERO_OFFSET = np.frombuffer(b"+00:00", np.uint8)

DAYS_BEFORE_MONTH = np.array([0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334], dtype=np.int64)
DAYS_OF_MONTH = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int64)
LEAP_DAYS_BEFORE_1970 = 477  # 1969 // 4 - 1969 // 100 + 1969 // 400


@compiled(types.int64, POINTER, types.int64, inline=True)
def two_digits(text: Bytes, at: int) -> int:
    """The number of two digits, below -100 when one of the bytes is none."""
    tens = int(text[at]) - ZERO_DIGIT
    units = int(text[at + 1]) - ZERO_DIGIT
    if tens < 0 or tens > 9 or units < 0 or units > 9:
        return -10_000
    return tens * 10 + units


@compiled(types.int64, types.int64, types.int64, types.int64)
def day_of(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to a date of the Gregorian calendar, -1 when there is no such date or it is earlier."""
    if year < 1970 or month < 1 or month > 12 or day < 1:
        return -1
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if day > DAYS_OF_MONTH[month] and not (leap and month == 2 and day == 29):
        return -1
    before = year - 1
    leap_days = before // 4 - before // 100 + before // 400 - LEAP_DAYS_BEFORE_1970
    if leap and month > 2:
        leap_days += 1
    return (year - 1970) * 365 + leap_days + int(DAYS_BEFORE_MONTH[month]) + day - 1


@compiled(types.int64, POINTER, types.int64)
def scan_seconds(text: Bytes, at: int) -> int:
    """Epoch seconds of the 19 characters YYYY-MM-DDTHH:MM:SS, -1 when they are not that (or a leap second)."""
    for i in range(5):
        if text[at + PUNCTUATION_AT[i]] != PUNCTUATION[i]:
            return -1
    day = day_of(
        two_digits(text, at) * 100 + two_digits(text, at + 2), two_digits(text, at + 5), two_digits(text, at + 8)
    )
    hour = two_digits(text, at + 11)
    minute = two_digits(text, at + 14)
    second = two_digits(text, at + 17)
    if day < 0 or hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 59:
        return -1
    return ((day * 24 + hour) * 60 + minute) * 60 + second


@compiled(types.int64, POINTER, types.int64, types.int64)
def zone_end(text: Bytes, at: int, end: int) -> int:
    """The position behind Z or +00:00; `end` when there is neither."""
    if byte_at(text, at, end) == LETTER_Z:
        return at + 1
    behind = at + ZERO_OFFSET.size
    if behind > end:
        return end
    for i in range(ZERO_OFFSET.size):
        if text[at + i] != ZERO_OFFSET[i]:
            return end
    return behind


@compiled(POSITION_AND_VALUE, POINTER, types.int64, types.int64)
def scan_time(text: Bytes, at: int, end: int) -> tuple[int, int]:
    """The position behind a time (-1: not sure) and its epoch milliseconds, what is below cut off."""
    if byte_at(text, at, end) != QUOTE:
        return scan_integer(text, at, end)
    at += 1
    if at + SECONDS_LENGTH >= end:
        return -1, 0
    seconds = scan_seconds(text, at)
    at += SECONDS_LENGTH
    if seconds < 0:
        return -1, 0
    ms = 0
    if text[at] == DOT:
        behind, fraction = scan_digits(text, at + 1, end, FRACTION_DIGITS_MAX)
        if behind < 0:
            return -1, 0
        for _ in range(behind - at - 1, FRACTION_DIGITS_MAX):
            fraction *= 10
        ms = fraction // 1_000_000
        at = behind
    behind = zone_end(text, at, end)
    if byte_at(text, behind, end) != QUOTE:
        return -1, 0
    return behind + 1, seconds * 1000 + ms
