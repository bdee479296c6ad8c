"""The `metrics` of a valuation to rows: an object of numbers, no name twice."""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from risk_stream.messages.compiled.hash128 import hash128_of
from risk_stream.messages.compiled.jit import POINTER, Bytes, compiled, rows_of
from risk_stream.messages.compiled.scan_double import scan_double
from risk_stream.messages.compiled.scan_name import ID_LENGTH_MAX, scan_name
from risk_stream.messages.compiled.scan_positions import CLOSE, COMMA, OPEN, USED
from risk_stream.messages.compiled.scan_text import byte_at, skip_blanks
from risk_stream.messages.compiled.value_row import METRIC_ROW

METRICS_MAX = 64
"""Each name is compared with all before it; a record with more is left to the exact decoder."""

METRICS = rows_of(METRIC_ROW)

Rows = npt.NDArray[np.void]


@compiled(types.boolean, METRICS, types.int64, types.int64)
def is_named_before(metrics: Rows, first: int, last: int) -> bool:
    """Whether the name of row `last` stands in a row from `first` on."""
    metric = metrics[last]
    for i in range(first, last):
        if metrics[i]["h1"] == metric["h1"] and metrics[i]["h2"] == metric["h2"]:
            return True
    return False


@compiled(types.int64, POINTER, types.int64, types.int64, METRICS, USED)
def scan_metrics(text: Bytes, at: int, end: int, metrics: Rows, used: Any) -> int:
    """Read an object into rows from used[1] on, which moves on: the position behind it, -1 when not sure."""
    if byte_at(text, at, end) != OPEN:
        return -1
    first = used[1]
    at = skip_blanks(text, at + 1, end)
    if byte_at(text, at, end) == CLOSE:
        return at + 1
    while True:
        last = used[1]
        if last == metrics.size or last - first == METRICS_MAX:
            return -1
        value_at, behind = scan_name(text, at, end)
        if value_at < 0 or behind == at + 1 or behind - at - 1 > ID_LENGTH_MAX:
            return -1
        metric = metrics[last]
        metric["h1"], metric["h2"] = hash128_of(text, at + 1, behind)
        at, value = scan_double(text, value_at, end)
        metric["value"] = value
        if at < 0 or is_named_before(metrics, first, last):
            return -1
        used[1] = last + 1
        at = skip_blanks(text, at, end)
        separator = byte_at(text, at, end)
        if separator == CLOSE:
            return at + 1
        if separator != COMMA:
            return -1
        at = skip_blanks(text, at + 1, end)
