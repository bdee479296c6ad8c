"""Executions: what became of an approved order at the venue."""

from enum import StrEnum

import msgspec

from risk_stream.messages.order import Side


class ExecutionStatus(StrEnum):
    """The first two are fills, all but the first close the order."""

    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"

    @property
    def is_fill(self) -> bool:
        """Whether it moves a position, and so must carry a quantity and a price."""
        return self in (ExecutionStatus.PARTIALLY_FILLED, ExecutionStatus.FILLED)


class Execution(msgspec.Struct, frozen=True, gc=False):
    """A well-formed execution. Quantity and price in units of 10^-8 (None if not given), `ts` in epoch ms."""

    portfolio_id: str
    order_id: str
    execution_id: str
    status: ExecutionStatus
    symbol: str
    side: Side
    last_quantity: int | None
    last_price: int | None
    ts: int
