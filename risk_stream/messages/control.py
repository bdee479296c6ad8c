"""Controls: limit changes and operator commands, each with who gave it and why."""

from typing import TypeAlias

import msgspec

from risk_stream.messages.limit import Limit


class SetLimit(msgspec.Struct, frozen=True, gc=False):
    """Put this limit in force, in place of the whole limit of the same id. `ts` in epoch ms, here and below."""

    limit: Limit
    actor: str
    reason: str
    ts: int


class RemoveLimit(msgspec.Struct, frozen=True, gc=False):
    """Take a limit out of force."""

    limit_id: str
    actor: str
    reason: str
    ts: int


class Halt(msgspec.Struct, frozen=True, gc=False):
    """Refuse every order of a portfolio, or of the whole firm (None)."""

    portfolio_id: str | None
    actor: str
    reason: str
    ts: int


class Reduce(msgspec.Struct, frozen=True, gc=False):
    """Refuse every order that is not strictly reducing, of a portfolio or of the whole firm (None)."""

    portfolio_id: str | None
    actor: str
    reason: str
    ts: int


class Resume(msgspec.Struct, frozen=True, gc=False):
    """Back to ACTIVE, for a portfolio or for the whole firm (None)."""

    portfolio_id: str | None
    actor: str
    reason: str
    ts: int


class Override(msgspec.Struct, frozen=True, gc=False):
    """Let one order pass its limits, once, while T <= `expires_at`; asked for and approved by two different people."""

    order_id: str
    portfolio_id: str
    expires_at: int
    requested_by: str
    approved_by: str
    actor: str
    reason: str
    ts: int


class Rebase(msgspec.Struct, frozen=True, gc=False):
    """Start the peaks of a portfolio again at its current value."""

    portfolio_id: str
    actor: str
    reason: str
    ts: int


Control: TypeAlias = SetLimit | RemoveLimit | Halt | Reduce | Resume | Override | Rebase
