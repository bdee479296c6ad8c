"""The scenario `history`: portfolios that hold the S&P 500 from 1999 to 2018, valued at every close.

On the first trading day of each quarter, and on the last day of all, they send orders, which are checked and never
filled: so the values are the market's own, and 2000 to 2002 and 2008 break the drawdown limits.
"""

import random
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from risk_stream.demo.rounds import HALVES, Message, Round, message, money, spread
from risk_stream.demo.sp500 import Close, read_closes

INDEX = "SPX"
BUSY_QUARTERS = {(2002, 4), (2009, 2)}
"""Near the bottoms. The orders of these quarters arrive at once, half of all there are."""
ORDER_SHARE = 0.04
TRADED_AFTER_CLOSE_MS = 4 * 3_600_000
MINUTE_MS = 60_000
FEE_PERCENT_A_QUARTER = 1


class Holder(NamedTuple):
    """A portfolio: `units` of the index and `cash` in cents, which is negative when it has borrowed.

    A pensioner withdraws each quarter; the index itself is what a test compares with pandas.
    """

    portfolio_id: str
    units: int
    cash: int
    pensioner: bool


class Withdrawn(NamedTuple):
    """Cash taken out by then, and with this valuation, in cents."""

    before: int
    now: int


class History:
    """See the module. `orders` and `portfolios` are how many there are in all."""

    def __init__(self, orders: int, portfolios: int, seed: int) -> None:
        self.limits = Path(__file__).with_name("history.toml").read_text("utf-8")
        self.portfolios = portfolios
        self.quarters = _quarters(read_closes())
        busy = [_quarter(days[0]) in BUSY_QUARTERS for days in self.quarters for _ in range(HALVES)]
        calm_weight = busy.count(True) / busy.count(False)
        counts = spread(orders, [1 if one else calm_weight for one in busy])
        self.rounds = [Round(count, not one) for count, one in zip(counts, busy, strict=True)]
        self._chance = random.Random(seed)
        holders = [_holder(n, self.quarters[0][0].cents) for n in range(portfolios)]
        self.halves = [holders[half::HALVES] or holders for half in range(HALVES)]
        self._names = 0

    def values(self, number: int, approved: Collection[str]) -> list[Message]:
        """The end of the orders approved last quarter, then every close since, up to the day of the next orders."""
        holders = self.halves[number % HALVES]
        cancelled = [_cancelled(order_id, self._before(number)[0].ts) for order_id in sorted(approved)]
        return [*cancelled, *(one for holder in holders for one in self.valuations(holder, number // HALVES))]

    def orders(self, number: int) -> list[Message]:
        """Some hours after the first close of the quarter, minute by minute."""
        day, count = self.quarters[number // HALVES][0], self.rounds[number].orders
        start = day.ts + TRADED_AFTER_CLOSE_MS
        holders = self.halves[number % HALVES]
        return [
            self._order(holders[n % len(holders)], day, start + n * MINUTE_MS // len(holders)) for n in range(count)
        ]

    def valuations(self, holder: Holder, quarter: int) -> Iterator[Message]:
        """The closes behind the first of the last quarter, up to the first of this one."""
        days = [*(self.quarters[quarter - 1][1:] if quarter else []), self.quarters[quarter][0]]
        for day in days:
            withdrawn = self._withdrawn(holder, quarter, day)
            total = holder.units * day.cents + holder.cash - withdrawn.before - withdrawn.now
            fields: dict[str, object] = {"total_value": money(total), "ts": day.ts}
            if withdrawn.now:
                fields["cash_flow"] = money(-withdrawn.now)
            if day is days[-1]:
                price = {"quantity": str(holder.units), "price": money(day.cents), "sector": "INDEX"}
                fields["positions"] = [{"symbol": INDEX, **price}]
            yield message(holder.portfolio_id, fields)

    def _withdrawn(self, holder: Holder, quarter: int, day: Close) -> Withdrawn:
        """A pensioner takes out a hundredth of the first value on the first trading day of each quarter."""
        if not holder.pensioner:
            return Withdrawn(0, 0)
        fee = holder.units * self.quarters[0][0].cents * FEE_PERCENT_A_QUARTER // 100
        due = quarter > 0 and day is self.quarters[quarter][0]
        before = max(quarter - 1, 0)
        return Withdrawn(before * fee, fee if due else 0)

    def _before(self, number: int) -> list[Close]:
        return self.quarters[max(number // HALVES - 1, 0)]

    def _order(self, holder: Holder, day: Close, ts: int) -> Message:
        self._names += 1
        price = max(1, round(day.cents * self._chance.uniform(0.97, 1.03)))
        quantity = 1 + self._chance.randrange(max(1, int(holder.units * ORDER_SHARE)))
        return message(
            holder.portfolio_id,
            {
                "order_id": f"{holder.portfolio_id}-{self._names}",
                "symbol": INDEX,
                "side": self._chance.choice(["BUY", "BUY", "SELL"]),
                "quantity": str(quantity),
                "price": money(price),
                "ts": ts,
            },
        )


def _quarters(closes: list[Close]) -> list[list[Close]]:
    """The trading days by quarter; the very last is a quarter of its own, so that every close leads up to a first."""
    *before, last = closes
    return [*(list(days) for _, days in groupby(before, _quarter)), [last]]


def _quarter(day: Close) -> tuple[int, int]:
    date = datetime.fromtimestamp(day.ts / 1000, UTC)
    return date.year, (date.month + 2) // 3


def _holder(number: int, cents: int) -> Holder:
    """The first is the index itself; the others own more or less of it, and every third draws a pension."""
    units = 1_000 * (1 + number % 7)
    geared = (0, 50, -40, 25, -15)[number % 5]  # cash in percent of the index held; borrowed where negative
    return Holder(f"H{number:04}", units, units * cents * geared // 100, number % 3 == 2)


def _cancelled(order_id: str, ts: int) -> Message:
    portfolio_id = order_id.partition("-")[0]
    fields = {"order_id": order_id, "execution_id": f"{order_id}-x", "status": "CANCELLED", "symbol": INDEX}
    return message(portfolio_id, {"type": "EXECUTION", **fields, "side": "BUY", "ts": ts})
