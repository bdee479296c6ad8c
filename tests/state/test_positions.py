"""Positions, open orders and the sums over them against plain dicts, recomputed after every operation."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from risk_stream.decide.values import move_position, take_snapshot
from risk_stream.messages.compiled.value_row import POSITION_ROW, VALUE_ROW
from risk_stream.rules.plan import name_hash
from risk_stream.state import layout as lay
from risk_stream.state.opens import close_order, expire_opens, find_open, open_order, reduce_open
from risk_stream.state.positions import mark_of, name_order_sector, others_unmarked, others_unmarked_on, position_for
from risk_stream.state.sectors import find_sector
from risk_stream.state.sweep import sweep_strings
from tests.state.portfolio import Columns, int8, int32, int64
from tests.state.portfolio import field as wide_field

QUANTITY_MAX = 10**18 - 1
SYMBOLS = ["A", "B", "Cé", "D", "日"]
SECTORS = ["", "T", "U"]
NUMBERS = st.one_of(st.integers(1, 5), st.sampled_from([10**8, 10**8 + 1, 3 * 10**8, QUANTITY_MAX]))
SIGNED = st.one_of(st.just(0), NUMBERS, NUMBERS.map(lambda n: -n))
LISTED = st.tuples(SIGNED, NUMBERS, st.sampled_from(SECTORS))
PAUSES = st.sampled_from([0, 1, 1, 1_000, lay.DAY_MS // 2, lay.DAY_MS - 1, lay.DAY_MS, 3 * lay.DAY_MS])


@dataclass
class Held:
    """What a portfolio remembers of a symbol."""

    held: int = 0
    snapshot: int = 0
    fill: int = 0
    order: int = 0
    sector: str = ""
    named: str = ""
    open: list[int] = field(default_factory=lambda: [0, 0])

    @property
    def mark(self) -> int:
        """The snapshot's price, else the last fill's, else the last approved order's."""
        return self.snapshot or self.fill or self.order

    @property
    def effective_sector(self) -> str:
        """The snapshot's, else the one that the last order named."""
        return self.sector or self.named

    @property
    def is_idle(self) -> bool:
        """Nothing held, nothing open."""
        return not (self.held or self.open[0] or self.open[1])

    @property
    def held_value(self) -> int:
        """Held x mark, half-even."""
        return round(Fraction(self.held * self.mark, 10**12))

    def quantity(self, side: int) -> int:
        """Held + open in a direction."""
        return self.held + self.open[0] if side == 0 else self.held - self.open[1]

    def value(self, side: int) -> int:
        """The same x mark, half-even."""
        return round(Fraction(self.quantity(side) * self.mark, 10**12))


