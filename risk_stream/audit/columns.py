"""Recorded records as Parquet columns and back.

Every file has offset, timestamp, key and value as they were; outputs have headers, too. Beside them stand the fields
that people ask for, so that SQL over an archive needs no JSON; they are never read back.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec
import pyarrow as pa

from risk_stream.audit.log import DEAD_LETTERS, DECISIONS, JOURNAL, OUTPUTS, VIOLATIONS
from risk_stream.audit.recorded import Headers, Recorded

HEADERS = pa.list_(pa.struct([("name", pa.string()), ("value", pa.binary())]))
_BASE: Final = [
    pa.field("offset", pa.int64(), nullable=False),
    pa.field("timestamp", pa.timestamp("ms", "UTC"), nullable=False),
    pa.field("key", pa.binary()),
    pa.field("value", pa.binary()),
]


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
    seq: int | None = None
    controls: int | None = None
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
    columns: list[Any] = [records.offsets, records.timestamps, records.keys, records.values]
    if topic in OUTPUTS:
        columns.append([[{"name": name, "value": value} for name, value in one] for one in records.headers])
    extra = _EXTRAS.get(topic)
    if extra is not None:
        read = _reader(extra)
        rows = [read(value) for value in records.values]
        columns += [[getattr(row, name) for row in rows] for name in extra.__struct_fields__]
    if topic == DEAD_LETTERS:
        named = [dict(headers) for headers in records.headers]
        columns += [[one.get(name, b"").decode("utf-8", "replace") for one in named] for name in ("reason", "source")]
    schema = schema_of(topic)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def stored_columns(topic: str) -> list[str]:
    """The columns that `from_batch` needs."""
    return ["offset", "timestamp", "key", "value", *(["headers"] if topic in OUTPUTS else [])]


def from_batch(batch: pa.RecordBatch) -> Recorded:
    """The records of a batch with the stored columns."""
    count = batch.num_rows
    headers: list[Headers] = [()] * count
    if "headers" in batch.schema.names and len(batch.column("headers").flatten()):
        lists = batch.column("headers").to_pylist()
        headers = [tuple((one["name"], one["value"]) for one in own) for own in lists]
    return Recorded(
        batch.column("offset").to_numpy().tolist(),
        batch.column("timestamp").cast(pa.int64()).to_numpy().tolist(),
        batch.column("key").to_pylist(),
        batch.column("value").to_pylist(),
        headers,
    )


def _reader(extra: Any) -> Callable[[bytes | None], Any]:
    decoder, nothing = msgspec.json.Decoder(extra), extra()

    def read(value: bytes | None) -> Any:
        try:
            return decoder.decode(value or b"")
        except msgspec.MsgspecError:
            return nothing

    return read
