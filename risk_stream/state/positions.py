"""What a portfolio holds and has open, symbol by symbol, with the sums over all symbols kept up to date.

A symbol's *mark*: its price in the last snapshot, else that of its last fill later than that snapshot, else the order
price of its last approved order that had one. Around every change of a position stand `detach` and `attach`: they keep
the portfolio's sums, so that GROSS and NET, of an order and of what is held, cost O(1) and not O(symbols).
"""

import numpy as np

from risk_stream.state.arena import release, take
from risk_stream.state.chunks import touch
from risk_stream.state.compiled import compiled
from risk_stream.state.int128 import PRODUCT_TO_MONEY, add, compare, magnitude, multiply_divide, subtract
from risk_stream.state.layout import BY_POSITION, HOLDINGS, MEMOS_KEPT, MEMOS_MAX, NOTHING, POSITIONS, State
from risk_stream.state.sectors import change_sector, leave_sector, sector_name
from risk_stream.state.table import insert, mix, ref_at, remove, seek, tag_of

U0 = np.uint64(0)


@compiled
def position_key(slot: int, symbol: int) -> np.uint64:
    """Table key of a position."""
    return mix(np.uint64(slot), np.uint64(symbol))


@compiled
def find_position(state: State, slot: int, symbol: int) -> int:
    """The position of a symbol; -1 when nothing is remembered of it."""
    key = position_key(slot, symbol)
    places = state.places(BY_POSITION)
    tag = tag_of(key)
    at = seek(places, tag, tag)
    while at != -1:
        position = ref_at(places, at)
        known = state.positions[position]
        if known.slot == slot and known.symbol == symbol:
            return position
        at = seek(places, tag, at + 1)
    return np.int32(-1)


@compiled
def own_holding(state: State, position: int) -> int:
    """The holding of a position, to be written: an empty one of its own when it has none. `attach` takes it back while
    it is empty."""
    known = state.positions[position]
    if known.holding == NOTHING:
        known.holding = take(state, HOLDINGS, state.holdings)
        state.holdings[known.holding] = state.holdings[NOTHING]
    return known.holding


@compiled
def drop_holding(state: State, position: int) -> None:
    """Leave a position with what orders have named."""
    known = state.positions[position]
    if known.holding != NOTHING:
        release(state, HOLDINGS, state.holdings, known.holding)
        known.holding = np.int32(NOTHING)


@compiled
def mark_of(state: State, position: int) -> int:
    """The symbol's mark, a price in 10^-8; 0 when there is none."""
    held = state.holdings[state.positions[position].holding]
    if held.snapshot_price != 0:
        return held.snapshot_price
    if held.fill_price != 0:
        return held.fill_price
    return state.positions[position].order_price


@compiled
def sector_row_of(state: State, position: int) -> int:
    """The symbol's sector as remembered: the row with the sums it counts in; -1 when unknown."""
    known = state.positions[position]
    told = state.holdings[known.holding].snapshot_sector
    return told if told != -1 else known.order_sector


@compiled
def sector_of(state: State, position: int) -> int:
    """The symbol's sector as remembered (a string); -1 when unknown."""
    return sector_name(state, sector_row_of(state, position))


@compiled
def held_and_open(state: State, position: int, side: int) -> tuple[int, int]:
    """Quantity held plus what is open in a direction (buys add, sells subtract)."""
    held = state.holdings[state.positions[position].holding]
    if side == 0:
        return add(held.held_hi, held.held_lo, held.open_hi[0], held.open_lo[0])
    return subtract(held.held_hi, held.held_lo, held.open_hi[1], held.open_lo[1])


@compiled
def is_held(state: State, position: int) -> bool:
    """Whether a quantity is held."""
    held = state.holdings[state.positions[position].holding]
    return held.held_hi != 0 or held.held_lo != U0


