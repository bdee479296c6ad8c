"""Columns that grow: what was written stays, what is new is zero, and nothing is copied where there is room."""

import mmap
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_stream.state import room
from risk_stream.state.arena import new_state
from risk_stream.state.room import COPIED_BYTES_MAX, GROWN_BYTES, RESERVED_BYTES, Room

ROW = np.dtype([("number", np.int64), ("byte", np.int8)])
LENGTHS = st.lists(st.integers(1, 400_000), min_size=1, max_size=6).map(sorted)


@given(LENGTHS)
def test_it_grows_as_a_copy_would(lengths: list[int]) -> None:
    """The naive twin appends zeros."""
    grown, twin, memory = np.zeros(1, ROW), np.zeros(1, ROW), Room()
    for length in lengths:
        twin = np.concatenate([twin, np.zeros(length - len(twin), ROW)])
        grown = memory.lengthened(grown, length)
        assert np.array_equal(grown, twin)
        for array in (grown, twin):
            array["number"][-1] = length


def test_a_large_column_stays_where_it_is() -> None:
    """So does whoever holds an older, shorter array of it."""
    memory = Room()
    first = memory.lengthened(np.zeros((1, 3), np.int64), COPIED_BYTES_MAX)
    larger = memory.lengthened(first, 4 * COPIED_BYTES_MAX)
    assert larger.ctypes.data == first.ctypes.data
    assert larger.shape == (4 * COPIED_BYTES_MAX, 3)
    first[5] = 7
    assert larger[5].tolist() == [7, 7, 7]


def test_it_doubles_while_it_is_copied_and_grows_by_little_where_it_stays() -> None:
    """Never by less than is wanted."""
    memory, rows = Room(), np.zeros(1_000, ROW)
    assert [memory.length_for(rows, wanted) for wanted in (1_001, 2_000, 2_001)] == [2_000, 2_000, 4_000]
    placed = memory.lengthened(rows, COPIED_BYTES_MAX)
    more = GROWN_BYTES // ROW.itemsize
    assert memory.length_for(placed, len(placed) + 1) == len(placed) + more
    assert memory.length_for(placed, len(placed) + 3 * more) == len(placed) + 3 * more
    beyond = RESERVED_BYTES // ROW.itemsize + 1
    assert memory.length_for(placed, beyond) >= beyond


def test_only_what_is_written_takes_memory() -> None:
    """A quarter of a gigabyte of rows, none of them touched."""
    before = resident_mb()
    column = Room().lengthened(np.zeros(1, np.int64), 1 << 25)
    assert len(column) == 1 << 25
    assert resident_mb() - before < 20


def test_what_is_made_anew_takes_memory_where_it_is_written() -> None:
    """And gives it back when it is dropped."""
    before = resident_mb()
    places = room.zeros(1 << 25, np.dtype(np.int64))
    assert (len(places), int(places[::4096].max())) == (1 << 25, 0)
    assert resident_mb() - before < 20
    places[: 1 << 24] = 1
    assert resident_mb() - before > 120
    del places
    assert resident_mb() - before < 20


@pytest.mark.parametrize("length", [0, 10, COPIED_BYTES_MAX])
def test_without_addresses_the_allocator_does(monkeypatch: pytest.MonkeyPatch, length: int) -> None:
    """Small ones come from it in any case."""
    monkeypatch.setattr(mmap, "mmap", no_addresses)
    places = room.zeros(length, np.dtype(np.int64))
    assert places.tolist() == [0] * length
    places[:] = 1


@pytest.mark.parametrize("limited", [False, True])
def test_without_room_it_is_copied(monkeypatch: pytest.MonkeyPatch, limited: bool) -> None:
    """Beyond what was reserved, and where a limit forbids to reserve."""
    monkeypatch.setattr(room, "RESERVED_BYTES", 0)
    monkeypatch.setattr(room, "RESERVED_TIMES", 1)
    if limited:
        monkeypatch.setattr(mmap, "mmap", no_addresses)
    memory = Room()
    first = memory.lengthened(np.arange(3), COPIED_BYTES_MAX)
    second = memory.lengthened(first, 2 * COPIED_BYTES_MAX)
    assert second.ctypes.data != first.ctypes.data
    assert second[:4].tolist() == [0, 1, 2, 0]


def test_what_is_put_in_a_columns_place_is_what_grows() -> None:
    """Not what stood there before."""
    state = new_state()
    state.lengthen("text", 2 * COPIED_BYTES_MAX)
    state.text[:] = 1
    state.replace("text", np.full(4, 2, np.uint8))
    state.lengthen("text", 2 * COPIED_BYTES_MAX)
    assert (int(state.text[3]), int(state.text[4:].max())) == (2, 0)


def no_addresses(*_: Any, **__: Any) -> None:
    """As under a limit of virtual memory."""
    raise OSError(12, "Cannot allocate memory")


def resident_mb() -> float:
    """What this process has in memory."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * mmap.PAGESIZE / 1e6
