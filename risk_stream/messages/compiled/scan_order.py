"""One order from JSON to a row, or the answer that the exact decoder must have a look.

A fast path over a strict subset (DESIGN: decode in compiled code): plain ASCII, each known key at most once, plain
numbers. Whatever is not surely a well-formed order is refused here, valid or not; no error is ever worded here.
"""

from typing import Any

import numba
import numpy as np
from numba import types

from risk_stream.messages.compiled import scan_field as fields
from risk_stream.messages.compiled.jit import POINTER, Bytes, compiled, pair_of
from risk_stream.messages.compiled.order_row import BUY, ORDER_ROW, SELL
from risk_stream.messages.compiled.scan_field import field_of, word_at
from risk_stream.messages.compiled.scan_name import scan_id, scan_name
from risk_stream.messages.compiled.scan_number import scan_decimal
from risk_stream.messages.compiled.scan_text import (
    NULL_FIRST,
    byte_at,
    skip_blanks,
    skip_null,
    skip_scalar,
)
from risk_stream.messages.compiled.scan_time import scan_time

OPEN = ord("{")
CLOSE = ord("}")
COMMA = ord(",")

PRICE_BIT = 1 << fields.PRICE
REQUIRED_BITS = (
    1 << fields.ORDER_ID | 1 << fields.PORTFOLIO_ID | 1 << fields.SYMBOL | 1 << fields.SIDE | 1 << fields.QUANTITY
)
TS_BIT = 1 << fields.TS

ROW = numba.from_dtype(ORDER_ROW)


@compiled(types.void, ROW, types.int64, types.int64, types.int64)
def put_text(row: Any, field: int, at: int, length: int) -> None:
    """Note where the string of a text field stands."""
    if field == fields.ORDER_ID:
        row["order_id_at"] = at
        row["order_id_len"] = length
    elif field == fields.PORTFOLIO_ID:
        row["portfolio_id_at"] = at
        row["portfolio_id_len"] = length
    elif field == fields.SYMBOL:
        row["symbol_at"] = at
        row["symbol_len"] = length
    elif field == fields.SECTOR:
        row["sector_at"] = at
        row["sector_len"] = length
    elif field == fields.STRATEGY_ID:
        row["strategy_id_at"] = at
        row["strategy_id_len"] = length
    else:
        row["trader_id_at"] = at
        row["trader_id_len"] = length


@compiled(types.boolean, ROW, types.int64, types.uint64, types.int64)
def put_choice(row: Any, field: int, word: np.uint64, length: int) -> bool:
    """Set side or order type from its spelling; False when it is none of the contract's."""
    if field == fields.SIDE:
        if length == 3 and word == fields.BUY_WORD:
            row["side"] = BUY
        elif length == 4 and word == fields.SELL_WORD:
            row["side"] = SELL
        else:
            return False
        return True
    if length == 6 and word == fields.MARKET_WORD:
        row["market"] = 1
        return True
    return bool(length == 5 and word == fields.LIMIT_WORD)


@compiled(types.int64, ROW, types.int64, POINTER, types.int64, types.int64)
def scan_value(row: Any, field: int, text: Bytes, at: int, end: int) -> int:
    """Read the value of a known field into the row: the position behind it, -1 when not sure."""
    if field == fields.TS:
        behind, value = scan_time(text, at, end)
        row["ts"] = value
        return behind
    if fields.QUANTITY <= field <= fields.REFERENCE_PRICE:
        behind, value = scan_decimal(text, at, end)
        if field == fields.QUANTITY:
            row["quantity"] = value
        elif field == fields.PRICE:
            row["price"] = value
            row["has_price"] = 1
        else:
            row["reference"] = value
            row["has_reference"] = 1
        return behind
    behind = scan_id(text, at, end)
    if behind < 0:
        return -1
    at += 1
    length = behind - 1 - at
    if field <= fields.TRADER_ID:
        put_text(row, field, at, length)
    elif not put_choice(row, field, word_at(text, at, length, end), length):
        return -1
    return behind


@compiled(pair_of(types.int64, types.int64), POINTER, types.int64, types.int64)
def scan_key(text: Bytes, at: int, end: int) -> tuple[int, int]:
    """The position of the value behind `"key":` (-1: not sure) and the field that the key names."""
    value_at, behind = scan_name(text, at, end)
    if value_at < 0:
        return -1, fields.UNKNOWN
    return value_at, field_of(text, at + 1, behind - at - 1, end)


@compiled(types.int64, ROW, POINTER, types.int64, types.int64)
def scan_members(row: Any, text: Bytes, start: int, end: int) -> int:
    """Read text[start:end] into the row; the bits of the fields that have a value, 0 when not sure."""
    at = skip_blanks(text, start, end)
    if byte_at(text, at, end) != OPEN:
        return 0
    seen = 0
    present = 0
    while True:
        at, field = scan_key(text, skip_blanks(text, at + 1, end), end)
        if at < 0:
            return 0
        if field == fields.UNKNOWN:
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
                at = scan_value(row, field, text, at, end)
        if at < 0:
            return 0
        at = skip_blanks(text, at, end)
        separator = byte_at(text, at, end)
        if separator == CLOSE:
            return present if skip_blanks(text, at + 1, end) == end else 0
        if separator != COMMA:
            return 0


@compiled(types.boolean, ROW, POINTER, types.int64, types.int64)
def scan_order(row: Any, text: Bytes, start: int, end: int) -> bool:
    """Fill a zeroed row (with its record's timestamp) from text[start:end]; False when not surely well-formed."""
    present = scan_members(row, text, start, end)
    if present & REQUIRED_BITS != REQUIRED_BITS:
        return False
    if row["market"] == 1:
        row["has_price"] = 0
        row["price"] = 0
    elif not present & PRICE_BIT:
        return False
    if not present & TS_BIT:
        row["ts"] = row["timestamp"]
    return True
