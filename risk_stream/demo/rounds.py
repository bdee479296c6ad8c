"""A demo is played in rounds: the portfolios are in two halves that take turns.

In round r one half sends its orders while the values of the other half's next orders arrive, and the round ends when
its orders are decided. So both inputs flow at the same time, and still each order meets exactly the values it should:
what is decided depends on the seed alone, not on timing.
"""

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol

import msgspec

HALVES = 2


class Message(NamedTuple):
    """A record to send: to the partition of its key."""

    key: bytes
    value: bytes


class Round(NamedTuple):
    """Every second round belongs to the same half."""

    orders: int
    paced: bool
    """Sent at a steady pace, for the latency; else all at once, for the rate."""


class Scenario(Protocol):
    """Makes the messages; the same arguments give the same messages, when asked in the order of the rounds."""

    @property
    def limits(self) -> str:
        """A limits file, as text."""
        ...

    @property
    def portfolios(self) -> int:
        """How many there are."""
        ...

    @property
    def rounds(self) -> Sequence[Round]:
        """How many orders each has."""
        ...

    def values(self, number: int, approved: Collection[str]) -> list[Message]:
        """What happens to the half of round `number` before its orders; `approved` of its last round's orders."""
        ...

    def orders(self, number: int) -> list[Message]:
        """The orders of a round."""
        ...


def spread(orders: int, weights: Sequence[float]) -> list[int]:
    """Share orders out by weight; they add up exactly."""
    total, bounds, behind = sum(weights), [0], 0.0
    for weight in weights:
        behind += weight
        bounds.append(round(orders * behind / total))
    return [after - before for before, after in pairwise(bounds)]


def message(portfolio_id: str, fields: dict[str, object]) -> Message:
    """A record of a portfolio, as JSON."""
    return Message(portfolio_id.encode(), msgspec.json.encode({"portfolio_id": portfolio_id, **fields}))


def money(cents: int) -> str:
    """Cents as decimal text."""
    sign, cents = ("-", -cents) if cents < 0 else ("", cents)
    return f"{sign}{cents // 100}.{cents % 100:02}"
