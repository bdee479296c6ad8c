"""One valuation or execution from JSON to a row, or the answer that the exact decoder must have a look.

As strict as scan_order.py, and for the same reason: whatever is not surely well-formed is refused here, valid or not.
A field of the contract that the record's type does not have must be spelt as usual all the same.
"""

from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from numba import types

from risk_stream.messages.compiled import scan_value_field as fields
from risk_stream.messages.compiled.hash128 import hash128_of
from risk_stream.messages.compiled.jit import POINTER, Bytes, compiled
from risk_stream.messages.compiled.scan_field import UNKNOWN
from risk_stream.messages.compiled.scan_metrics import METRICS, scan_metrics
from risk_stream.messages.compiled.scan_name import scan_id, scan_name
from risk_stream.messages.compiled.scan_number import scan_integer
from risk_stream.messages.compiled.scan_positions import CLOSE, COMMA, LISTED, OPEN, TABLE, USED, scan_positions
from risk_stream.messages.compiled.scan_signed import scan_money, scan_quantity
from risk_stream.messages.compiled.scan_text import NULL_FIRST, byte_at, skip_blanks, skip_null, skip_scalar
from risk_stream.messages.compiled.scan_time import scan_time
from risk_stream.messages.compiled.scan_value_field import value_field_of, value_word_of
from risk_stream.messages.compiled.value_row import EXECUTION, VALUE_ROW

TS_BIT = 1 << fields.TS
POSITIONS_BIT = 1 << fields.POSITIONS
FILL_BITS = 1 << fields.LAST_QUANTITY | 1 << fields.LAST_PRICE
VALUATION_BITS = 1 << fields.PORTFOLIO_ID | 1 << fields.TOTAL_VALUE
EXECUTION_BITS = (
    1 << fields.PORTFOLIO_ID
    | 1 << fields.ORDER_ID
    | 1 << fields.EXECUTION_ID
    | 1 << fields.STATUS
    | 1 << fields.SYMBOL
    | 1 << fields.SIDE
)

ROW = numba.from_dtype(VALUE_ROW)

Rows = npt.NDArray[np.void]


@compiled(types.void, ROW, types.int64, POINTER, types.int64, types.int64)
def put_id(row: Any, field: int, text: Bytes, start: int, end: int) -> None:
    """Note an id: where it stands, or its hash."""
    if field == fields.PORTFOLIO_ID:
        row["portfolio_id_at"] = start
        row["portfolio_id_len"] = end - start
    elif field == fields.SYMBOL:
        row["symbol_at"] = start
        row["symbol_len"] = end - start
    elif field == fields.ORDER_ID:
        row["order_h1"], row["order_h2"] = hash128_of(text, start, end)
    else:
        row["execution_h1"], row["execution_h2"] = hash128_of(text, start, end)


@compiled(types.boolean, ROW, types.int64, types.int64)
def put_word(row: Any, field: int, word: int) -> bool:
    """Set type, side or status from its word; False when it is none of the contract's for that field."""
    if word >= fields.STATUS_FIRST:
        row["fills"] = word in (fields.PARTIALLY_FILLED, fields.FILLED)
        row["closes"] = word != fields.PARTIALLY_FILLED
        return bool(field == fields.STATUS)
    if word >= fields.SIDE_FIRST:
        row["side"] = word - fields.SIDE_FIRST
        return bool(field == fields.SIDE)
    row["type"] = word
    return bool(field == fields.TYPE and word != UNKNOWN)


