"""The `positions` of a valuation to rows: a list of objects of four fields, no symbol twice."""

from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from numba import types

from risk_stream.messages.compiled import scan_field as fields
from risk_stream.messages.compiled.hash128 import hash128_of
from risk_stream.messages.compiled.jit import POINTER, Bytes, compiled, rows_of
from risk_stream.messages.compiled.scan import equal_bytes
from risk_stream.messages.compiled.scan_name import scan_id
from risk_stream.messages.compiled.scan_number import scan_decimal
from risk_stream.messages.compiled.scan_order import scan_key
from risk_stream.messages.compiled.scan_signed import scan_quantity
from risk_stream.messages.compiled.scan_text import NULL_FIRST, byte_at, skip_blanks, skip_null, skip_scalar
from risk_stream.messages.compiled.value_row import POSITION_ROW

OPEN = ord("{")
CLOSE = ord("}")
LIST_OPEN = ord("[")
LIST_CLOSE = ord("]")
COMMA = ord(",")

REQUIRED_BITS = 1 << fields.SYMBOL | 1 << fields.QUANTITY | 1 << fields.PRICE

POSITION = numba.from_dtype(POSITION_ROW)
LISTED = rows_of(POSITION_ROW)
TABLE = types.Array(types.int32, 1, "C")
USED = types.Array(types.int64, 1, "C")

Rows = npt.NDArray[np.void]


@compiled(types.boolean, types.int64, inline=True)
def is_position_field(field: int) -> bool:
    """Whether it is one of the four."""
    return bool(field in (fields.SYMBOL, fields.QUANTITY, fields.PRICE, fields.SECTOR))


@compiled(types.int64, POSITION, types.int64, POINTER, types.int64, types.int64)
def scan_position_field(position: Any, field: int, text: Bytes, at: int, end: int) -> int:
    """Read the value of one of the four into the row: the position behind it, -1 when not sure."""
    if field == fields.QUANTITY:
        behind, value = scan_quantity(text, at, end)
        position["quantity"] = value
        return behind
    if field == fields.PRICE:
        behind, value = scan_decimal(text, at, end)
        position["price"] = value
        return behind
    behind = scan_id(text, at, end)
    if behind < 0:
        return -1
    if field == fields.SYMBOL:
        position["symbol_at"] = at + 1
        position["symbol_len"] = behind - at - 2
    else:
        position["sector_at"] = at + 1
        position["sector_len"] = behind - at - 2
    return behind


@compiled(types.int64, POSITION, POINTER, types.int64, types.int64)
def scan_position(position: Any, text: Bytes, at: int, end: int) -> int:
    """Read one line of the snapshot into a zeroed row: the position behind it, -1 when not sure."""
    if byte_at(text, at, end) != OPEN:
        return -1
    seen = 0
    present = 0
    while True:
        at, field = scan_key(text, skip_blanks(text, at + 1, end), end)
        if at < 0:
            return -1
        if not is_position_field(field):
            at = skip_scalar(text, at, end)
        else:
            bit = 1 << field
            if seen & bit:
                return -1
            seen |= bit
            if byte_at(text, at, end) == NULL_FIRST:
                at = skip_null(text, at, end)
            else:
                present |= bit
                at = scan_position_field(position, field, text, at, end)
        if at < 0:
            return -1
        at = skip_blanks(text, at, end)
        separator = byte_at(text, at, end)
        if separator == CLOSE:
            return at + 1 if present & REQUIRED_BITS == REQUIRED_BITS else -1
        if separator != COMMA:
            return -1


@compiled(types.boolean, LISTED, types.int64, types.int64, POINTER, TABLE)
def is_repeated(listed: Rows, first: int, last: int, text: Bytes, table: Any) -> bool:
    """Whether the symbol of row `last` stands in a row from `first` on; if not, it is put into the hash table.

    The table holds numbers of rows plus 1. Those of earlier records are at most `first` and count as empty, so it is
    never cleared; it has twice as many places as there can be rows.
    """
    position = listed[last]
    at = int(position["symbol_at"])
    length = int(position["symbol_len"])
    h1, _ = hash128_of(text, at, at + length)
    mask = np.int64(table.size - 1)
    place = np.int64(h1) & mask
    while table[place] > first:
        other = listed[table[place] - 1]
        if other["symbol_len"] == length and equal_bytes(text, other["symbol_at"], at, length):
            return True
        place = (place + 1) & mask
    table[place] = np.int32(last + 1)
    return False


@compiled(types.int64, POINTER, types.int64, types.int64, LISTED, TABLE, USED)
def scan_positions(text: Bytes, at: int, end: int, listed: Rows, table: Any, used: Any) -> int:
    """Read a list into rows from used[0] on, which moves on: the position behind it, -1 when not sure.

    What a list that was given up has written stays behind: no row is used twice.
    """
    if byte_at(text, at, end) != LIST_OPEN:
        return -1
    first = used[0]
    at = skip_blanks(text, at + 1, end)
    if byte_at(text, at, end) == LIST_CLOSE:
        return at + 1
    while True:
        last = used[0]
        if last == listed.size:
            return -1
        used[0] = last + 1
        at = scan_position(listed[last], text, at, end)
        if at < 0 or is_repeated(listed, first, last, text, table):
            return -1
        at = skip_blanks(text, at, end)
        separator = byte_at(text, at, end)
        if separator == LIST_CLOSE:
            return at + 1
        if separator != COMMA:
            return -1
        at = skip_blanks(text, at + 1, end)
