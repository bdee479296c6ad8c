"""A portfolio in columns, driven from Python: arguments in the machine types that the engine passes, so that nothing is
compiled a second time for a test."""

from typing import Any

import numpy as np

from risk_stream.rules.plan import name_hash
from risk_stream.state import layout as lay
from risk_stream.state.arena import new_state, reserve
from risk_stream.state.layout import State
from risk_stream.state.portfolios import create_portfolio
from risk_stream.state.text import intern

MASK64 = (1 << 64) - 1
ROOM = dict.fromkeys(range(lay.ARENAS), 4)


def int8(number: Any) -> Any:
    """A machine integer; Any, because the signatures of compiled functions say int for all of them."""
    return np.int8(number)


def int32(number: Any) -> Any:
    """As int8, of 32 bits: slots, entries, strings."""
    return np.int32(number)


def int64(number: Any) -> Any:
    """As int8, of 64 bits: times, quantities, prices."""
    return np.int64(number)


def uint64(number: Any) -> Any:
    """As int8, of 64 bits without a sign: hashes, lower halves."""
    return np.uint64(number)


def pair(number: int) -> tuple[Any, Any]:
    """A Python int as the two halves that compiled code takes."""
    return np.int64(number >> 64), np.uint64(number & MASK64)


def whole(high: Any, low: Any) -> int:
    """Two halves as a Python int."""
    return (int(high) << 64) + int(low)


def field(row: Any, name: str, *index: int) -> int:
    """A 128-bit field of a record, `name_hi` and `name_lo`."""
    high, low = row[f"{name}_hi"], row[f"{name}_lo"]
    for i in index:
        high, low = high[i], low[i]
    return whole(high, low)


class Columns:
    """A state with one portfolio or more, and calls that make room first, as the engine does before a batch."""

    def __init__(self, portfolios: int = 1) -> None:
        self.state: State = new_state()
        self.slots = [self.create(f"P{n}") for n in range(portfolios)]

    def create(self, name: str) -> Any:
        """A new portfolio's slot."""
        reserve(self.state, {lay.PORTFOLIOS: 1}, 0, 0)
        text = np.frombuffer(name.encode(), np.uint8)
        return np.int32(create_portfolio(self.state, text, 0, len(text), *name_hash(name)))

    def make_room(self) -> None:
        """Room for a few more of everything."""
        reserve(self.state, ROOM, 16, 4096)

    def string(self, name: str) -> Any:
        """The number of a string, added when it is new."""
        self.make_room()
        text = np.frombuffer(name.encode(), np.uint8)
        return np.int32(intern(self.state, text, int32(0), int32(len(text))))

    def text_of(self, number: int) -> str:
        """The string of a number; "" for -1."""
        if number == -1:
            return ""
        known = self.state.strings[number]
        at = int(known["at"])
        return self.state.text[at : at + int(known["len"])].tobytes().decode()

    def portfolio(self, slot: int = 0) -> Any:
        """The record of a portfolio."""
        return self.state.portfolios[slot]

    def chained(self, arena: str, first: int) -> list[Any]:
        """The records of a linked list."""
        things, found = self.state.arrays[arena], []
        while first != -1:
            found.append(things[first])
            first = int(things[first]["next"])
        return found

    def length(self, kind: int, slot: int = 0) -> int:
        """Entries of a chunked queue."""
        return int(self.state.chains[slot, kind, lay.TAIL] - self.state.chains[slot, kind, lay.HEAD])
