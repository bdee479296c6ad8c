"""Twenty years of the S&P 500: the engine's rolling peaks against pandas' own rolling maximum."""

import json
from typing import Any

import pandas as pd
import pytest
from arch.data import sp500

from risk_stream.demo.history import History
from risk_stream.demo.sp500 import CLOSE_HOUR_UTC, read_closes
from tests.demo.offline import Offline

WINDOWS = ("P1D", "P7D", "P30D", "TOTAL")


@pytest.fixture(scope="module")
def closes() -> "pd.Series[int]":
    """The index in hundredths of a point, at the time of each close; as the package itself loads it."""
    frame = sp500.load()
    cents: pd.Series[int] = (frame["Close"] * 100).round().astype("int64")
    cents.index = pd.DatetimeIndex(frame.index).tz_localize("UTC") + pd.Timedelta(hours=CLOSE_HOUR_UTC)
    return cents


@pytest.fixture(scope="module")
def history() -> History:
    """The scenario with its first three portfolios: the index, one with cash, a pensioner that borrowed."""
    return History(100, 3, 1)


def pictures(history: History, number: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The risk picture after each close of a portfolio's history, and all violation events: one step a valuation."""
    played = Offline(history.limits)
    holders = {one.portfolio_id: one for half in history.halves for one in half}
    for quarter in range(len(history.quarters)):
        for message in history.valuations(holders[f"H{number:04}"], quarter):
            played.step([message], ())
    records = played.logs.records
    found = ([json.loads(one.value or b"") for one in records[name]] for name in ("portfolio-risk", "violations"))
    return next(found), next(found)


def rolling(values: "pd.Series[int]", window: str) -> "list[int]":
    """pandas' maximum over the time (t - window, t]: with one value a day the 5-minute buckets hold the same days."""
    if window == "TOTAL":
        return list(values.cummax())
    return [int(peak) for peak in values.rolling(pd.Timedelta(window)).max()]


def cents(text: str) -> int:
    """Money text as cents; all of these have no more than two decimals."""
    return round(float(text) * 100)


def test_the_file_is_read_as_the_package_reads_it(closes: "pd.Series[int]") -> None:
    """Same days, same closes, without importing the package."""
    mine = read_closes()
    assert [one.cents for one in mine] == list(closes)
    assert [one.ts for one in mine] == [int(when.timestamp() * 1000) for when in closes.index]


def test_peaks_of_the_index(closes: "pd.Series[int]", history: History) -> None:
    """A portfolio of 1,000 index units: every peak of every window on each of 5,031 days."""
    seen, _ = pictures(history, 0)
    assert [cents(one["total_value"]) for one in seen] == [1_000 * close for close in closes]
    for window in WINDOWS:
        assert [cents(one["peaks"][window]) for one in seen] == [1_000 * peak for peak in rolling(closes, window)]


def test_peaks_follow_withdrawals(closes: "pd.Series[int]", history: History) -> None:
    """A pensioner's peaks fall with what is withdrawn: the rolling maximum of what it would have without."""
    seen, _ = pictures(history, 2)
    values = [cents(one["total_value"]) for one in seen]
    units, cash = 3_000, 3_000 * int(closes.iloc[0]) * -40 // 100
    withdrawn = [units * close + cash - value for close, value in zip(closes, values, strict=True)]
    assert withdrawn[0] == 0 and withdrawn == sorted(withdrawn) and len(set(withdrawn)) == 81
    for window in WINDOWS:
        gross = rolling(closes * units + cash, window)
        assert [cents(one["peaks"][window]) for one in seen] == [a - b for a, b in zip(gross, withdrawn, strict=True)]


def test_the_bear_markets_break_the_limits(history: History) -> None:
    """Drawdown limits are violated in 2000 to 2002 and in 2008, and not in the quiet years between."""
    _, events = pictures(history, 0)
    broken = {(event["limit_id"], event["ts"][:4]) for event in events if event["event"] == "DETECTED"}
    assert {("drawdown-total", "2002"), ("drawdown-total", "2008"), ("drawdown-30d", "2008")} <= broken
    quick = {year for limit, year in broken if not limit.startswith("drawdown-total")}
    assert quick >= {"2001", "2002", "2008"}
    assert not quick & {"2004", "2005", "2006", "2017"}
