"""Rows of portfolios as a Parquet file, sorted by key, and back; a group of rows in memory at a time."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from risk_stream.audit.disk import naming
from risk_stream.audit.log import LogError
from risk_stream.audit.row_groups import COMPRESSION, GROUP_BYTES, GROUP_ROWS, batches

SCHEMA: Final = pa.schema([pa.field(name, pa.binary(), nullable=False) for name in ("key", "value")])

Row = tuple[bytes, bytes]


def write_rows(path: Path, rows: Iterable[Row]) -> int:
    """Write the rows, which come in key order; how many there are. The same rows give the same bytes."""
    count = 0
    with naming(path), pq.ParquetWriter(path, SCHEMA, compression=COMPRESSION, use_dictionary=False) as writer:
        for group in _groups(rows):
            columns = [pa.array(column, pa.binary()) for column in zip(*group, strict=True)]
            writer.write_table(pa.Table.from_arrays(columns, schema=SCHEMA))
            count += len(group)
    return count


def read_rows(path: Path) -> Iterator[list[Row]]:
    """The rows in short lists. LogError when the file cannot be read."""
    try:
        for batch in batches(path, SCHEMA.names):
            yield list(zip(*(column.to_pylist() for column in batch.columns), strict=True))
    except (OSError, pa.ArrowException) as error:
        raise LogError(f"{path}: {error}") from error


def _groups(rows: Iterable[Row]) -> Iterator[list[Row]]:
    group: list[Row] = []
    size = 0
    for key, value in rows:
        group.append((key, value))
        size += len(key) + len(value)
        if len(group) == GROUP_ROWS or size >= GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group
