"""Slots for the rows of a batch, in one compiled pass."""

from typing import Any

import numpy as np

from risk_stream.messages.compiled.order_row import INVALID, WELL_FORMED
from risk_stream.messages.compiled.value_row import FAULT
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import Bytes, Int32s, Int64s, Rows, State
from risk_stream.state.portfolios import find_portfolio


@compiled
def find_used(state: State, row: Any, text: Bytes, step: int) -> int:
    """The slot of a row's portfolio, whose use it notes; -1 when it is not resident."""
    slot = find_portfolio(state, text, row.portfolio_id_at, row.portfolio_id_len, row.portfolio_h1)
    if slot != -1:
        state.portfolios[slot].touched = step
        state.portfolios[slot].touched_ms = np.int64(row.timestamp)
    return slot


@compiled
def find_slots(state: State, rows: Rows, text: Bytes, step: int, slots: Int32s, absent: Int64s) -> int:
    """Fill in the slots of all orders; how many rows lack one, listed in `absent`. Notes the use of each portfolio."""
    count = 0
    for i in range(rows.shape[0]):
        slots[i] = -1
        row = rows[i]
        if row.status != WELL_FORMED and row.status != INVALID:
            continue
        slots[i] = find_used(state, row, text, step)
        if slots[i] == -1:
            absent[count] = i
            count += 1
    return count


@compiled
def find_value_slots(state: State, rows: Rows, text: Bytes, step: int, absent: Int64s) -> int:
    """As `find_slots`, for a batch of values: the slot stands in the row."""
    count = 0
    for i in range(rows.shape[0]):
        row = rows[i]
        row.slot = np.int32(-1)
        if row.type == FAULT:
            continue
        row.slot = np.int32(find_used(state, row, text, step))
        if row.slot == -1:
            absent[count] = i
            count += 1
    return count
