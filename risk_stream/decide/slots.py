"""Slots for the rows of a batch, in one compiled pass."""

import numpy as np

from risk_stream.messages.compiled.order_row import INVALID, WELL_FORMED
from risk_stream.messages.compiled.value_row import FAULT
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import Bytes, Int32s, Int64s, Rows, State
from risk_stream.state.portfolios import find_portfolio


@compiled
def find_slots(state: State, rows: Rows, text: Bytes, step: int, slots: Int32s, absent: Int64s) -> int:
    """Fill in the slots of all orders; how many rows lack one, listed in `absent`. Notes the use of each portfolio."""
    count = 0
    for i in range(rows.shape[0]):
        slots[i] = -1
        row = rows[i]
        if row.status != WELL_FORMED and row.status != INVALID:
            continue
        slot = find_portfolio(state, text, row.portfolio_id_at, row.portfolio_id_len, row.portfolio_h1)
        slots[i] = slot
        if slot == -1:
            absent[count] = i
            count += 1
        else:
            state.portfolios[slot].touched = step
            state.portfolios[slot].touched_ms = np.int64(row.timestamp)
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
        slot = find_portfolio(state, text, row.portfolio_id_at, row.portfolio_id_len, row.portfolio_h1)
        row.slot = np.int32(slot)
        if slot == -1:
            absent[count] = i
            count += 1
        else:
            state.portfolios[slot].touched = step
            state.portfolios[slot].touched_ms = np.int64(row.timestamp)
    return count
