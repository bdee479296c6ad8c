"""Rows of portfolios that left memory during a replay: a RocksDB directory that is thrown away afterwards."""

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import rocksdict

CACHE_BYTES = 8 * 1024 * 1024
WRITE_BUFFER_BYTES = 16 * 1024 * 1024
OPEN_FILES_MAX = 256


class ScratchRows:
    """A RowSource that can be written. Nothing survives leaving the `with` block, nor has to: a replay starts anew.

    The directory is there from the first rows on: a short replay, or one of few portfolios, never writes any.
    """

    def __init__(self) -> None:
        self._path: Path | None = None
        self._db: Any = None

    def _open(self) -> Any:
        self._path = Path(tempfile.mkdtemp(prefix="risk-stream-replay-"))
        options = rocksdict.Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_max_open_files(OPEN_FILES_MAX)
        options.set_write_buffer_size(WRITE_BUFFER_BYTES)
        table = rocksdict.BlockBasedOptions()
        table.set_block_cache(rocksdict.Cache(CACHE_BYTES))
        table.set_bloom_filter(10, False)
        options.set_block_based_table_factory(table)
        db: Any = rocksdict.Rdict(str(self._path), options=options)
        unlogged: Any = rocksdict.WriteOptions()
        unlogged.disable_wal = True
        db.set_write_options(unlogged)
        return db

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._db is not None:
            self._db.close()
        if self._path is not None:
            shutil.rmtree(self._path, ignore_errors=True)

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        """The values of the keys, None where there is none."""
        if self._db is None:
            return [None] * len(keys)
        values: list[bytes | None] = self._db.get(keys)
        return values

    def put(self, rows: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Write rows; None deletes."""
        if self._db is None:
            self._db = self._open()
        batch = rocksdict.WriteBatch(raw_mode=True)
        for key, value in rows:
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        self._db.write(batch)

    def rows(self) -> Iterable[tuple[bytes, bytes]]:
        """All rows, in key order."""
        found: Iterable[tuple[bytes, bytes]] = self._db.items() if self._db is not None else ()
        return found
