"""Blocks of headers made of columns are those of the reference."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_stream.messages.compiled.header_blocks import header_blocks
from risk_stream.messages.packed import Span, encode_headers, span_of

header = st.tuples(st.text(max_size=80), st.none() | st.binary(max_size=200))


@given(st.lists(st.lists(header, max_size=4), max_size=5))
def test_same_as_reference(records: list[list[tuple[str, bytes | None]]]) -> None:
    """Of any headers, null values and long ones too."""
    edges = np.cumsum([0, *(len(headers) for headers in records)])
    names = span_of([name.encode() for headers in records for name, _ in headers])
    values = span_of([value for headers in records for _, value in headers])
    assert header_blocks(edges, names, values).as_list() == [encode_headers(headers) for headers in records]


@pytest.mark.parametrize(("start", "end"), [(-1, 1), (0, 6), (3, 2)])
def test_fields_beyond_their_data_are_refused(start: int, end: int) -> None:
    """In names and in values, and edges that name headers that are not there."""
    edges, inside = np.array([0, 1]), span_of([b"name"])
    beyond = Span(b"text", np.array([start]), np.array([end]))
    for names, values in ((beyond, inside), (inside, beyond)):
        with pytest.raises(ValueError, match="beyond their data"):
            header_blocks(edges, names, values)
    with pytest.raises(ValueError, match="beyond their data"):
        header_blocks(np.array([0, 2]), inside, inside)
