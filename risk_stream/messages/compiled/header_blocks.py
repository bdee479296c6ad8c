"""Blocks of headers as a record has them, of names and values as columns, in one compiled pass.

Twin of `packed.encode_headers`.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from risk_stream.messages.compiled.jit import BUFFER, INT64S, POINTER, TEXT, Bytes, compiled
from risk_stream.messages.compiled.write_varint import VARINT_BYTES_MAX, put_varint
from risk_stream.messages.packed import NULL, Span

NDInt64 = npt.NDArray[np.int64]
EDGES = types.Array(types.int64, 1, "C")
BROKEN = -1


@compiled(types.int64, POINTER, types.int64, TEXT, types.int64, types.int64)
def put_field(out: Bytes, at: int, text: Bytes, start: int, end: int) -> int:
    """A field behind its length, -1 for null; the position behind it, or BROKEN when it does not lie in the text."""
    if end == NULL:
        return put_varint(out, at, -1)
    if start < 0 or end < start or end > len(text):
        return BROKEN
    at = put_varint(out, at, end - start)
    for i in range(start, end):
        out[at + i - start] = text[i]
    return at + end - start


@compiled(types.int64, INT64S, TEXT, INT64S, INT64S, TEXT, INT64S, INT64S, BUFFER, EDGES)
def put_blocks(
    edges: NDInt64,
    names: Bytes,
    name_starts: NDInt64,
    name_ends: NDInt64,
    values: Bytes,
    value_starts: NDInt64,
    value_ends: NDInt64,
    out: Bytes,
    ends: NDInt64,
) -> int:
    """Block i has the headers edges[i]..edges[i+1]; its end in `out` goes to ends[i]. Bytes written, or BROKEN."""
    text: Any = out.ctypes
    at = 0
    for block in range(len(ends)):
        first, last = edges[block], edges[block + 1]
        if first < 0 or last < first or last > len(name_ends):
            return BROKEN
        at = put_varint(text, at, last - first)
        for i in range(first, last):
            at = put_field(text, at, names, name_starts[i], name_ends[i])
            if at != BROKEN:
                at = put_field(text, at, values, value_starts[i], value_ends[i])
            if at == BROKEN:
                return BROKEN
        ends[block] = at
    return at


def header_blocks(edges: NDInt64, names: Span, values: Span) -> Span:
    """Block i has the headers edges[i]..edges[i+1]. ValueError for fields that do not lie in their data."""
    ends = np.empty(len(edges) - 1, np.int64)
    # A field counts in the bound where it lies, whole: no block is larger than that.
    room = sum(int(np.maximum(span.lengths(), 0).sum()) for span in (names, values))
    out = np.empty(max(room, 0) + VARINT_BYTES_MAX * (len(ends) + 2 * len(names.starts)) + 1, np.uint8)
    named, valued = ((np.frombuffer(span.data, np.uint8), span.starts, span.ends) for span in (names, values))
    if put_blocks(edges, *named, *valued, out, ends) == BROKEN:
        raise ValueError("headers beyond their data: compiled code must not read them")
    return Span(out, np.concatenate([np.zeros(min(len(ends), 1), np.int64), ends[:-1]]), ends)
