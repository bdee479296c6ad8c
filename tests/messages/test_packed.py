"""Spans that hold the same fields are the same wherever their bytes lie, and no other ones are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_stream.messages.compiled.same_fields import same_records, same_spans
from risk_stream.messages.packed import Headers, Packed, Span, in_one_text, joined, no_headers, pack, span_of

FIELDS = [b"abc", None, b"", b"defgh", b"i"]


def scattered(fields: list[bytes | None]) -> Span:
    """The fields back to front, with other bytes between them."""
    mixed = span_of([part for field in reversed(fields) for part in (field, b"?")])
    return Span(mixed.data, mixed.starts[::2][::-1], mixed.ends[::2][::-1])


def test_the_same_fields_elsewhere() -> None:
    """Where they lie does not matter, nor what else is there."""
    assert scattered(FIELDS).as_list() == FIELDS
    assert same_spans(span_of(FIELDS), scattered(FIELDS))
    assert same_spans(span_of(FIELDS), span_of([b"before", *FIELDS]).part(1, len(FIELDS) + 1))
    assert same_spans(span_of([]), span_of(FIELDS).part(2, 2))


@pytest.mark.parametrize(
    "other",
    [
        [b"abX", None, b"", b"defgh", b"i"],
        [b"ab", None, b"", b"cdefgh", b"i"],
        [b"abc", b"", b"", b"defgh", b"i"],
        [b"abc", None, None, b"defgh", b"i"],
        [b"abc", None, b"", b"defgh"],
        [b"abc", None, b"", b"defgh", b"j"],
    ],
)
def test_other_fields(other: list[bytes | None]) -> None:
    """A byte, a bound, a null or a field more is a difference, even where all bytes together are the same."""
    assert not same_spans(span_of(FIELDS), span_of(other))


@pytest.mark.parametrize("column", range(3))
def test_records_differ_in_any_column(column: int) -> None:
    """Key, value and headers count alike."""
    record: list[object] = [b"key", b"value", [("name", b"value")]]
    other: list[object] = [b"kez", b"valuf", [("name", b"valuf")]]
    changed = [*record[:column], other[column], *record[column + 1 :]]
    one, two = pack([tuple(record)] * 3), pack([tuple(record), tuple(changed), tuple(record)])  # type: ignore[list-item]
    assert same_records(one, one) and not same_records(one, two)


def test_no_headers_are_the_same_however_they_were_joined() -> None:
    """Joined or made at once."""
    parts = [pack([(b"k", b"v", [])] * count) for count in (1, 3)]
    assert same_spans(joined(*parts).headers, no_headers(4))


ROWS = st.lists(st.tuples(st.binary(max_size=5), st.none() | st.binary(max_size=5)), max_size=4)


@given(st.lists(st.tuples(ROWS, st.booleans()), max_size=5))
def test_joined_are_all_records_in_order(parts: list[tuple[list[tuple[bytes, bytes | None]], bool]]) -> None:
    """Whether keys and values lie in one text, as those of a cut, or each in their own."""
    whole = joined(*(rows_in_one_text(rows) if one else pack([(*row, []) for row in rows]) for rows, one in parts))
    assert whole.rows() == [row for rows, _ in parts for row in rows]


def test_a_text_of_keys_and_values_is_copied_once() -> None:
    """It is megabytes where snapshots are cut."""
    whole = joined(in_one_text(b"first", b"1"), rows_in_one_text([(b"b", None), (b"c", b"")]), in_one_text(b"", b"2"))
    assert whole.rows() == [(b"first", b"1"), (b"b", None), (b"c", b""), (b"", b"2")]
    assert whole.keys.data is whole.values.data


def rows_in_one_text(rows: list[tuple[bytes, bytes | None]]) -> Packed:
    """Keys and values one behind the other."""
    mixed = span_of([field for row in rows for field in row])
    keys, values = (Span(mixed.data, mixed.starts[at::2], mixed.ends[at::2]) for at in range(2))
    return Packed(keys, values, no_headers(len(rows)))


def test_trimmed_holds_no_other_bytes() -> None:
    """What is kept of a long buffer is what is needed of it."""
    part = span_of([b"long" * 100, None, b"kept", b"long" * 100]).part(1, 3)
    assert (part.trimmed().as_list(), bytes(part.trimmed().data)) == ([None, b"kept"], b"kept")
    assert span_of([None, None]).trimmed().as_list() == [None, None]


def test_a_header_without_a_value_stays_one() -> None:
    """Null is not empty: whoever forges a record may send either."""
    null, empty = ([("name", value)] for value in (None, b""))
    headers: list[Headers] = [null, empty]  # type: ignore[list-item]
    one, two = (pack([(b"k", b"v", own)]) for own in headers)
    assert not same_records(one, two)
    assert [one.events()[0].headers, two.events()[0].headers] == headers


fields = st.lists(st.none() | st.binary(max_size=70), max_size=6)


@given(fields, st.data())
def test_what_is_the_same_is_what_copies_say(own: list[bytes | None], data: st.DataObject) -> None:
    """Compared by compiled code and as copies; at most one byte of one field differs, at any place of it."""
    other = list(own)
    for i in data.draw(st.sets(st.integers(0, len(own) - 1), max_size=1)) if own else ():
        field = bytearray(other[i] or b"?")
        if field:
            field[data.draw(st.integers(0, len(field) - 1))] ^= data.draw(st.integers(0, 255))
        other[i] = bytes(field)
    assert same_spans(scattered(own), span_of(other)) == (own == other)


@pytest.mark.parametrize(
    ("start", "end"), [(-1, 1), (0, 6), (3, 2), (2**40, 2**40 + 2), (-(2**62), 2**62), (2**62, -(2**63))]
)
def test_fields_beyond_their_data_are_not_read(start: int, end: int) -> None:
    """They are not the same as anything, on either side; nothing of what lies there is looked at."""
    beyond = Span(b"text", np.array([start]), np.array([end]))
    whole = span_of([b"text"])
    assert not same_spans(beyond, whole) and not same_spans(whole, beyond) and not same_spans(beyond, beyond)