class PositionsMachine(RuleBasedStateMachine):
    """Snapshots, fills, approvals, reductions, closes and expiry, with the string pool swept now and then."""

    @initialize()
    def start(self) -> None:
        """Nothing held; another portfolio has the same symbols."""
        self.columns = Columns(2)
        self.slot = self.columns.slots[1]
        self.columns.make_room()
        position_for(self.columns.state, self.columns.slots[0], self.columns.string("A"))
        self.model: dict[str, Held] = {}
        self.orders: dict[str, tuple[str, int, int, int]] = {}  # symbol, side, remaining, To at approval
        self.to = 1_795_341_600_000
        self.columns.portfolio(self.slot)["to"] = self.to
        self.count = 0

    def of(self, symbol: str) -> Held:
        """The twin of a symbol's position."""
        return self.model.setdefault(symbol, Held())

    @rule(listed=st.dictionaries(st.sampled_from(SYMBOLS), LISTED, max_size=5))
    def snapshot(self, listed: dict[str, tuple[int, int, str]]) -> None:
        """A full snapshot replaces what was held, the marks and the fills' marks."""
        text, rows = b"", []
        for symbol, (quantity, price, sector) in listed.items():
            at = len(text)
            text += symbol.encode() + sector.encode()
            rows.append((quantity, price, at, len(symbol.encode()), at + len(symbol.encode()), len(sector.encode())))
        row = np.zeros(1, VALUE_ROW)
        row[0]["positions_to"] = len(rows)
        self.columns.make_room()
        listed_rows = np.array(rows, POSITION_ROW)
        take_snapshot(self.columns.state, self.slot, row, listed_rows, np.frombuffer(text or b"\0", np.uint8))
        for held in self.model.values():
            held.held = held.snapshot = held.fill = 0
            held.sector = ""
        for symbol, (quantity, price, sector) in listed.items():
            twin = self.of(symbol)
            twin.held, twin.snapshot, twin.sector = quantity, price, sector

    @rule(symbol=st.sampled_from(SYMBOLS), sector=st.sampled_from(SECTORS[1:]))
    def name(self, symbol: str, sector: str) -> None:
        """An order names its symbol's sector."""
        number, name = self.columns.string(symbol), self.columns.string(sector)
        position = int32(position_for(self.columns.state, self.slot, number))
        name_order_sector(self.columns.state, position, name)
        self.of(symbol).named = sector

    @rule(symbol=st.sampled_from(SYMBOLS), side=st.integers(0, 1), quantity=NUMBERS, price=NUMBERS)
    def fill(self, symbol: str, side: int, quantity: int, price: int) -> None:
        """A fill moves the position and marks the symbol."""
        row = np.zeros(1, VALUE_ROW)
        row[0]["symbol_len"] = len(symbol.encode())
        row[0]["side"], row[0]["quantity"], row[0]["price"] = side, quantity, price
        self.columns.make_room()
        move_position(self.columns.state, self.slot, row, np.frombuffer(symbol.encode(), np.uint8))
        self.of(symbol).held += -quantity if side else quantity
        self.of(symbol).fill = price

    @rule(
        symbol=st.sampled_from(SYMBOLS),
        side=st.integers(0, 1),
        quantity=NUMBERS,
        price=st.one_of(st.just(0), NUMBERS),
        times=st.sampled_from([1, 1, 2, 20]),
    )
    def approve(self, symbol: str, side: int, quantity: int, price: int, times: int) -> None:
        """Approvals, more than a chunk at times."""
        for _ in range(times):
            self.count += 1
            order_id = f"o{self.count}"
            number = self.columns.string(symbol)
            row = number, int8(side), int64(quantity), int64(price)
            open_order(self.columns.state, self.slot, *name_hash(order_id), *row)
            self.orders[order_id] = (symbol, side, quantity, self.to)
            self.of(symbol).open[side] += quantity
            if price:
                self.of(symbol).order = price

    def entry(self, order_id: str) -> Any:
        """The entry of an open order; -1."""
        return find_open(self.columns.state, self.slot, *name_hash(order_id))

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), share=st.sampled_from([0.3, 0.5, 1.0]))
    def reduce(self, data: st.DataObject, share: float) -> None:
        """A part, or all, of an open order is released."""
        order_id = data.draw(st.sampled_from(sorted(self.orders)))
        remaining = self.orders[order_id][2]
        quantity = max(1, int(remaining * share)) if share < 1 else remaining
        reduce_open(self.columns.state, self.slot, self.entry(order_id), int64(quantity))
        self.release(order_id, quantity)

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), count=st.sampled_from([1, 3, 20]))
    def close(self, data: st.DataObject, count: int) -> None:
        """Open orders are closed, the oldest, the newest or any."""
        for order_id in data.draw(st.permutations(sorted(self.orders)))[:count]:
            close_order(self.columns.state, self.slot, self.entry(order_id))
            self.release(order_id, self.orders[order_id][2])

    def release(self, order_id: str, quantity: int) -> None:
        """The twin of a release."""
        symbol, side, remaining, to = self.orders.pop(order_id)
        self.of(symbol).open[side] -= quantity
        if remaining > quantity:
            self.orders[order_id] = (symbol, side, remaining - quantity, to)

    @rule(pause=PAUSES)
    def wait(self, pause: int) -> None:
        """To moves on: what was approved 24 h ago is closed."""
        self.to += pause
        self.columns.portfolio(self.slot)["to"] = self.to
        expire_opens(self.columns.state, self.slot)
        for order_id, (_, _, remaining, to) in list(self.orders.items()):
            if self.to - to >= lay.DAY_MS:
                self.release(order_id, remaining)

    @rule()
    def sweep(self) -> None:
        """Strings get new numbers."""
        sweep_strings(self.columns.state)

    def sector_at(self, row: Any) -> str:
        """The name of a row of sectors; "" for -1."""
        return "" if row == -1 else self.columns.text_of(int(self.columns.state.sectors[row]["name"]))

    @invariant()
    def sectors_agree(self) -> None:
        """The sums of every sector, recomputed; one that no position names any more is gone."""
        if not hasattr(self, "model"):
            return
        state, held = self.columns.state, list(self.model.values())
        rows = np.flatnonzero(state.sectors["uses"])
        found = {self.sector_at(row): state.sectors[row] for row in rows}
        assert set(found) == {name for one in held for name in (one.sector, one.named) if name}
        assert len(rows) == len(found) == state.table_used[lay.BY_SECTOR]
        for name in SECTORS[1:]:
            row = find_sector(state, self.slot, self.columns.string(name))
            assert (row != -1) == (name in found)
            if row == -1:
                continue
            named = [one for one in held if one.effective_sector == name]
            assert self.sector_at(row) == name
            assert wide_field(found[name], "gross") == sum(max(abs(one.value(0)), abs(one.value(1))) for one in named)
            assert found[name]["unmarked"] == sum(not one.is_idle and not one.mark for one in named)
            assert found[name]["uses"] == sum((one.sector == name) + (one.named == name) for one in held)

    @invariant()
    def positions_agree(self) -> None:
        """Quantities, marks and sectors of every symbol; what is not listed is nothing worth knowing."""
        if not hasattr(self, "model"):
            return
        state, portfolio = self.columns.state, self.columns.portfolio(self.slot)
        seen = {}
        for position in self.columns.chained("positions", int(portfolio["positions"])):
            symbol = self.columns.text_of(int(position["symbol"]))
            held = state.holdings[position["holding"]]
            seen[symbol] = Held(
                wide_field(held, "held"),
                int(held["snapshot_price"]),
                int(held["fill_price"]),
                int(position["order_price"]),
                self.sector_at(held["snapshot_sector"]),
                self.sector_at(position["order_sector"]),
                [wide_field(held, "open", side) for side in range(2)],
            )
            index = int32(position_for(state, self.slot, position["symbol"]))
            assert mark_of(state, index) == seen[symbol].mark
            assert int(state.positions[index]["symbol"]) == int(position["symbol"])
        nothing = Held()
        for symbol in {*seen, *self.model}:
            assert seen.get(symbol, nothing) == self.model.get(symbol, nothing), symbol
        assert portfolio["memos"] == sum(held.is_idle for held in seen.values())

    @invariant()
    def holdings_agree(self) -> None:
        """A position has one of its own as long as there is something in it; the empty one is never written."""
        if not hasattr(self, "model"):
            return
        state, portfolio = self.columns.state, self.columns.portfolio(self.slot)
        empty = np.zeros(1, lay.HOLDING)
        empty["snapshot_sector"] = -1
        assert state.holdings[lay.NOTHING] == empty[0]
        own = []
        for position in self.columns.chained("positions", int(portfolio["positions"])):
            known = self.model.get(self.columns.text_of(int(position["symbol"])), Held())
            has_own = not known.is_idle or known.snapshot or known.fill or known.sector
            assert (position["holding"] != lay.NOTHING) == bool(has_own)
            own += [int(position["holding"])] * bool(has_own)
        assert len(set(own)) == len(own)
        assert len(own) + 1 + state.free[lay.HOLDINGS, lay.FREE_COUNT] == len(state.holdings)

    @invariant()
    def sums_agree(self) -> None:
        """NET and GROSS sums with and without open orders, unmarked symbols, recomputed from nothing."""
        if not hasattr(self, "model"):
            return
        portfolio, held = self.columns.portfolio(self.slot), list(self.model.values())
        for side in range(2):
            assert wide_field(portfolio, "side", side) == sum(one.value(side) for one in held)
        assert wide_field(portfolio, "gross") == sum(max(abs(one.value(0)), abs(one.value(1))) for one in held)
        assert wide_field(portfolio, "held_net") == sum(one.held_value for one in held)
        assert wide_field(portfolio, "held_gross") == sum(abs(one.held_value) for one in held)
        unmarked = sum(not one.is_idle and not one.mark for one in held)
        assert portfolio["unmarked"] == unmarked
        assert others_unmarked(self.columns.state, portfolio["unmarked"], int32(-1)) == (unmarked > 0)
        for side in range(2):
            on = sum(one.quantity(side) != 0 and not one.mark for one in held)
            assert portfolio["unmarked_on"][side] == on
            assert others_unmarked_on(self.columns.state, self.slot, int64(side), int32(-1)) == (on > 0)
        assert portfolio["open_count"] == len(self.orders)

    @invariant()
    def open_orders_agree(self) -> None:
        """Each open order is found with what remains of it; chunks without an open order are freed."""
        if not hasattr(self, "model"):
            return
        state = self.columns.state
        for order_id, (_, _, remaining, _) in self.orders.items():
            assert int(state.opens[self.entry(order_id)]["remaining"]) == remaining
        assert self.entry(f"o{self.count}") == -1 or f"o{self.count}" in self.orders
        chunks = self.columns.chained("open_heads", int(state.chains[self.slot, lay.OPENS, lay.FIRST]))
        assert all(chunk["live"] > 0 for chunk in chunks[:-1])
        assert sum(int(chunk["live"]) for chunk in chunks) == len(self.orders)


