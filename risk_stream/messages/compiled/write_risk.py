"""The risk pictures of a step as JSON payloads, in one compiled pass. Twin of `encode_portfolio_risk`."""

from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from numba import types

from risk_stream.messages.compiled.encode_decision import LEFT_OUT
from risk_stream.messages.compiled.encode_value import AT_SIGN, put_position, put_utilisation
from risk_stream.messages.compiled.jit import BUFFER, POINTER, TEXT, Bytes, compiled, pair_of, rows_of
from risk_stream.messages.compiled.pool import pool_of
from risk_stream.messages.compiled.risk_row import RISK_ROW, WINDOWS
from risk_stream.messages.compiled.scan_text import QUOTE
from risk_stream.messages.compiled.write_double import DOUBLE_BYTES_MAX, is_writable
from risk_stream.messages.compiled.write_number import SCALED_BYTES_MAX, UNSIGNED_BYTES_MAX, put_integer, put_scaled
from risk_stream.messages.compiled.write_text import put_escaped
from risk_stream.messages.compiled.write_time import TIME_BYTES, is_writable_time, put_time
from risk_stream.messages.money import MONEY_DIGITS

NDInt64 = npt.NDArray[np.int64]
Rows = npt.NDArray[np.void]

FIXED_TEXTS = (
    '{"type":"PORTFOLIO_RISK","portfolio_id":"',
    '","total_value":',
    ',"peaks":{"P1D":',
    ',"P7D":',
    ',"P30D":',
    ',"TOTAL":',
    '},"drawdowns":{"P1D":',
    '},"gross_exposure":',
    ',"net_exposure":',
    ',"open_orders":',
    ',"trading_state":"',
    '","inputs":{"value":"',
    '","controls":',
    '},"ts":"',
    '"}',
    "null",
    "ACTIVE",
    "REDUCING",
    "HALTED",
)
FIXED_TEXT, FIXED_STARTS = pool_of(FIXED_TEXTS)
TOTAL_VALUE = FIXED_TEXTS.index('","total_value":')
FIRST_PEAK = FIXED_TEXTS.index(',"peaks":{"P1D":')
SECOND_WINDOW = FIXED_TEXTS.index(',"P7D":')
FIRST_DRAWDOWN = FIXED_TEXTS.index('},"drawdowns":{"P1D":')
GROSS = FIXED_TEXTS.index('},"gross_exposure":')
NET = FIXED_TEXTS.index(',"net_exposure":')
OPEN_ORDERS = FIXED_TEXTS.index(',"open_orders":')
STATE_NAME = FIXED_TEXTS.index(',"trading_state":"')
VALUE = FIXED_TEXTS.index('","inputs":{"value":"')
CONTROLS = FIXED_TEXTS.index('","controls":')
TS = FIXED_TEXTS.index('},"ts":"')
END = FIXED_TEXTS.index('"}')
NULL = FIXED_TEXTS.index("null")
STATE = FIXED_TEXTS.index("ACTIVE")

SUMS = WINDOWS + 3
INTEGERS = 4
RISK_BYTES_MAX = (
    2 * int(FIXED_STARTS[-1])  # the windows' names come twice, the states are left out
    + SUMS * (SCALED_BYTES_MAX + 2)
    + WINDOWS * (DOUBLE_BYTES_MAX + 2)
    + INTEGERS * (UNSIGNED_BYTES_MAX + 1)
    + TIME_BYTES
)
"""All but the portfolio's id."""

RISK = numba.from_dtype(RISK_ROW)


@compiled(types.int64, POINTER, types.int64, types.int64, inline=True)
def put_fixed(out: Bytes, at: int, number: int) -> int:
    """One of the fixed texts."""
    start = FIXED_STARTS[number]
    length = FIXED_STARTS[number + 1] - start
    for i in range(length):
        out[at + i] = FIXED_TEXT[start + i]
    return at + int(length)


