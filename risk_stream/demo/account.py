"""A portfolio of the made-up market: cash, holdings, and the orders that were sent and may be filled."""

import random
from dataclasses import dataclass, field
from typing import NamedTuple

from risk_stream.demo.prices import Symbol

HOLDINGS_MAX = 8


class Sent(NamedTuple):
    """A valid order as the account remembers it until its fate is known."""

    order_id: str
    symbol: str
    side: str
    quantity: int
    price_cents: int
    ts: int


@dataclass
class Account:
    """All money in cents."""

    portfolio_id: str
    cash: int
    held: dict[str, int] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    sequence: int = 0
    orders: int = 0
    executions: int = 0

    def next_execution_id(self) -> str:
        """A new one."""
        self.executions += 1
        return f"{self.portfolio_id}-e{self.executions}"

    def next_order_id(self) -> str:
        """A new one."""
        self.orders += 1
        return f"{self.portfolio_id}-o{self.orders}"

    def total_value(self, prices: dict[str, int]) -> int:
        """Cash and holdings."""
        return self.cash + sum(quantity * prices[symbol] for symbol, quantity in self.held.items())

    def fill(self, order: Sent, quantity: int) -> None:
        """Book a fill at the order's price."""
        signed = quantity if order.side == "BUY" else -quantity
        self.cash -= signed * order.price_cents
        held = self.held.get(order.symbol, 0) + signed
        if held:
            self.held[order.symbol] = held
        else:
            del self.held[order.symbol]


def open_account(chance: random.Random, portfolio_id: str, symbols: list[Symbol], prices: dict[str, int]) -> Account:
    """A portfolio that holds some symbols; one in five has borrowed half as much as it owns."""
    equity = chance.randrange(50_000_000, 500_000_000)  # 0.5 to 5 million
    share = chance.uniform(1.2, 1.5) if chance.random() < 0.2 else chance.uniform(0.4, 0.9)
    account = Account(portfolio_id, equity)
    chosen = chance.sample(symbols, chance.randrange(4, HOLDINGS_MAX + 1))
    for symbol in chosen:
        price = prices[symbol.name]
        quantity = int(equity * share / len(chosen)) // price
        if quantity:
            account.held[symbol.name] = quantity
            account.cash -= quantity * price
    return account
