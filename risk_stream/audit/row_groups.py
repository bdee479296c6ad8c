"""A Parquet file read in batches that never cross its row groups: those are bounded in bytes when they are written."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

COMPRESSION: Final = "zstd"
GROUP_ROWS: Final = 20_000
"""About 10 MB of decisions."""
GROUP_BYTES: Final = 16 << 20
"""A group is written when it has so many rows or bytes, whichever comes first: one row can be a megabyte."""
BATCH_ROWS: Final = 4_000


def batches(path: Path, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """The rows in batches of at most BATCH_ROWS."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield from file.iter_batches(BATCH_ROWS, [group], columns, use_threads=False)
