"""The model's shortcuts (bisection, one maximum a bucket) against counting and scanning everything."""

from hypothesis import given
from hypothesis import strategies as st

from risk_stream.audit.naive.history import IDS_MAX, RecentIds, count_before_window
from risk_stream.audit.naive.peaks import Peaks

DAY_MS = 86_400_000
VALUATIONS = st.lists(
    st.tuples(st.integers(0, 40 * DAY_MS), st.integers(-100, 100), st.integers(-9, 9)), min_size=1, max_size=30
)
WINDOWS = st.one_of(st.integers(60, 10_000), st.sampled_from([60_000, 3_600_000, DAY_MS, 30 * DAY_MS]))


@given(st.lists(st.integers(0, 200_000), max_size=40), st.integers(0, 100_000), WINDOWS)
def test_window_by_bisection(times: list[int], later: int, window_ms: int) -> None:
    """As counting the buckets of all dates."""
    dates = sorted(times)
    now = max(dates, default=0) + later
    newest = 60 * now // window_ms
    inside = [date for date in dates if newest - 60 < 60 * date // window_ms <= newest]
    assert len(dates) - count_before_window(dates, now, window_ms) == len(inside)


@given(
    st.lists(
        st.tuples(st.integers(0, 40 * DAY_MS), st.integers(-100, 100), st.integers(-9, 9)), min_size=1, max_size=30
    ),
    st.integers(0, 2 * DAY_MS),
    st.sampled_from([("P1D", 288), ("P7D", 2016), ("P30D", 8640)]),
)
def test_peak_by_bucket(valuations: list[tuple[int, int, int]], later: int, window: tuple[str, int]) -> None:
    """As scanning all valuations, each moved by the cash flows after it."""
    valuations.sort()
    peaks = Peaks()
    for ts, total_value, cash_flow in valuations:
        peaks.add(ts, total_value, cash_flow)
    now = valuations[-1][0] + later
    name, buckets = window
    values = []
    for number, (ts, total_value, _) in enumerate(valuations):
        is_last = number == len(valuations) - 1
        if is_last or now // 300_000 - buckets < ts // 300_000:
            values.append(total_value + sum(flow for _, _, flow in valuations[number + 1 :]))
    assert peaks.peak(name, now) == max(values)


def test_last_ten_thousand_ids() -> None:
    """The ten-thousandth id before counts, the one before that does not; a repeat counts from its last time."""
    ids = RecentIds()
    for number in range(IDS_MAX + 1):
        ids.add(f"o{number}", number)
    assert ids.date_of("o0") is None
    assert ids.date_of("o1") == 1
    ids.add("o0", 7)
    assert ids.date_of("o0") == 7
    assert ids.date_of("o1") is None