@compiled(types.int64, ROW, types.int64, POINTER, types.int64, types.int64)
def scan_scalar(row: Any, field: int, text: Bytes, at: int, end: int) -> int:
    """Read the value of a known field into the row: the position behind it, -1 when not sure."""
    if field <= fields.STATUS:
        behind = scan_id(text, at, end)
        if behind < 0:
            return -1
        if field <= fields.SYMBOL:
            put_id(row, field, text, at + 1, behind - 1)
        elif not put_word(row, field, value_word_of(text, at + 1, behind - at - 2, end)):
            return -1
        return behind
    if field <= fields.LAST_PRICE:
        behind, value = scan_quantity(text, at, end)
        if field == fields.LAST_QUANTITY:
            row["quantity"] = value
        else:
            row["price"] = value
    elif field <= fields.CASH_FLOW:
        behind, value = scan_money(text, at, end)
        if field == fields.TOTAL_VALUE:
            row["total"] = value
        else:
            row["cash_flow"] = value
    elif field == fields.SEQUENCE:
        behind, value = scan_integer(text, at, end)
        row["sequence"] = value
        row["has_sequence"] = 1
    else:
        behind, value = scan_time(text, at, end)
        row["ts"] = value
    return behind


@compiled(types.int64, ROW, types.int64, POINTER, types.int64, types.int64, LISTED, METRICS, TABLE, USED)
def scan_list(
    row: Any, field: int, text: Bytes, at: int, end: int, listed: Rows, metrics: Rows, table: Any, used: Any
) -> int:
    """Read `positions` or `metrics` into rows of their own."""
    if field == fields.POSITIONS:
        row["positions_from"] = used[0]
        at = scan_positions(text, at, end, listed, table, used)
        row["positions_to"] = used[0]
    else:
        row["metrics_from"] = used[1]
        at = scan_metrics(text, at, end, metrics, used)
        row["metrics_to"] = used[1]
    return at


@compiled(types.int64, ROW, POINTER, types.int64, types.int64, LISTED, METRICS, TABLE, USED)
def scan_members(
    row: Any, text: Bytes, start: int, end: int, listed: Rows, metrics: Rows, table: Any, used: Any
) -> int:
    """Read text[start:end] into the row; the bits of the fields that have a value, 0 when not sure."""
    at = skip_blanks(text, start, end)
    if byte_at(text, at, end) != OPEN:
        return 0
    seen = 0
    present = 0
    while True:
        name = skip_blanks(text, at + 1, end)
        at, behind = scan_name(text, name, end)
        if at < 0:
            return 0
        field = value_field_of(text, name + 1, behind - name - 1, end)
        if field == UNKNOWN:
            at = skip_scalar(text, at, end)
        else:
            bit = 1 << field
            if seen & bit:
                return 0
            seen |= bit
            if byte_at(text, at, end) == NULL_FIRST:
                at = skip_null(text, at, end)
            else:
                present |= bit
                if field < fields.POSITIONS:
                    at = scan_scalar(row, field, text, at, end)
                else:
                    at = scan_list(row, field, text, at, end, listed, metrics, table, used)
        if at < 0:
            return 0
        at = skip_blanks(text, at, end)
        separator = byte_at(text, at, end)
        if separator == CLOSE:
            return present if skip_blanks(text, at + 1, end) == end else 0
        if separator != COMMA:
            return 0


@compiled(types.boolean, ROW, types.int64)
def is_execution(row: Any, present: int) -> bool:
    """Whether a row has what an execution must have; what is no fill has no quantity and no price."""
    if present & EXECUTION_BITS != EXECUTION_BITS:
        return False
    if row["fills"] == 0:
        row["quantity"] = 0
        row["price"] = 0
        return True
    return bool(present & FILL_BITS == FILL_BITS and row["quantity"] > 0 and row["price"] > 0)


@compiled(types.boolean, ROW, POINTER, types.int64, types.int64, LISTED, METRICS, TABLE, USED)
def scan_value(row: Any, text: Bytes, start: int, end: int, listed: Rows, metrics: Rows, table: Any, used: Any) -> bool:
    """Fill a zeroed row (with its record's timestamp) from text[start:end]; False when not surely well-formed."""
    present = scan_members(row, text, start, end, listed, metrics, table, used)
    if row["type"] == EXECUTION:
        if not is_execution(row, present):
            return False
    elif present & VALUATION_BITS != VALUATION_BITS:
        return False
    if not present & POSITIONS_BIT:
        row["positions_from"] = -1
        row["positions_to"] = -1
    if not present & TS_BIT:
        row["ts"] = row["timestamp"]
    return True
