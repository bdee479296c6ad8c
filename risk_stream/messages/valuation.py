"""Valuations: what a portfolio is worth, and what it holds."""

import msgspec


class Position(msgspec.Struct, frozen=True, gc=False):
    """One line of a snapshot: signed quantity and price in units of 10^-8."""

    symbol: str
    quantity: int
    price: int
    sector: str | None


class Valuation(msgspec.Struct, frozen=True, gc=False):
    """A well-formed valuation. Money in units of 10^-4, `ts` in epoch milliseconds.

    `positions` None means no snapshot (what is known stays); an empty tuple is a snapshot of nothing held.
    """

    portfolio_id: str
    total_value: int
    cash_flow: int
    positions: tuple[Position, ...] | None
    metrics: dict[str, float]
    sequence: int | None
    ts: int