@compiled
def held_value(state: State, position: int) -> tuple[int, int]:
    """Quantity held x mark, money, signed; what is held always has a mark (a snapshot or a fill set it).

    The position is attached: with nothing open in a direction the value in that direction is the same product.
    """
    held = state.holdings[state.positions[position].holding]
    for side in range(2):
        if held.open_hi[side] == 0 and held.open_lo[side] == U0:
            return held.value_hi[side], held.value_lo[side]
    return multiply_divide(held.held_hi, held.held_lo, mark_of(state, position), PRODUCT_TO_MONEY)


@compiled
def has_open(state: State, position: int) -> bool:
    """Whether a quantity is open."""
    held = state.holdings[state.positions[position].holding]
    return (held.open_hi[0] | held.open_hi[1]) != 0 or (held.open_lo[0] | held.open_lo[1]) != U0


@compiled
def is_idle(state: State, position: int) -> bool:
    """Whether nothing is held and nothing is open."""
    return not (is_held(state, position) or has_open(state, position))


@compiled
def is_of_snapshot(state: State, position: int) -> bool:
    """Whether a position has something that the next snapshot replaces."""
    held = state.holdings[state.positions[position].holding]
    return is_held(state, position) or held.snapshot_price != 0 or held.fill_price != 0 or held.snapshot_sector != -1


@compiled
def larger_value(state: State, position: int) -> tuple[int, int]:
    """The larger of |value with open buys| and |value with open sells|: the share in GROSS and SECTOR sums."""
    held = state.holdings[state.positions[position].holding]
    buy_hi, buy_lo = magnitude(held.value_hi[0], held.value_lo[0])
    sell_hi, sell_lo = magnitude(held.value_hi[1], held.value_lo[1])
    if compare(buy_hi, buy_lo, sell_hi, sell_lo) >= 0:
        return buy_hi, buy_lo
    return sell_hi, sell_lo


@compiled
def touch_position(state: State, position: int) -> None:
    """Note that a position is not as in the saved list, and that its portfolio's row must be saved again."""
    known = state.positions[position]
    portfolio = state.portfolios[known.slot]
    if known.is_changed == 0:
        known.is_changed = np.int8(1)
        known.next_changed = portfolio.changed
        portfolio.changed = np.int32(position)
        portfolio.changed_count += np.int32(1)
    touch(state, known.slot)


@compiled
def start_changed(state: State, slot: int) -> None:
    """All positions are as in the list that is saved, or was."""
    portfolio = state.portfolios[slot]
    position = portfolio.positions
    while position != -1:
        state.positions[position].is_changed = np.int8(0)
        position = state.positions[position].next
    portfolio.changed = np.int32(-1)
    portfolio.changed_count = np.int32(0)
    portfolio.repeated = 0
    portfolio.relist = np.int8(0)


@compiled
def has_quantity(state: State, position: int, side: int) -> bool:
    """Whether anything is left of what is held and what is open in a direction."""
    high, low = held_and_open(state, position, side)
    return high != 0 or low != U0


@compiled
def count_unmarked(state: State, position: int, change: int) -> None:
    """Count a position without a mark, or no longer."""
    portfolio = state.portfolios[state.positions[position].slot]
    portfolio.unmarked += np.int32(change)
    for side in range(2):
        if has_quantity(state, position, side):
            portfolio.unmarked_on[side] += np.int32(change)


@compiled
def detach(state: State, position: int) -> None:
    """Take the position's share out of its portfolio's sums, before it changes."""
    known = state.positions[position]
    portfolio = state.portfolios[known.slot]
    if known.holding == NOTHING:
        portfolio.memos -= np.int32(1)
        return
    held = state.holdings[known.holding]
    if is_held(state, position):
        held_hi, held_lo = held_value(state, position)
        high, low = subtract(portfolio.held_net_hi, portfolio.held_net_lo, held_hi, held_lo)
        portfolio.held_net_hi = high
        portfolio.held_net_lo = low
        held_hi, held_lo = magnitude(held_hi, held_lo)
        high, low = subtract(portfolio.held_gross_hi, portfolio.held_gross_lo, held_hi, held_lo)
        portfolio.held_gross_hi = high
        portfolio.held_gross_lo = low
    gross_hi, gross_lo = larger_value(state, position)
    high, low = subtract(portfolio.gross_hi, portfolio.gross_lo, gross_hi, gross_lo)
    portfolio.gross_hi = high
    portfolio.gross_lo = low
    sector = sector_row_of(state, position)
    if sector != -1:
        sums = state.sectors[sector]
        high, low = subtract(sums.gross_hi, sums.gross_lo, gross_hi, gross_lo)
        sums.gross_hi = high
        sums.gross_lo = low
    for side in range(2):
        high, low = subtract(portfolio.side_hi[side], portfolio.side_lo[side], held.value_hi[side], held.value_lo[side])
        portfolio.side_hi[side] = high
        portfolio.side_lo[side] = low
    if is_idle(state, position):
        portfolio.memos -= np.int32(1)
    elif mark_of(state, position) == 0:
        count_unmarked(state, position, -1)
        if sector != -1:
            state.sectors[sector].unmarked -= np.int32(1)