TestPositions = PositionsMachine.TestCase
TestPositions.settings = settings(max_examples=60, stateful_step_count=30)


def test_memos_are_bounded_and_those_used_longest_ago_go_first() -> None:
    """Symbols of which only a mark is known are kept up to the bound. At it, a new one leaves fifteen sixteenths,
    those used last; what is held always stays."""
    columns = Columns()
    slot = columns.slots[0]
    count = lay.MEMOS_MAX + 60
    for number in range(count):
        columns.make_room()
        if number == lay.MEMOS_MAX:
            position_for(columns.state, slot, columns.string("M1"))
        for side in (0, 1) if number else (0,):  # bought and sold again, but for the first
            row = np.zeros(1, VALUE_ROW)
            name = f"M{number}".encode()
            row[0]["symbol_len"], row[0]["side"], row[0]["quantity"], row[0]["price"] = len(name), side, 7, 9
            move_position(columns.state, slot, row, np.frombuffer(name, np.uint8))
    positions = columns.chained("positions", int(columns.portfolio()["positions"]))
    names = {columns.text_of(int(position["symbol"])) for position in positions}
    assert columns.portfolio()["memos"] == len(names) - 1 == lay.MEMOS_KEPT + 59
    first = lay.MEMOS_MAX - lay.MEMOS_KEPT + 2
    assert names == {"M0", "M1", *(f"M{number}" for number in range(first, count))}


