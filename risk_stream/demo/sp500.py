"""The daily S&P 500 of 1999 to 2018, out of the package `arch`, which ships it as a data file.

The file is read as it lies there: importing the package would take seconds and bring pandas, scipy and more.
"""

import csv
import gzip
import io
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

CLOSE_HOUR_UTC = 21  # 16:00 in New York, in winter


class HistoryError(Exception):
    """The prices are not to be had; says what to install."""


class Close(NamedTuple):
    """The index at the close of a trading day; `cents` are hundredths of a point, `ts` is in epoch milliseconds."""

    ts: int
    cents: int


def read_closes() -> list[Close]:
    """Every trading day, in order. Raises HistoryError."""
    spec = find_spec("arch")
    if spec is None or not spec.submodule_search_locations:
        raise HistoryError("The S&P 500 comes with the package arch: pip install 'risk-stream[demo]'")
    file = Path(spec.submodule_search_locations[0]) / "data" / "sp500" / "sp500.csv.gz"
    try:
        text = gzip.decompress(file.read_bytes()).decode()
    except OSError as error:
        raise HistoryError(f"{file}: {error}; another version of arch may help: pip install 'arch>=7'") from error
    return [_close(row) for row in csv.DictReader(io.StringIO(text))]


def _close(row: dict[str, str]) -> Close:
    day = datetime.strptime(row["Date"], "%m/%d/%Y").replace(hour=CLOSE_HOUR_UTC, tzinfo=UTC)
    return Close(int(day.timestamp()) * 1000, round(float(row["Close"]) * 100))