@compiled
def attach(state: State, position: int) -> None:
    """Put the position's share into its portfolio's sums, after it changed."""
    known = state.positions[position]
    portfolio = state.portfolios[known.slot]
    if not (is_of_snapshot(state, position) or has_open(state, position)):
        drop_holding(state, position)
        portfolio.memos += np.int32(1)
        touch_position(state, position)
        return
    held = state.holdings[known.holding]
    mark = mark_of(state, position)
    for side in range(2):
        quantity_hi, quantity_lo = held_and_open(state, position, side)
        value_hi, value_lo = multiply_divide(quantity_hi, quantity_lo, mark, PRODUCT_TO_MONEY)
        held.value_hi[side] = value_hi
        held.value_lo[side] = value_lo
        high, low = add(portfolio.side_hi[side], portfolio.side_lo[side], value_hi, value_lo)
        portfolio.side_hi[side] = high
        portfolio.side_lo[side] = low
    if is_held(state, position):
        held_hi, held_lo = held_value(state, position)
        high, low = add(portfolio.held_net_hi, portfolio.held_net_lo, held_hi, held_lo)
        portfolio.held_net_hi = high
        portfolio.held_net_lo = low
        held_hi, held_lo = magnitude(held_hi, held_lo)
        high, low = add(portfolio.held_gross_hi, portfolio.held_gross_lo, held_hi, held_lo)
        portfolio.held_gross_hi = high
        portfolio.held_gross_lo = low
    gross_hi, gross_lo = larger_value(state, position)
    high, low = add(portfolio.gross_hi, portfolio.gross_lo, gross_hi, gross_lo)
    portfolio.gross_hi = high
    portfolio.gross_lo = low
    sector = sector_row_of(state, position)
    if sector != -1:
        sums = state.sectors[sector]
        high, low = add(sums.gross_hi, sums.gross_lo, gross_hi, gross_lo)
        sums.gross_hi = high
        sums.gross_lo = low
    if is_idle(state, position):
        portfolio.memos += np.int32(1)
    elif mark == 0:
        count_unmarked(state, position, 1)
        if sector != -1:
            state.sectors[sector].unmarked += np.int32(1)
    touch_position(state, position)


@compiled
def name_order_sector(state: State, position: int, name: int) -> None:
    """The sector (a string) that an order names for its symbol."""
    known = state.positions[position]
    if sector_name(state, known.order_sector) == name:
        return
    detach(state, position)
    known.order_sector = np.int32(change_sector(state, known.slot, known.order_sector, name))
    attach(state, position)


@compiled
def start_position(state: State, slot: int, symbol: int) -> int:
    """An empty position, attached."""
    position = take(state, POSITIONS, state.positions)
    new = state.positions[position]
    new.slot = np.int32(slot)
    new.symbol = np.int32(symbol)
    new.order_price = 0
    new.order_sector = np.int32(-1)
    new.holding = np.int32(NOTHING)
    new.is_changed = np.int8(0)
    portfolio = state.portfolios[slot]
    portfolio.position_count += np.int32(1)
    new.previous = np.int32(-1)
    new.next = portfolio.positions
    if portfolio.positions != -1:
        state.positions[portfolio.positions].previous = np.int32(position)
    portfolio.positions = np.int32(position)
    insert(state, BY_POSITION, position_key(slot, symbol), position)
    attach(state, position)
    use_position(state, position)
    return position


