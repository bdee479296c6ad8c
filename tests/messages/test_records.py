"""Columns hold the same records however they are cut, joined and moved between buffers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_stream.messages.compiled.batch_text import batch_text
from risk_stream.messages.packed import NULL, Packed, Span, no_headers, span_of
from risk_stream.messages.records import NO_RECORDS, Recorded, Records, records_from, records_in

Row = tuple[int, int, bytes | None, bytes | None]
fields = st.none() | st.binary(max_size=6)
lists = st.lists(st.tuples(fields, fields), max_size=8)


def numbered(pairs: list[tuple[bytes | None, bytes | None]], first: int = 0) -> list[Row]:
    """Rows of these keys and values."""
    return [(first + number, 7 * (first + number), key, value) for number, (key, value) in enumerate(pairs)]


def of(rows: list[Row]) -> Records:
    """Rows as columns."""
    return records_from(*([row[place] for row in rows] for place in range(4)))  # type: ignore[arg-type]


def apart(rows: list[Row]) -> Records:
    """Keys in one buffer and values in another, with something in front of both, as an archive has them."""
    columns: list[list[bytes | None]] = [[row[2] for row in rows], [row[3] for row in rows]]
    spans = [span_of([b"before", *column]).part(1, 1 + len(rows)) for column in columns]
    numbers = [np.array([row[place] for row in rows], np.int64) for place in (0, 1)]
    return records_in(numbers[0], numbers[1], spans[0], spans[1])


def as_scanned(records: Records) -> list[tuple[int, int, bytes, bytes]]:
    """What compiled code is shown, an absent field as an empty one."""
    text = batch_text(records)
    data = bytes(text.data)
    return [
        (int(offset), int(timestamp), data[key:key_end], data[value:value_end])
        for offset, timestamp, key, key_end, value, value_end in zip(
            text.offsets, text.timestamps, text.key_starts, text.key_ends, text.value_starts, text.value_ends,
            strict=True,
        )
    ]  # fmt: skip


@given(lists, lists, lists, st.data())
def test_cut_joined_and_moved(first: Any, second: Any, third: Any, data: Any) -> None:
    """Lists of any length, absent and empty fields anywhere, the last place included."""
    rows = numbered([*first, *second, *third])
    parts = [of(numbered(first)), apart(numbered(second, len(first))), of(rows)]
    parts[2] = parts[2].part(len(first) + len(second), len(rows))
    whole = Records.joined(parts)
    assert whole.rows() == of(rows).rows() == apart(rows).rows() == rows
    start = data.draw(st.integers(0, len(rows)))
    stop = data.draw(st.integers(start, len(rows)))
    some = whole.part(start, stop)
    for one in (some, apart(rows).part(start, stop), Records.joined([some, NO_RECORDS])):
        assert one.rows() == rows[start:stop]
        assert as_scanned(one) == [(*row[:2], row[2] or b"", row[3] or b"") for row in rows[start:stop]]
    mask = np.array([number % 2 == 0 for number in range(len(rows))], np.bool_)
    assert whole.chosen(mask).rows() == rows[::2]
    assert whole.values_size() == sum(len(row[3] or b"") for row in rows)


@given(st.lists(lists, min_size=1, max_size=4), st.data())
def test_recorded_lists_joined(several: Any, data: Any) -> None:
    """As audits join what they read, of which an absent last field must cut nothing off."""
    parts: list[Recorded] = []
    rows: list[Row] = []
    for pairs in several:
        more = numbered(pairs, len(rows))
        rows += more
        packed = Packed(
            span_of([key for key, _ in pairs]), span_of([value for _, value in pairs]), no_headers(len(pairs))
        )
        parts.append(
            Recorded(np.array([row[0] for row in more], np.int64), np.array([row[1] for row in more], np.int64), packed)
        )
    start = data.draw(st.integers(0, len(rows)))
    stop = data.draw(st.integers(start, len(rows)))
    some = Recorded.joined(parts).part(start, stop).inputs
    assert some.rows() == rows[start:stop]
    assert as_scanned(some) == [(*row[:2], row[2] or b"", row[3] or b"") for row in rows[start:stop]]


def test_recorded_lists_of_one_text_are_copied_once() -> None:
    """Fetched ones: keys, values and headers lie between each other, so that each alone is nearly all bytes."""
    laid = span_of([b"key", b"value", b"\x00"] * 2)
    columns = (Span(laid.data, laid.starts[at::3], laid.ends[at::3]) for at in range(3))
    one = Recorded(np.arange(2), np.zeros(2, np.int64), Packed(*columns))
    keys, values, headers = Recorded.joined([one, one]).packed
    assert keys.data is values.data is headers.data
    assert len(memoryview(keys.data)) <= 2 * len(memoryview(laid.data))
    assert values.as_list() == [b"value"] * 4


@given(lists, st.integers(0, 40))
def test_how_many_fit(pairs: Any, room: int) -> None:
    """As many values as fit, and one in any case."""
    records, total, count = of(numbered(pairs)), 0, 0
    for _, value in pairs:
        total += len(value or b"")
        count += total <= room
    assert records.fitting(room) == max(1, count)


def test_compiled_code_is_not_shown_what_lies_beyond() -> None:
    """Columns that point out of their buffer are refused before anything reads there."""
    one = np.zeros(1, np.int64)
    inside = Span(b"text", one, one + 4)
    for starts, ends in ((one, one + 5), (one - 1, one + 1), (one + 3, one + 2)):
        with pytest.raises(ValueError, match="beyond their data"):
            batch_text(Records(one, one, inside, Span(b"text", starts, ends)))
    assert batch_text(Records(one, one, inside, Span(b"text", one + 4, np.full(1, NULL)))).value_ends.tolist() == [4]
