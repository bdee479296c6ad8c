"""A made-up market: prices of some symbols over some days, with one day on which everything falls."""

import random
from typing import NamedTuple

SECTORS = ("BANKS", "ENERGY", "HEALTH", "RETAIL", "TECH", "UTILITIES")
SYMBOLS_PER_SECTOR = 6
DAILY_VOLATILITY = 0.015
CRASH_MIN, CRASH_MAX = 0.10, 0.18
FIRST_PRICE_CENTS_MIN, FIRST_PRICE_CENTS_MAX = 1_000, 40_000
PRICE_CENTS_MIN = 100


class Symbol(NamedTuple):
    """A security."""

    name: str
    sector: str


RESTRICTED = Symbol("ENRON", "ENERGY")
"""It has a price, and nobody may trade it."""


def make_symbols() -> list[Symbol]:
    """The securities that may be traded: TECH1, TECH2, ..."""
    return [Symbol(f"{sector}{n + 1}", sector) for sector in SECTORS for n in range(SYMBOLS_PER_SECTOR)]


def make_prices(chance: random.Random, symbols: list[Symbol], days: int, crash_day: int) -> list[dict[str, int]]:
    """The prices of each day in cents: a random walk, except for the crash."""
    today = {one.name: chance.randrange(FIRST_PRICE_CENTS_MIN, FIRST_PRICE_CENTS_MAX) for one in symbols}
    path = [today]
    for day in range(1, days):
        today = {name: _next(chance, cents, day == crash_day) for name, cents in today.items()}
        path.append(today)
    return path


def _next(chance: random.Random, cents: int, crash: bool) -> int:
    move = -chance.uniform(CRASH_MIN, CRASH_MAX) if crash else chance.gauss(0, DAILY_VOLATILITY)
    return max(PRICE_CENTS_MIN, round(cents * (1 + move)))
