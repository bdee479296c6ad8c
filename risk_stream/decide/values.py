"""The loop over portfolio-values: valuations and executions, in the order of the log."""

import numpy as np

from risk_stream.decide import results as res
from risk_stream.decide.binding import bind
from risk_stream.decide.results import VIOLATIONS, Results
from risk_stream.decide.standing import evaluate_standing, standing_max
from risk_stream.messages.compiled.value_row import EXECUTION, FAULT
from risk_stream.rules.plan import PlanArrays
from risk_stream.state.chunks import touch
from risk_stream.state.compiled import compiled
from risk_stream.state.executions import is_known_execution, remember_execution
from risk_stream.state.int128 import add, compare, subtract, widen
from risk_stream.state.layout import FREE_COUNT, LEVELS, NONE, Bytes, Rows, State
from risk_stream.state.metrics import add_metric, release_metrics
from risk_stream.state.opens import close_order, find_open, reduce_open
from risk_stream.state.peaks import push_peak
from risk_stream.state.positions import (
    attach,
    clear_snapshot,
    detach,
    find_position,
    own_holding,
    position_for,
    use_position,
)
from risk_stream.state.sectors import change_sector
from risk_stream.state.text import intern


@compiled
def take_value(state: State, slot: int, row: Rows) -> None:
    """Total value and cash flow: the clock, the sums and the peaks."""
    value = row[0]
    portfolio = state.portfolios[slot]
    first = portfolio.tv < 0
    high, low = widen(value.cash_flow)
    high, low = add(portfolio.flow_hi, portfolio.flow_lo, high, low)
    portfolio.flow_hi = high
    portfolio.flow_lo = low
    total_hi, total_lo = widen(value.total)
    portfolio.total_hi = total_hi
    portfolio.total_lo = total_lo
    net_hi, net_lo = subtract(total_hi, total_lo, high, low)
    if first or compare(net_hi, net_lo, portfolio.top_hi, portfolio.top_lo) > 0:
        portfolio.top_hi = net_hi
        portfolio.top_lo = net_lo
    portfolio.tv = value.ts
    if value.has_sequence == 1:
        portfolio.sequence = value.sequence
    push_peak(state, slot, value.ts, net_hi, net_lo)


@compiled
def take_listed(state: State, slot: int, position: int, listed: Rows, text: Bytes) -> None:
    """Quantity, mark and sector of a line of a snapshot."""
    line = listed[0]
    sector = intern(state, text, line.sector_at, line.sector_len)
    detach(state, position)
    held = state.holdings[own_holding(state, position)]
    high, low = widen(line.quantity)
    held.held_hi = high
    held.held_lo = low
    held.snapshot_price = line.price
    held.snapshot_sector = np.int32(change_sector(state, slot, held.snapshot_sector, sector))
    attach(state, position)


@compiled
def take_snapshot(state: State, slot: int, row: Rows, listed: Rows, text: Bytes) -> None:
    """A full snapshot of positions replaces quantities, marks and sectors.

    New symbols come last: until its own line is read, what is held looks idle, and would have to make room for them.
    """
    clear_snapshot(state, slot)
    state.portfolios[slot].snapshot_ts = row[0].ts
    new = 0
    for i in range(row[0].positions_from, row[0].positions_to):
        symbol = intern(state, text, listed[i].symbol_at, listed[i].symbol_len)
        position = find_position(state, slot, symbol)
        if position == -1:
            new += 1
            continue
        use_position(state, position)
        take_listed(state, slot, position, listed[i : i + 1], text)
    if new == 0:
        return
    for i in range(row[0].positions_from, row[0].positions_to):
        symbol = intern(state, text, listed[i].symbol_at, listed[i].symbol_len)
        if find_position(state, slot, symbol) == -1:
            take_listed(state, slot, position_for(state, slot, symbol), listed[i : i + 1], text)


