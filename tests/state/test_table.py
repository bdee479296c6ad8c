"""Hash tables and the string pool against a dict."""

from collections import Counter

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from risk_stream.state import layout as lay
from risk_stream.state.arena import new_state, reserve
from risk_stream.state.sweep import sweep_strings
from risk_stream.state.table import insert, ref_at, remove, seek, tag_of
from risk_stream.state.text import find_string, is_before
from tests.state.portfolio import Columns, int32, int64, uint64

# Few homes, some at the table's end: long runs that wrap around, and equal keys of different things.
KEYS = [0, 1, 2, 126, 127, 128, 254, 255, 383, 2**63 + 127, 2**64 - 1, 2**64 - 2]
TABLE = lay.BY_EXECUTION
LETTERS = st.characters(codec="utf-8")
NAMES = st.one_of(st.text("ab€日𐍈", min_size=1, max_size=5), st.text(LETTERS, min_size=1, max_size=64))


class TableMachine(RuleBasedStateMachine):
    """Insertions and removals, with growth in between."""

    def __init__(self) -> None:
        super().__init__()
        self.state = new_state()
        self.model: list[tuple[int, int]] = []
        self.next_ref = 0

    @rule(key=st.sampled_from(KEYS), count=st.integers(1, 12))
    def insert(self, key: int, count: int) -> None:
        """Several references under one key."""
        reserve(self.state, {lay.EXECUTIONS: 1}, 0, 0)
        for _ in range(count):
            insert(self.state, TABLE, uint64(key), int64(self.next_ref))
            self.model.append((key, self.next_ref))
            self.next_ref += 1

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        """One that is there."""
        key, ref = self.model.pop(data.draw(st.integers(0, len(self.model) - 1)))
        remove(self.state, TABLE, uint64(key), int64(ref))

    @invariant()
    def every_entry_is_found_from_its_home(self) -> None:
        """No gap between an entry and where its search begins, nothing else there, at most three quarters full."""
        places = [int(place) for place in self.state.places(TABLE)]
        size = len(places)
        held = [((place >> 32), (place & 0xFFFFFFFF) - 1) for place in places if place]
        assert Counter(held) == Counter((key % 2**31, ref) for key, ref in self.model)
        assert self.state.table_used[TABLE] == len(self.model) <= size * 3 // 4
        for at in (at for at, place in enumerate(places) if place):
            home = (places[at] >> 32) % size
            assert all(places[(home + step) % size] for step in range((at - home) % size))

    @invariant()
    def every_entry_is_found_under_its_key(self) -> None:
        """All references of each key, and only those of keys that look the same in a place."""
        places = self.state.places(TABLE)
        for key in KEYS:
            tag, found = tag_of(uint64(key)), []
            at = seek(places, tag, tag)
            while at != -1:
                found.append(int(ref_at(places, at)))
                at = seek(places, tag, int64(at + 1))
            assert sorted(found) == sorted(ref for other, ref in self.model if (other - key) % 2**31 == 0)


class TextMachine(RuleBasedStateMachine):
    """Interning, finding and sweeping; only what the levels of a portfolio name survives a sweep."""

    def __init__(self) -> None:
        super().__init__()
        self.columns = Columns()
        self.known: set[str] = set()

    @rule(names=st.lists(NAMES, max_size=8))
    def intern(self, names: list[str]) -> None:
        """Each string has one number."""
        for name in names:
            number = self.columns.string(name)
            assert self.columns.text_of(number) == name
            assert self.columns.string(name) == number
            self.known.add(name)

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def compare(self, data: st.DataObject) -> None:
        """Strings sort by code points, as Python's do."""
        a, b = (data.draw(st.sampled_from(sorted(self.known))) for _ in range(2))
        numbers = self.columns.string(a), self.columns.string(b)
        assert is_before(self.columns.state, *numbers) == (a < b)

    @rule()
    def sweep(self) -> None:
        """Nothing names a string here: all of them go."""
        assert sweep_strings(self.columns.state) == 0
        for name in self.known:
            text = np.frombuffer(name.encode(), np.uint8)
            assert find_string(self.columns.state, text, int32(0), int32(len(text))) == -1
        self.known.clear()

    @invariant()
    def the_pool_holds_each_string_once(self) -> None:
        """As many strings, and as many bytes, as were interned."""
        header = self.columns.state.header
        assert header[lay.STRING_COUNT] == len(self.known)
        assert header[lay.TEXT_USED] == sum(len(name.encode()) for name in self.known)


TestTable = TableMachine.TestCase
TestTable.settings = settings(max_examples=30, stateful_step_count=40)
TestText = TextMachine.TestCase
TestText.settings = settings(max_examples=20, stateful_step_count=20)
