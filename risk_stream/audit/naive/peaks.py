"""The greatest total value of each rolling window, by keeping one maximum per 5-minute bucket and scanning them."""

from risk_stream.audit.naive.limits import PEAK_BUCKETS

BUCKET_MS = 300_000
BUCKETS_MAX = 8_640  # P30D, the longest window but TOTAL


class Peaks:
    """Total values in money, kept net of the cash flows up to them, so that today's capital is one addition away."""

    def __init__(self) -> None:
        self.flows = 0
        self.last: int | None = None
        self.best_by_bucket: dict[int, int] = {}
        self.best_ever: int | None = None

    def add(self, ts: int, total_value: int, cash_flow: int) -> None:
        """A valuation; its cash flow moves all earlier values by its amount."""
        self.flows += cash_flow
        net = total_value - self.flows
        bucket = ts // BUCKET_MS
        self.best_by_bucket[bucket] = max(net, self.best_by_bucket.get(bucket, net))
        self.best_ever = net if self.best_ever is None else max(net, self.best_ever)
        self.last = net
        if len(self.best_by_bucket) > BUCKETS_MAX + 1_000:  # time never goes back: what left 30 days never comes back
            oldest = bucket - BUCKETS_MAX + 1
            self.best_by_bucket = {at: best for at, best in self.best_by_bucket.items() if at >= oldest}

    def rebase(self, ts: int) -> None:
        """All windows hold only the last valuation, whose time is `ts`."""
        if self.last is not None:
            self.best_by_bucket = {ts // BUCKET_MS: self.last}
            self.best_ever = self.last

    def peak(self, window: str, now: int) -> int:
        """The peak of a window at T = `now`; only asked after the first valuation."""
        assert self.last is not None and self.best_ever is not None
        buckets = PEAK_BUCKETS[window]
        if buckets is None:
            return self.best_ever + self.flows
        newest = now // BUCKET_MS
        inside = [best for bucket, best in self.best_by_bucket.items() if newest - buckets < bucket <= newest]
        return max([self.last, *inside]) + self.flows
