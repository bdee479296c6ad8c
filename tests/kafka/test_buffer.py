"""Buffered input: ranges, bounds, and which orders may go before values that are still to come."""

import pytest

from risk_stream.kafka import buffer as buffer_module
from risk_stream.kafka.buffer import InputBuffer
from risk_stream.kafka.failstop import Doubt
from risk_stream.messages.records import NO_RECORDS, Records, records_from


def records(*offsets: int) -> Records:
    """Records whose timestamps are ten times their offsets."""
    count = len(offsets)
    return records_from(offsets, [offset * 10 for offset in offsets], [b"k"] * count, [b"v"] * count)


def filled(*offsets: int, position: int | None = None) -> InputBuffer:
    """A buffer that starts at 0 and holds these offsets."""
    buffer = InputBuffer("orders/0", 0, 100)
    buffer.put(records(*offsets), position if position is not None else offsets[-1] + 1)
    return buffer


def test_ranges_are_contiguous_over_gaps() -> None:
    """Where one range ends the next starts, also over transaction markers."""
    buffer = filled(0, 1, 5, 6, position=8)
    assert buffer.take(2)[1] == (0, 5)
    assert buffer.take(9)[1] == (5, 8)


def test_columns_hold_the_records_in_order() -> None:
    """Offsets, timestamps, keys and values of two fetched lists, joined."""
    buffer = filled(0, 1)
    buffer.put(records(2, 3), 4)
    taken, _ = buffer.take(3)
    assert taken.rows() == [(0, 0, b"k", b"v"), (1, 10, b"k", b"v"), (2, 20, b"k", b"v")]
    assert buffer.count == 1


def test_nothing_taken_moves_nothing() -> None:
    """An empty take has an empty range."""
    buffer = filled(3, position=4)
    assert buffer.take(10, timestamp_max=-1)[1] == (0, 0)
    assert buffer.next_offset == 0


@pytest.mark.parametrize(("timestamp_max", "count"), [(-1, 0), (0, 1), (15, 2), (20, 3), (99, 3)])
def test_records_up_to_a_timestamp(timestamp_max: int, count: int) -> None:
    """Equal timestamps may go: only older values hold an order back."""
    taken, _ = filled(0, 1, 2).take(10, timestamp_max)
    assert taken.size == count


def test_records_wait_for_an_answer_after_their_own() -> None:
    """A list that came when the values' last answer was older waits until there is another one."""
    buffer = filled(0, 1)
    buffer.put(records(2), 3, old_answer=1_000)
    taken, _ = buffer.take(10, timestamp_max=-1, answer=1_000)
    assert taken.offsets.tolist() == [0, 1]
    taken, _ = buffer.take(10, timestamp_max=-1, answer=400)  # a clock that jumped back holds nobody up
    assert taken.offsets.tolist() == [2]


def test_no_answer_no_orders() -> None:
    """While values are behind only timestamps can let an order go."""
    taken, _ = filled(0, 1).take(10, timestamp_max=-1, answer=None)
    assert taken.size == 0


def test_room_is_bounded() -> None:
    """A full buffer wants no more."""
    buffer = InputBuffer("orders/0", 0, 2)
    assert buffer.has_room()
    buffer.put(records(0, 1), 2)
    assert not buffer.has_room()
    buffer.take(1)
    assert buffer.has_room()


@pytest.mark.parametrize(("offsets", "position"), [((1, 2), 3), ((2, 2), 3), ((2, 3), 3)])
def test_offsets_that_do_not_rise_are_doubt(offsets: tuple[int, int], position: int) -> None:
    """After a topic was made anew, say."""
    buffer = filled(0, 1)
    with pytest.raises(Doubt, match="fetched"):
        buffer.put(records(*offsets), position)


def test_markers_alone_make_a_range_without_records() -> None:
    """So that committed offsets reach the end of a log that ends in a transaction marker."""
    buffer = filled(0, 1)
    assert not buffer.markers_behind(5)
    buffer.take(10)
    assert buffer.markers_behind(5)
    assert buffer.take_markers(5) == (2, 5)
    assert buffer.take_markers(5) == (5, 5)
    assert not buffer.markers_behind(5)


def test_a_list_lost_on_its_way_is_no_marker() -> None:
    """The reader says where it stood before: beyond what the buffer has seen, records were dropped in between."""
    buffer = filled(0, 1)
    with pytest.raises(Doubt, match="records in between lost"):
        buffer.put(records(4, 5), 6, start=4)
    with pytest.raises(Doubt, match="records in between lost"):
        buffer.put(NO_RECORDS, 6, start=4)


def test_markers_between_two_lists_are_none_lost() -> None:
    """They are told as an empty list, or lie within the one with the next records; taken before they are told, too."""
    buffer = filled(0, 1)
    buffer.put(NO_RECORDS, 4, start=2)
    buffer.put(records(5), 6, start=4)
    buffer.put(records(8), 9, start=6)
    buffer.take(9)
    assert buffer.take_markers(11) == (9, 11)
    buffer.put(NO_RECORDS, 11, start=9)
    buffer.put(records(11), 12, start=11)
    assert buffer.take(9)[1] == (11, 12)


def test_large_records_fill_it_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is bounded in bytes, too, and so is what one step takes: one record in any case."""
    monkeypatch.setattr(buffer_module, "WAITING_BYTES_MAX", 30)
    monkeypatch.setattr(buffer_module, "STEP_BYTES_MAX", 10)
    buffer = InputBuffer("orders/0", 0, 100)
    values = [b"v" * size for size in (4, 6, 1, 25)]
    buffer.put(records_from(range(4), range(4), [b"k"] * 4, values), 4)
    assert not buffer.has_room()
    ranges = [buffer.take(9)[1] for _ in range(4)]
    assert ranges == [(0, 2), (2, 3), (3, 4), (4, 4)]
    assert buffer.has_room()
    assert buffer.count == 0