def listed(names: list[str]) -> tuple[Any, Any, Any]:
    """A snapshot of 2 at 10 of each, without sectors."""
    text, row = "".join(names).encode(), np.zeros(1, VALUE_ROW)
    ends = np.cumsum([len(name) for name in names])
    rows = [(2, 10, int(end) - len(name), len(name), 0, 0) for name, end in zip(names, ends, strict=True)]
    row[0]["positions_to"] = len(names)
    return row, np.array(rows, POSITION_ROW), np.frombuffer(text, np.uint8)


def test_what_is_held_makes_no_room_for_the_new_symbols_of_a_snapshot() -> None:
    """Between the old snapshot and its own line in the new one it only looks as if nothing were held."""
    columns = Columns()
    state, slot = columns.state, columns.slots[0]
    kept = ["H0", "H1", "H2"]
    columns.make_room()
    take_snapshot(state, slot, *listed(kept))
    for name in kept:
        position = int32(position_for(state, slot, columns.string(name)))
        name_order_sector(state, position, columns.string("TECH"))
    for number in range(lay.MEMOS_MAX):
        columns.make_room()
        position = int32(position_for(state, slot, columns.string(f"M{number}")))
        name_order_sector(state, position, columns.string("OTHER"))
    columns.make_room()
    take_snapshot(state, slot, *listed(["N0", "H0", "N1", "H1", "H2"]))
    for name in kept:
        sector = int(state.positions[position_for(state, slot, columns.string(name))]["order_sector"])
        assert sector != -1 and columns.text_of(int(state.sectors[sector]["name"])) == "TECH"
    assert columns.portfolio()["memos"] == lay.MEMOS_KEPT


def test_an_id_open_twice_means_the_oldest() -> None:
    """An id forgotten among the last 10,000 may be approved again: its executions mean the first, then the second."""
    columns = Columns()
    slot, twice = columns.slots[0], name_hash("twice")
    for number in range(40):
        order_id = twice if number in (3, 21) else name_hash(f"o{number}")
        columns.make_room()
        open_order(columns.state, slot, *order_id, columns.string("A"), int8(0), int64(100 + number), int64(10**8))
    for remaining in (103, 121):
        entry = find_open(columns.state, slot, *twice)
        assert int(columns.state.opens[entry]["remaining"]) == remaining
        close_order(columns.state, slot, entry)
    assert find_open(columns.state, slot, *twice) == -1