@compiled
def is_late(state: State, slot: int, row: Rows) -> bool:
    """Whether a valuation is older than the last applied one, by ts or by sequence."""
    portfolio = state.portfolios[slot]
    if portfolio.tv >= 0 and row[0].ts < portfolio.tv:
        return True
    return row[0].has_sequence == 1 and portfolio.sequence != NONE and row[0].sequence <= portfolio.sequence


@compiled
def apply_valuation(
    state: State,
    plan: PlanArrays,
    slot: int,
    record: int,
    row: Rows,
    listed: Rows,
    metrics: Rows,
    text: Bytes,
    seen: Rows,
    results: Results,
) -> int:
    """Apply a valuation and evaluate the standing limits; IGNORED when it is late."""
    if is_late(state, slot, row):
        return res.IGNORED
    portfolio = state.portfolios[slot]
    take_value(state, slot, row)
    if row[0].positions_from != -1:
        take_snapshot(state, slot, row, listed, text)
    release_metrics(state, slot)
    for i in range(row[0].metrics_from, row[0].metrics_to):
        add_metric(state, slot, metrics[i].h1, metrics[i].h2, metrics[i].value)
    portfolio.value_offset = row[0].offset
    evaluate_standing(state, plan, slot, record, seen, results)
    return res.APPLIED


@compiled
def move_position(state: State, slot: int, row: Rows, text: Bytes) -> None:
    """A fill later than the last snapshot moves the position and marks the symbol."""
    fill = row[0]
    symbol = intern(state, text, fill.symbol_at, fill.symbol_len)
    position = position_for(state, slot, symbol)
    detach(state, position)
    held = state.holdings[own_holding(state, position)]
    high, low = widen(fill.quantity if fill.side == 0 else -fill.quantity)
    high, low = add(held.held_hi, held.held_lo, high, low)
    held.held_hi = high
    held.held_lo = low
    held.fill_price = fill.price
    attach(state, position)


@compiled
def apply_execution(state: State, slot: int, row: Rows, text: Bytes) -> int:
    """Apply an execution: position, open quantity, and whether it fits the order."""
    execution = row[0]
    portfolio = state.portfolios[slot]
    if is_known_execution(state, slot, execution.execution_h1, execution.execution_h2):
        return res.REPEATED
    remember_execution(state, slot, execution.execution_h1, execution.execution_h2)
    portfolio.value_offset = execution.offset
    if execution.fills == 1 and execution.ts > portfolio.snapshot_ts:
        move_position(state, slot, row, text)
    entry = find_open(state, slot, execution.order_h1, execution.order_h2)
    if entry == -1:
        return res.UNKNOWN_ORDER if execution.fills == 1 else res.APPLIED
    remaining = state.opens[entry].remaining
    if execution.closes == 1 or execution.quantity >= remaining:
        close_order(state, slot, entry)
    else:
        reduce_open(state, slot, entry, execution.quantity)
    return res.OVERFILL if execution.fills == 1 and execution.quantity > remaining else res.APPLIED


@compiled
def apply_values(
    state: State,
    plan: PlanArrays,
    rows: Rows,
    listed: Rows,
    metrics: Rows,
    text: Bytes,
    first: int,
    seen: Rows,
    results: Results,
) -> int:
    """Apply rows `first` on; the first row for which room may lack (violations, levels), or their number."""
    for i in range(first, rows.shape[0]):
        row = rows[i]
        if row.type == FAULT:
            row.status = np.int8(res.FAULTY)
            continue
        slot = row.slot
        bind(state, plan, slot)
        if row.type == EXECUTION:
            row.status = np.int8(apply_execution(state, slot, rows[i : i + 1], text))
        else:
            room = standing_max(state, plan, slot, row.positions_to - row.positions_from)
            if results.count[VIOLATIONS] + room > results.violations.shape[0] or state.free[LEVELS, FREE_COUNT] < room:
                return i
            row.status = np.int8(
                apply_valuation(state, plan, slot, i, rows[i : i + 1], listed, metrics, text, seen, results)
            )
        if row.status != res.IGNORED and row.status != res.REPEATED:
            touch(state, slot)
    return rows.shape[0]
