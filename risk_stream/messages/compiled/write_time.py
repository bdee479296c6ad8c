"""Writing a point in time: RFC 3339 in UTC to the millisecond."""

import numpy as np
from numba import types

from risk_stream.messages.compiled.jit import POINTER, Bytes, compiled
from risk_stream.messages.compiled.scan_text import DOT
from risk_stream.messages.compiled.scan_time import LETTER_Z
from risk_stream.messages.compiled.write_number import put_padded

TIME_BYTES = len("2026-11-22T10:00:00.000Z")
TIME_MS_END = 253_402_300_800_000
"""10000-01-01: from here on a year has five digits and the text is no RFC 3339."""

DASH = ord("-")
COLON = ord(":")
LETTER_T = ord("T")

DAY_MS = 86_400_000
DAYS_0000_03_01_TO_1970 = 719_468
DAYS_PER_400_YEARS = 146_097


@compiled(types.boolean, types.int64, inline=True)
def is_writable_time(ms: int) -> bool:
    """Whether `put_time` takes it: from 1970 to 9999."""
    return 0 <= ms < TIME_MS_END


@compiled(types.int64, POINTER, types.int64, types.int64)
def put_date(out: Bytes, at: int, day: int) -> int:
    """YYYY-MM-DD of a day since 1970-01-01.

    Years are counted from 1 March, so that the leap day is the last of its year (H. Hinnant, "chrono-compatible
    low-level date algorithms").
    """
    shifted = day + DAYS_0000_03_01_TO_1970
    era = shifted // DAYS_PER_400_YEARS
    day_of_era = shifted - era * DAYS_PER_400_YEARS
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_from_march = (5 * day_of_year + 2) // 153
    month = month_from_march + 3 if month_from_march < 10 else month_from_march - 9
    year = year_of_era + era * 400 + (1 if month <= 2 else 0)
    at = put_padded(out, at, np.uint64(year), 4)
    out[at] = DASH
    at = put_padded(out, at + 1, np.uint64(month), 2)
    out[at] = DASH
    return put_padded(out, at + 1, np.uint64(day_of_year - (153 * month_from_march + 2) // 5 + 1), 2)


@compiled(types.int64, POINTER, types.int64, types.int64)
def put_time(out: Bytes, at: int, ms: int) -> int:
    """2026-11-22T10:00:00.000Z, for a time that `is_writable_time`."""
    day = ms // DAY_MS
    rest = np.uint64(ms - day * DAY_MS)
    seconds = rest // np.uint64(1000)
    minutes = seconds // np.uint64(60)
    hours = minutes // np.uint64(60)
    at = put_date(out, at, day)
    out[at] = LETTER_T
    at = put_padded(out, at + 1, hours, 2)
    out[at] = COLON
    at = put_padded(out, at + 1, minutes - hours * np.uint64(60), 2)
    out[at] = COLON
    at = put_padded(out, at + 1, seconds - minutes * np.uint64(60), 2)
    out[at] = DOT
    at = put_padded(out, at + 1, rest - seconds * np.uint64(1000), 3)
    out[at] = LETTER_Z
    return at + 1