@compiled
def use_position(state: State, position: int) -> None:
    """Note a use, so that the memo used longest ago is the first to go."""
    known = state.positions[position]
    portfolio = state.portfolios[known.slot]
    portfolio.uses += 1
    known.used_at = portfolio.uses
    touch_position(state, position)


@compiled
def drop_position(state: State, position: int) -> None:
    """Forget a position."""
    detach(state, position)
    known = state.positions[position]
    portfolio = state.portfolios[known.slot]
    remove(state, BY_POSITION, position_key(known.slot, known.symbol), position)
    if known.previous == -1:
        portfolio.positions = known.next
    else:
        state.positions[known.previous].next = known.next
    if known.next != -1:
        state.positions[known.next].previous = known.previous
    portfolio.position_count -= np.int32(1)
    leave_sector(state, state.holdings[known.holding].snapshot_sector)
    leave_sector(state, known.order_sector)
    drop_holding(state, position)
    # It may stand in the saved list, and stands in that of changed positions: neither is used again.
    portfolio.relist = np.int8(1)
    touch(state, known.slot)
    release(state, POSITIONS, state.positions, position)


@compiled
def position_for(state: State, slot: int, symbol: int) -> int:
    """The position of a symbol, started when it is new; at the bound the memos used longest ago make room."""
    position = find_position(state, slot, symbol)
    if position != -1:
        use_position(state, position)
        return position
    if state.portfolios[slot].memos >= MEMOS_MAX:
        drop_oldest_memos(state, slot)
    return start_position(state, slot, symbol)


@compiled
def drop_oldest_memos(state: State, slot: int) -> None:
    """Forget the memos (nothing held, nothing open) used longest ago, all but MEMOS_KEPT: O(symbols), at the bound."""
    uses = np.empty(state.portfolios[slot].position_count, np.int64)
    count = 0
    position = state.portfolios[slot].positions
    while position != -1:
        if is_idle(state, position):
            uses[count] = state.positions[position].used_at
            count += 1
        position = state.positions[position].next
    going = count - MEMOS_KEPT
    last = np.partition(uses[:count], going - 1)[going - 1]  # each use has a number of its own
    position = state.portfolios[slot].positions
    while position != -1:
        following = state.positions[position].next
        if state.positions[position].used_at <= last and is_idle(state, position):
            drop_position(state, position)
        position = following


@compiled
def clear_snapshot(state: State, slot: int) -> None:
    """What a new snapshot replaces: quantities, marks and sectors of the old one, marks of earlier fills.

    Symbols that orders alone have named are left as they are: they may be hundreds, and what changes is saved again.
    """
    position = state.portfolios[slot].positions
    while position != -1:
        following = state.positions[position].next
        if is_of_snapshot(state, position):
            detach(state, position)
            held = state.holdings[own_holding(state, position)]
            held.held_hi = 0
            held.held_lo = U0
            held.snapshot_price = 0
            held.fill_price = 0
            held.snapshot_sector = np.int32(change_sector(state, slot, held.snapshot_sector, -1))
            attach(state, position)
        known = state.positions[position]
        if is_idle(state, position) and known.order_price == 0 and known.order_sector == -1:
            drop_position(state, position)
        position = following


@compiled
def others_unmarked(state: State, unmarked: int, own: int) -> bool:
    """Whether one of `unmarked` symbols is another than position `own` (-1: none), which is counted if it is one."""
    count = np.int64(unmarked)
    if own != -1 and mark_of(state, own) == 0 and not is_idle(state, own):
        count -= 1
    return count > 0


@compiled
def others_unmarked_on(state: State, slot: int, side: int, own: int) -> bool:
    """The same of the symbols that have a quantity in a direction: no other has a value in it, whatever its mark."""
    count = np.int64(state.portfolios[slot].unmarked_on[side])
    if own != -1 and mark_of(state, own) == 0 and has_quantity(state, own, side):
        count -= 1
    return count > 0