@compiled(types.boolean, RISK)
def is_risk_encodable(risk: Any) -> bool:
    """Whether all numbers are within what compiled code writes exactly."""
    for window in range(WINDOWS):
        fall = risk["drawdown"][window]
        if not (np.isnan(fall) or is_writable(fall)):
            return False
    return bool(is_writable_time(risk["ts"]))


@compiled(types.int64, POINTER, types.int64, RISK, types.int64, types.uint64)
def put_sum(out: Bytes, at: int, risk: Any, high: int, low: np.uint64) -> int:
    """Money as a JSON string, null before the first valuation."""
    if risk["valued"] == 0:
        return put_fixed(out, at, NULL)
    out[at] = QUOTE
    at = put_scaled(out, at + 1, high, low, MONEY_DIGITS)
    out[at] = QUOTE
    return at + 1


@compiled(types.int64, POINTER, types.int64, RISK)
def put_windows(out: Bytes, at: int, risk: Any) -> int:
    """Peaks and drawdowns."""
    for window in range(WINDOWS):
        at = put_fixed(out, at, FIRST_PEAK if window == 0 else SECOND_WINDOW + window - 1)
        at = put_sum(out, at, risk, risk["peak_hi"][window], risk["peak_lo"][window])
    for window in range(WINDOWS):
        at = put_fixed(out, at, FIRST_DRAWDOWN if window == 0 else SECOND_WINDOW + window - 1)
        at = put_utilisation(out, at, np.nan if risk["valued"] == 0 else risk["drawdown"][window])
    return at


@compiled(types.int64, POINTER, types.int64, RISK, POINTER, types.int64, types.int64)
def put_risk(out: Bytes, at: int, risk: Any, text: Bytes, partition: int, controls: int) -> int:
    """One payload."""
    at = put_fixed(out, at, 0)
    at = put_escaped(out, at, text, risk["portfolio_id_at"], risk["portfolio_id_len"])
    at = put_fixed(out, at, TOTAL_VALUE)
    at = put_sum(out, at, risk, risk["total_hi"], risk["total_lo"])
    at = put_windows(out, at, risk)
    at = put_fixed(out, at, GROSS)
    at = put_sum(out, at, risk, risk["gross_hi"], risk["gross_lo"])
    at = put_fixed(out, at, NET)
    at = put_sum(out, at, risk, risk["net_hi"], risk["net_lo"])
    at = put_fixed(out, at, OPEN_ORDERS)
    at = put_integer(out, at, risk["open_count"])
    at = put_fixed(out, at, STATE_NAME)
    at = put_fixed(out, at, STATE + int(risk["trading_state"]))
    at = put_fixed(out, at, VALUE)
    at = put_position(out, at, partition, AT_SIGN, risk["value_offset"])
    at = put_fixed(out, at, CONTROLS)
    at = put_integer(out, at, controls)
    at = put_fixed(out, at, TS)
    at = put_time(out, at, risk["ts"])
    return put_fixed(out, at, END)


@compiled(
    pair_of(types.int64, types.int64),
    BUFFER,
    rows_of(RISK_ROW, readonly=True),
    TEXT,
    types.int64,
    types.int64,
    types.Array(types.int64, 1, "C"),
    types.Array(types.int64, 1, "C"),
)
def write_risks(
    buffer: Bytes, risks: Rows, ids: Bytes, partition: int, controls: int, starts: NDInt64, ends: NDInt64
) -> tuple[int, int]:
    """Write the payload of row i to buffer[starts[i]:ends[i]]; the position behind the last, and how many are left out.

    ends[i] is LEFT_OUT for those, which are left to the reference.
    """
    out: Any = buffer.ctypes
    text: Any = ids.ctypes
    at = 0
    left_out = risks.size
    for i in range(risks.size):
        starts[i] = at
        ends[i] = LEFT_OUT
        if is_risk_encodable(risks[i]):
            at = put_risk(out, at, risks[i], text, partition, controls)
            ends[i] = at
            left_out -= 1
    return at, left_out
