"""The context of an order: its price, its symbol's position and sector, the position value after it."""

import numpy as np

from risk_stream.messages.compiled.hash128 import hash128
from risk_stream.messages.compiled.order_row import WELL_FORMED
from risk_stream.rules import plan as pl
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.compiled import compiled
from risk_stream.state.int128 import (
    PRODUCT_TO_MONEY,
    add,
    compare,
    magnitude,
    multiply_divide,
    negate,
    widen,
)
from risk_stream.state.layout import Bytes, Int32s, Rows, State
from risk_stream.state.positions import (
    find_position,
    held_and_open,
    mark_of,
    name_order_sector,
    position_for,
    sector_of,
)
from risk_stream.state.text import intern


@compiled
def is_strictly_reducing(state: State, position: int, side: int, quantity: int) -> bool:
    """Held quantity of the opposite sign, and order plus open quantity in its direction <= |held|: never a flip."""
    if position == -1:
        return False
    held = state.holdings[state.positions[position].holding]
    if held.held_hi == 0 and held.held_lo == np.uint64(0):
        return False
    if (held.held_hi < 0) != (side == 0):
        return False
    high, low = widen(quantity)
    high, low = add(high, low, held.open_hi[side], held.open_lo[side])
    held_hi, held_lo = magnitude(held.held_hi, held.held_lo)
    return compare(high, low, held_hi, held_lo) <= 0


@compiled
def learn_names(state: State, rows: Rows, text: Bytes, symbols: Int32s, sectors: Int32s) -> None:
    """Intern the symbols and sectors of well-formed orders; -1 for a sector that is absent."""
    for i in range(rows.shape[0]):
        row = rows[i]
        if row.status == WELL_FORMED:
            symbols[i] = intern(state, text, row.symbol_at, row.symbol_len)
            sectors[i] = intern(state, text, row.sector_at, row.sector_len)


@compiled
def learn_symbol(state: State, symbol: int, named: int, slot: int, context: Rows) -> None:
    """Find the symbol's position and sector; remember the sector that the order names (-1: none)."""
    known = context[0]
    known.symbol_h1 = state.strings[symbol].h1
    known.symbol_h2 = state.strings[symbol].h2
    if named != -1:
        position = position_for(state, slot, symbol)
        name_order_sector(state, position, named)
    else:
        position = find_position(state, slot, symbol)
    known.position = np.int32(position)
    known.sector = sector_of(state, position) if position != -1 else np.int32(-1)
    if known.sector != -1:
        known.sector_h1 = state.strings[known.sector].h1
        known.sector_h2 = state.strings[known.sector].h2


@compiled
def learn_people(plan: PlanArrays, row: Rows, text: Bytes, context: Rows) -> None:
    """Hash strategy and trader, when a limit is scoped to one."""
    order = row[0]
    known = context[0]
    known.has_strategy = np.int8(0)
    known.has_trader = np.int8(0)
    if plan.header[pl.NAMES_PEOPLE] == 0:
        return
    if order.strategy_id_len > 0:
        known.has_strategy = np.int8(1)
        h1, h2 = hash128(text, order.strategy_id_at, order.strategy_id_at + order.strategy_id_len)
        known.strategy_h1 = h1
        known.strategy_h2 = h2
    if order.trader_id_len > 0:
        known.has_trader = np.int8(1)
        h1, h2 = hash128(text, order.trader_id_at, order.trader_id_at + order.trader_id_len)
        known.trader_h1 = h1
        known.trader_h2 = h2


@compiled
def learn_prices(state: State, row: Rows, context: Rows) -> None:
    """The order price and the collar's reference (see Prices in the contract)."""
    order = row[0]
    known = context[0]
    known.market = order.market
    known.limit_price = order.price if order.market == 0 else np.int64(0)
    known.reference = order.reference if order.has_reference == 1 else np.int64(0)
    if order.market == 0:
        known.price = order.price
    elif order.has_reference == 1:
        known.price = order.reference
    elif known.position != -1:
        known.price = mark_of(state, known.position)
    else:
        known.price = np.int64(0)
    if known.reference == 0 and known.position != -1:
        known.reference = state.holdings[state.positions[known.position].holding].snapshot_price


@compiled
def learn_values(state: State, context: Rows) -> None:
    """Notional and position value after the order: (held + open in its direction) x mark + signed notional."""
    known = context[0]
    if known.price == 0:
        return
    high, low = widen(known.quantity)
    high, low = multiply_divide(high, low, known.price, PRODUCT_TO_MONEY)
    known.notional_hi = high
    known.notional_lo = low
    if known.side == 1:
        high, low = negate(high, low)
    if known.position != -1:
        mark = mark_of(state, known.position)
        quantity_hi, quantity_lo = held_and_open(state, known.position, known.side)
        value_hi, value_lo = multiply_divide(
            quantity_hi, quantity_lo, mark if mark != 0 else known.price, PRODUCT_TO_MONEY
        )
        high, low = add(high, low, value_hi, value_lo)
    known.after_hi = high
    known.after_lo = low
