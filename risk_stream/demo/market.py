"""The scenario `market`: some hundred portfolios over four weeks, and one day on which everything falls.

Half of the orders arrive on that day, as fast as they can be sent; the others at a steady pace.
"""

import random
from collections.abc import Collection, Iterator
from pathlib import Path

from risk_stream.demo.account import Account, open_account
from risk_stream.demo.fates import executions
from risk_stream.demo.orders import OrderFlow
from risk_stream.demo.prices import RESTRICTED, make_prices, make_symbols
from risk_stream.demo.rounds import HALVES, Message, Round, message, money, spread

DAYS, CRASH_DAY = 20, 12
DAY_MS = 86_400_000
START_MS = 1_736_121_600_000  # 2025-01-06, a Monday; every day is a trading day
VALUED_MS, TRADED_MS, CLOSED_MS = 8 * 3_600_000, 9 * 3_600_000, 16 * 3_600_000  # of the day
SNAPSHOT_EVERY_DAYS = 2
CASH_FLOW_SHARE = 0.02
LATE_SHARE, UNREADABLE_SHARE = 0.005, 0.001


class Market:
    """See the module. `orders` and `portfolios` are how many there are in all."""

    def __init__(self, orders: int, portfolios: int, seed: int) -> None:
        self.limits = Path(__file__).with_name("market.toml").read_text("utf-8")
        self.portfolios = portfolios
        counts = spread(orders, [DAYS - 1 if day == CRASH_DAY else 1 for day in range(DAYS) for _ in range(HALVES)])
        self.rounds = [Round(count, number // HALVES != CRASH_DAY) for number, count in enumerate(counts)]
        self._chance = random.Random(seed)
        symbols = make_symbols()
        priced = [*symbols, RESTRICTED]
        self._sectors = {one.name: one.sector for one in priced}
        self._prices = make_prices(self._chance, priced, DAYS, CRASH_DAY)
        accounts = [open_account(self._chance, f"P{n:05}", symbols, self._prices[0]) for n in range(portfolios)]
        self._halves = [accounts[half::HALVES] or accounts for half in range(HALVES)]
        self._flow = OrderFlow(self._chance, symbols)

    def values(self, number: int, approved: Collection[str]) -> list[Message]:
        """Executions, then a valuation of each portfolio of the half."""
        day = number // HALVES
        found: list[Message] = []
        for account in self._halves[number % HALVES]:
            found += executions(self._chance, account, approved)
            found += self._valuations(account, day)
        return found

    def orders(self, number: int) -> list[Message]:
        """Spread over the day and over the half's portfolios."""
        day, count = number // HALVES, self.rounds[number].orders
        accounts, prices = self._halves[number % HALVES], self._prices[number // HALVES]
        start = START_MS + day * DAY_MS
        times = [start + TRADED_MS + n * (CLOSED_MS - TRADED_MS) // count for n in range(count)]
        return [self._flow.order(self._chance.choice(accounts), prices, ts) for ts in times]

    def _valuations(self, account: Account, day: int) -> Iterator[Message]:
        if self._chance.random() < UNREADABLE_SHARE:
            yield Message(account.portfolio_id.encode(), b'{"portfolio_id": "' + account.portfolio_id.encode())
        flow = 0
        if self._chance.random() < CASH_FLOW_SHARE:
            flow = account.cash // 10
            account.cash += flow
        valuation = self._valuation(account, day, flow)
        yield valuation
        if self._chance.random() < LATE_SHARE:
            yield valuation  # once more: the sequence does not rise, it is ignored

    def _valuation(self, account: Account, day: int, flow: int) -> Message:
        prices = self._prices[day]
        account.sequence += 1
        fields: dict[str, object] = {"total_value": money(account.total_value(prices)), "sequence": account.sequence}
        if flow:
            fields["cash_flow"] = money(flow)
        if day % SNAPSHOT_EVERY_DAYS == 0:
            fields["positions"] = [
                {"symbol": name, "quantity": str(held), "price": money(prices[name]), "sector": self._sectors[name]}
                for name, held in account.held.items()
            ]
        fields["metrics"] = {"var_99": round(self._chance.uniform(0.01, 0.047), 4)}
        return message(account.portfolio_id, {**fields, "ts": START_MS + day * DAY_MS + VALUED_MS})
