"""Records for one topic as columns over byte buffers: made by compiled code, written to Kafka without an object each.

Headers stand as Kafka writes them in a record (format v2): their number, then each name and value behind its length,
all lengths as zigzag varints. https://kafka.apache.org/documentation/#recordheader
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias, cast

import numpy as np
import numpy.typing as npt

Headers: TypeAlias = list[tuple[str, bytes]]
NDInt64: TypeAlias = npt.NDArray[np.int64]

NULL = -1
"""End of a key or a value that is null."""

NO_HEADERS_BLOCK = b"\x00"
NULL_VARINT = b"\x01"
"""The length -1, zigzag: a header whose value is null. None of ours, but whoever writes to a topic may send one; it is
read as None, against the type."""


_EDGES = np.arange(1 << 13)
_EDGES.flags.writeable = False
_NO_BLOCKS = NO_HEADERS_BLOCK * len(_EDGES)
"""Of as many records as a step has, made once: 64 KiB."""


class Event(NamedTuple):
    """A record as one object."""

    key: bytes | None
    value: bytes | None
    headers: Headers


class Span(NamedTuple):
    """Field i is data[starts[i]:ends[i]]; ends[i] is NULL for null."""

    data: Any
    """Bytes or another buffer (Python 3.11 has no type for that); never empty, as no bytes have no address."""
    starts: NDInt64
    ends: NDInt64

    def field(self, i: int) -> bytes | None:
        """A copy of field i."""
        return None if self.ends[i] == NULL else bytes(memoryview(self.data)[self.starts[i] : self.ends[i]])

    def as_list(self) -> list[bytes | None]:
        """A copy of every field; about 0.1 us each, however much else `data` holds."""
        data, starts, ends = self.trimmed()
        text = bytes(data)
        bounds = zip(starts.tolist(), ends.tolist(), strict=True)
        return [None if end == NULL else text[start:end] for start, end in bounds]

    def lengths(self) -> NDInt64:
        """Bytes of each field, NULL for null."""
        lengths: NDInt64 = np.where(self.ends == NULL, NULL, self.ends - self.starts)
        return lengths

    def joined(self) -> bytes | memoryview:
        """All fields, one behind the other; without a copy where they lie so already."""
        if len(self.starts) == 0:
            return b""
        if (self.starts[1:] == self.ends[:-1]).all() and self.ends[-1] != NULL:
            return memoryview(self.data)[self.starts[0] : self.ends[-1]]
        return b"".join(filter(None, self.as_list()))

    def trimmed(self) -> "Span":
        """The same fields, over no more of `data` than they lie in."""
        filled = self.ends != NULL
        if not filled.any():
            return Span(b" ", np.zeros_like(self.starts), self.ends)
        low, high = int(self.starts[filled].min()), int(self.ends[filled].max())
        moved = np.where(filled, self.ends - low, NULL)
        return Span(memoryview(self.data)[low:high], np.clip(self.starts - low, 0, high - low), moved)

    def part(self, start: int, stop: int) -> "Span":
        """The fields start..stop, over the same data."""
        return Span(self.data, self.starts[start:stop], self.ends[start:stop])

    def chosen(self, mask: npt.NDArray[np.bool_]) -> "Span":
        """The fields for which `mask` is true."""
        return Span(self.data, self.starts[mask], self.ends[mask])


class Packed(NamedTuple):
    """Records in the order in which they are published. The three spans are equally long."""

    keys: Span
    values: Span
    headers: Span

    @property
    def size(self) -> int:
        """How many records."""
        return len(self.values.starts)

    def values_size(self) -> int:
        """Bytes of all values."""
        return int(np.maximum(self.values.ends - self.values.starts, 0).sum())

    def part(self, start: int, stop: int) -> "Packed":
        """The records start..stop, over the same data."""
        return Packed(*(span.part(start, stop) for span in self))

    def trimmed(self) -> "Packed":
        """The same records, over no more data than they need."""
        return Packed(*(span.trimmed() for span in self))

    def pairs(self) -> list[tuple[bytes | None, bytes | None]]:
        """Keys and values; about 0.3 us a record."""
        return list(zip(self.keys.as_list(), self.values.as_list(), strict=True))

    def rows(self) -> list[tuple[bytes, bytes | None]]:
        """Keys and values of rows, whose keys are never null."""
        return cast(list[tuple[bytes, bytes | None]], self.pairs())

    def events(self) -> list[Event]:
        """Whole records; some 5 us each where there are headers."""
        blocks = self.headers.as_list()
        return [Event(*pair, decode_headers(block or b"")) for pair, block in zip(self.pairs(), blocks, strict=True)]


def no_headers(count: int) -> Span:
    """The headers of so many records that have none; end to end, so that they are joined without a copy."""
    if count < len(_EDGES):
        return Span(_NO_BLOCKS, _EDGES[:count], _EDGES[1 : count + 1])
    edges = np.arange(count + 1)
    return Span(NO_HEADERS_BLOCK * count, edges[:-1], edges[1:])


def headers_of(records: Sequence[Sequence[tuple[str, Any]]]) -> Span:
    """The headers of these records; a value may be None, see NULL_VARINT."""
    return span_of([encode_headers(headers) for headers in records]) if any(records) else no_headers(len(records))


def span_of(fields: Sequence[bytes | None]) -> Span:
    """Fields laid end to end."""
    lengths = np.fromiter((0 if field is None else len(field) for field in fields), np.int64, len(fields))
    ends = lengths.cumsum()
    starts = ends - lengths
    null = np.fromiter((field is None for field in fields), np.bool_, len(fields))
    return Span(b"".join(filter(None, fields)) + b" ", starts, np.where(null, NULL, ends))


def pack(records: Iterable[tuple[bytes | None, bytes | None, Headers]]) -> Packed:
    """Records that exist as objects already: a few a step."""
    events = list(records)
    if not events:
        return NOTHING
    blocks = headers_of([headers for _, _, headers in events])
    return Packed(span_of([key for key, _, _ in events]), span_of([value for _, value, _ in events]), blocks)


def alone(value: bytes) -> Packed:
    """One record without key and headers."""
    return Packed(_NULL, Span(value, _EDGES[:1], np.array([len(value)])), no_headers(1))


def in_one_text(key: bytes, value: bytes) -> Packed:
    """One record without headers whose key and value lie in the same text, as those of rows do."""
    text, edges = key + value, np.cumsum([0, len(key), len(value)])
    return Packed(Span(text, edges[:1], edges[1:2]), Span(text, edges[1:2], edges[2:]), no_headers(1))


def joined(*parts: Packed) -> Packed:
    """The records of all parts, in order."""
    filled = [part for part in parts if part.size]
    if not filled:
        return NOTHING
    if len(filled) == 1:
        return filled[0]
    texts: dict[tuple[int, ...], bytes] = {}
    return Packed(*(_joined(spans, texts) for spans in zip(*filled, strict=True)))


def _joined(spans: tuple[Span, ...], texts: dict[tuple[int, ...], bytes]) -> Span:
    """`texts` are those joined already, by their parts: keys and values of rows lie in the same."""
    parts = tuple(id(span.data) for span in spans)
    if parts not in texts:
        texts[parts] = b"".join(memoryview(span.data) for span in spans)
    shifts = np.cumsum([0, *(memoryview(span.data).nbytes for span in spans[:-1])]).tolist()
    moved = [np.where(span.ends == NULL, NULL, span.ends + at) for span, at in zip(spans, shifts, strict=True)]
    return Span(
        texts[parts],
        np.concatenate([span.starts + at for span, at in zip(spans, shifts, strict=True)]),
        np.concatenate(moved),
    )


def encode_headers(headers: Sequence[tuple[str, Any]]) -> bytes:
    """The block of these headers."""
    parts = [_varint(len(headers))]
    for name, value in headers:
        text = name.encode()
        parts += [_varint(len(text)), text]
        parts += [NULL_VARINT] if value is None else [_varint(len(value)), value]
    return b"".join(parts)


def decode_headers(block: bytes) -> Headers:
    """The headers of a block that `encode_headers` or compiled code made."""
    headers: Headers = []
    count, at = _read_varint(block, 0)
    for _ in range(count):
        length, at = _read_varint(block, at)
        name = block[at : at + length].decode("utf-8", "replace")
        at += length
        size, at = _read_varint(block, at)
        value: Any = block[at : at + size] if size >= 0 else None
        headers.append((name, value))
        at += max(size, 0)
    return headers


def _varint(number: int) -> bytes:
    """A number of at least 0: doubled (zigzag), then 7 bits a byte, the lowest first."""
    rest = number << 1
    out = bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def _read_varint(block: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = block[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            rest = number & 0xFFFFFFFF  # 32 bits, as Java reads it
            return (rest >> 1) ^ -(rest & 1), at
        shift += 7


_NULL = Span(b" ", _EDGES[:1], np.full(1, NULL))
_NONE = Span(b" ", np.zeros(0, np.int64), np.zeros(0, np.int64))
NOTHING = Packed(_NONE, _NONE, _NONE)
"""No records."""
