"""Recorded records as Parquet columns and back.

Every file has offset, timestamp, key and value as they were; outputs have headers, too. Beside them stand the fields
that people ask for, so that SQL over an archive needs no JSON; they are never read back.
"""

from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from risk_stream.audit.log import DEAD_LETTERS, DECISIONS, JOURNAL, OUTPUTS, VIOLATIONS
from risk_stream.messages.compiled.header_blocks import header_blocks
from risk_stream.messages.packed import NULL, Packed, Span, no_headers
from risk_stream.messages.records import Recorded

HEADERS = pa.list_(pa.struct([("name", pa.string()), ("value", pa.binary())]))
_BASE: Final = [
    pa.field("offset", pa.int64(), nullable=False),
    pa.field("timestamp", pa.timestamp("ms", "UTC"), nullable=False),
    pa.field("key", pa.binary()),
    pa.field("value", pa.binary()),
]


_Integer = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""What fits in a column."""


class _Decision(msgspec.Struct):
    order_id: str | None = None
    portfolio_id: str | None = None
    symbol: str | None = None
    decision: str | None = None
    code: str | None = None


class _Violation(msgspec.Struct):
    event: str | None = None
    trigger: str | None = None
    limit_id: str | None = None
    kind: str | None = None
    severity: str | None = None
    mode: str | None = None
    portfolio_id: str | None = None
    symbol: str | None = None


class _Journal(msgspec.Struct):
    seq: _Integer | None = None
    controls: _Integer | None = None
    chain: str | None = None


_EXTRAS: Final[dict[str, Any]] = {DECISIONS: _Decision, VIOLATIONS: _Violation, JOURNAL: _Journal}
_TYPES: Final = {"seq": pa.int64(), "controls": pa.int64()}


def schema_of(topic: str) -> pa.Schema:
    """The columns of a topic's files."""
    fields = [*_BASE, pa.field("headers", HEADERS)] if topic in OUTPUTS else list(_BASE)
    extra = _EXTRAS.get(topic)
    names = extra.__struct_fields__ if extra is not None else ()
    fields += [pa.field(name, _TYPES.get(name, pa.string())) for name in names]
    if topic == DEAD_LETTERS:
        fields += [pa.field("reason", pa.string()), pa.field("source", pa.string())]
    return pa.schema(fields)


def to_table(topic: str, records: Recorded) -> pa.Table:
    """The records as a table of that schema."""
    events = records.packed.events()
    values, headers = [one.value for one in events], [one.headers for one in events]
    columns: list[Any] = [records.offsets, records.timestamps, [one.key for one in events], values]
    if topic in OUTPUTS:
        columns.append([[{"name": name, "value": value} for name, value in one] for one in headers])
    extra = _EXTRAS.get(topic)
    if extra is not None:
        read = _reader(extra)
        rows = [read(value) for value in values]
        columns += [[getattr(row, name) for row in rows] for name in extra.__struct_fields__]
    if topic == DEAD_LETTERS:
        named = [dict(one) for one in headers]
        columns += [
            [(one.get(name) or b"").decode("utf-8", "replace") for one in named] for name in ("reason", "source")
        ]
    schema = schema_of(topic)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def stored_columns(topic: str) -> list[str]:
    """The columns that `from_batch` needs."""
    return ["offset", "timestamp", "key", "value", *(["headers"] if topic in OUTPUTS else [])]


def from_batch(batch: pa.RecordBatch) -> Recorded:
    """The records of a batch with the stored columns."""
    keys, values = _span(batch.column("key")), _span(batch.column("value"))
    headers = _headers(batch.column("headers")) if "headers" in batch.schema.names else no_headers(batch.num_rows)
    return Recorded(
        _integers(batch.column("offset"), pa.int64()),
        _integers(batch.column("timestamp"), pa.timestamp("ms", "UTC")),
        Packed(keys, values, headers),
    )


# Neither Array.to_numpy nor a cast that changes nothing: pyarrow loads pandas for the one, 0.5 s, and its kernels for
# the other, 0.15 s.


def _integers(column: pa.Array, kind: pa.DataType) -> npt.NDArray[np.int64]:
    """A column of 64-bit integers, or of what is stored as such, where it lies."""
    stored = _as(kind, column)
    return np.frombuffer(stored.buffers()[1] or b"", np.int64)[stored.offset : stored.offset + len(stored)]


def _span(column: pa.Array) -> Span:
    """A column of bytes or text, where it lies."""
    stored = column if column.type == pa.string() else _as(pa.binary(), column)
    valid, _, data = stored.buffers()
    edges = _edges(stored)
    ends = edges[1:]
    if valid is not None:
        bits = np.unpackbits(np.frombuffer(valid, np.uint8), bitorder="little")
        ends = np.where(bits[stored.offset : stored.offset + len(stored)], ends, NULL)
    return Span(np.frombuffer(data or b" ", np.uint8), edges[:-1], ends)


def _headers(column: pa.ListArray) -> Span:
    edges = _edges(column)
    first, count = int(edges[0]), int(edges[-1] - edges[0])
    if count == 0:
        return no_headers(len(column))
    names, values = (_span(one) for one in column.values.slice(first, count).flatten())
    names = names._replace(ends=np.where(names.ends == NULL, names.starts, names.ends))  # a header always has a name
    return header_blocks(edges - first, names, values)


def _edges(column: pa.Array) -> npt.NDArray[np.int64]:
    """Where each field of a column of variable length starts, and where the last one ends."""
    bounds = np.frombuffer(column.buffers()[1] or bytes(4), np.int32)
    return bounds[column.offset : column.offset + len(column) + 1].astype(np.int64)


def _as(kind: pa.DataType, column: pa.Array) -> pa.Array:
    return column if column.type == kind else column.cast(kind)


def _reader(extra: Any) -> Callable[[bytes | None], Any]:
    decoder, nothing = msgspec.json.Decoder(extra), extra()

    def read(value: bytes | None) -> Any:
        try:
            return decoder.decode(value or b"")
        except msgspec.MsgspecError:
            return nothing

    return read
