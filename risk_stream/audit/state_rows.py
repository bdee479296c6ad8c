"""Rows of portfolios as a Parquet file, sorted by key, and back; a group of rows in memory at a time."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from risk_stream.audit.log import LogError

GROUP_ROWS = 20_000
GROUP_BYTES = 16 << 20
"""A group is written when it has so many rows or bytes; a row of many positions can be large."""
BATCH_ROWS = 4_000
COMPRESSION: Final = "zstd"
SCHEMA: Final = pa.schema([pa.field(name, pa.binary(), nullable=False) for name in ("key", "value")])

Row = tuple[bytes, bytes]


def write_rows(path: Path, rows: Iterable[Row]) -> int:
    """Write the rows, which come in key order; how many there are. The same rows give the same bytes."""
    count = 0
    with pq.ParquetWriter(path, SCHEMA, compression=COMPRESSION, use_dictionary=False) as writer:
        for group in _groups(rows):
            columns = [pa.array(column, pa.binary()) for column in zip(*group, strict=True)]
            writer.write_table(pa.Table.from_arrays(columns, schema=SCHEMA))
            count += len(group)
    return count


def read_rows(path: Path) -> Iterator[list[Row]]:
    """The rows in lists of at most BATCH_ROWS. LogError when the file cannot be read."""
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH_ROWS, columns=SCHEMA.names, use_threads=False):
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
