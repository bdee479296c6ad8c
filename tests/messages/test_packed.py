"""Spans that hold the same fields are the same wherever their bytes lie, and no other ones are."""

import pytest

from risk_stream.messages.packed import Headers, Span, joined, no_headers, pack, span_of

FIELDS = [b"abc", None, b"", b"defgh", b"i"]


def scattered(fields: list[bytes | None]) -> Span:
    """The fields back to front, with other bytes between them."""
    mixed = span_of([part for field in reversed(fields) for part in (field, b"?")])
    return Span(mixed.data, mixed.starts[::2][::-1], mixed.ends[::2][::-1])


def test_the_same_fields_elsewhere() -> None:
    """Where they lie does not matter, nor what else is there."""
    assert scattered(FIELDS).as_list() == FIELDS
    assert span_of(FIELDS).is_same(scattered(FIELDS))
    assert span_of(FIELDS).is_same(span_of([b"before", *FIELDS]).part(1, len(FIELDS) + 1))
    assert span_of([]).is_same(span_of(FIELDS).part(2, 2))


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
    assert not span_of(FIELDS).is_same(span_of(other))


@pytest.mark.parametrize("column", range(3))
def test_records_differ_in_any_column(column: int) -> None:
    """Key, value and headers count alike."""
    record: list[object] = [b"key", b"value", [("name", b"value")]]
    other: list[object] = [b"kez", b"valuf", [("name", b"valuf")]]
    changed = [*record[:column], other[column], *record[column + 1 :]]
    one, two = pack([tuple(record)] * 3), pack([tuple(record), tuple(changed), tuple(record)])  # type: ignore[list-item]
    assert one.is_same(one) and not one.is_same(two)


def test_no_headers_are_the_same_however_they_were_joined() -> None:
    """Joined or made at once."""
    parts = [pack([(b"k", b"v", [])] * count) for count in (1, 3)]
    assert joined(*parts).headers.is_same(no_headers(4))


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
    assert not one.is_same(two)
    assert [one.events()[0].headers, two.events()[0].headers] == headers
