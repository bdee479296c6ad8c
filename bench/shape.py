"""Which orders a benchmark sends: how many, over how many portfolios, drawn the same way each time."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

SYMBOLS = 500
START_MS = 1_750_000_000_000
"""Every order's own time starts here, ten a millisecond: a run always has the same answers. 10 M stay in one day."""


class Draw(NamedTuple):
    """One order before it is written down; prices in hundredths."""

    number: int
    portfolio: int
    symbol: int
    buy: bool
    quantity: int
    price_cents: int

    @property
    def ts(self) -> int:
        """The order's own time, epoch ms."""
        return START_MS + self.number // 10


@dataclass(frozen=True, slots=True)
class Shape:
    """`orders` over `portfolios`, evenly; `hot` puts all into one, `cold` sends 1 % to any of `known` portfolios."""

    orders: int
    portfolios: int
    kind: str = "uniform"
    known: int = 0
    seed: int = 1

    @property
    def valued(self) -> int:
        """How many portfolios have a value."""
        return max(self.portfolios, self.known)

    @property
    def rate_max(self) -> int:
        """Orders a portfolio and day that refuses one or two orders in a hundred: mean plus a standard deviation."""
        if self.kind == "hot":
            return max(1, self.orders * 98 // 100)
        mean = self.orders / self.portfolios
        return int(mean + mean**0.5) + 1

    def draws(self) -> Iterator[Draw]:
        """The orders, in the order in which they are sent (2 us each)."""
        rnd = random.Random(self.seed)
        below, hot, cold = rnd.random, self.kind == "hot", self.kind == "cold"
        for number in range(self.orders):
            portfolio = 0 if hot else int(below() * self.portfolios)
            if cold and number % 100 == 0:
                portfolio = int(below() * self.known)
            yield Draw(
                number,
                portfolio,
                int(below() * SYMBOLS),
                below() < 0.5,
                1 + int(below() * 999),
                1000 + int(below() * 24000),
            )


def portfolio_id(number: int) -> str:
    """The name of a portfolio."""
    return f"pf-{number:07d}"
