"""The controls log folded, record by record, to what is in force."""

from dataclasses import dataclass, field

from risk_stream.messages.control import Control, Halt, Override, Rebase, Reduce, RemoveLimit, Resume, SetLimit
from risk_stream.messages.limit import Limit, Mode
from risk_stream.rules.plan import ACTIVE, HALTED, REDUCING

OVERRIDES_MAX = 100_000
"""Overrides remembered, about 30 MB; each is two people's decision on one order. Forgetting the oldest fails closed."""


@dataclass(slots=True)
class Armed:
    """A limit in force, its number, and since when its levels count."""

    limit: Limit
    uid: int
    armed_since: int


@dataclass(slots=True)
class Commands:
    """The latest commands for one portfolio."""

    state: int = ACTIVE
    resume_offset: int = -1
    rebase_offset: int = -1


@dataclass(slots=True)
class Fold:
    """What is in force after the records up to `version`."""

    version: int = -1
    firm_state: int = ACTIVE
    limits: dict[str, Armed] = field(default_factory=dict)
    uids: dict[str, int] = field(default_factory=dict)  # bounded by the limit ids ever used, by people
    commands: dict[str, Commands] = field(default_factory=dict)
    # (portfolio, order): offset, expiry
    overrides: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)

    def apply(self, offset: int, control: Control | None) -> None:
        """Take in the record at `offset`; None for one that was refused, which only moves the version."""
        self.version = offset
        match control:
            case SetLimit(limit=limit):
                self._set_limit(offset, limit)
            case RemoveLimit(limit_id=limit_id):
                self.limits.pop(limit_id, None)
            case Halt(portfolio_id=portfolio_id):
                self._command(offset, portfolio_id, HALTED)
            case Reduce(portfolio_id=portfolio_id):
                self._command(offset, portfolio_id, REDUCING)
            case Resume(portfolio_id=portfolio_id):
                self._command(offset, portfolio_id, ACTIVE)
            case Override():
                self._override(offset, control)
            case Rebase(portfolio_id=portfolio_id):
                self._commands_for(portfolio_id).rebase_offset = offset

    def _set_limit(self, offset: int, limit: Limit) -> None:
        uid = self.uids.setdefault(limit.limit_id, len(self.uids))
        old = self.limits.get(limit.limit_id)
        goes_on = (
            old is not None
            and old.limit.kind is limit.kind
            and old.limit.mode is not Mode.PAUSED
            and limit.mode is not Mode.PAUSED
        )
        self.limits[limit.limit_id] = Armed(limit, uid, old.armed_since if goes_on and old else offset)

    def _commands_for(self, portfolio_id: str) -> Commands:
        return self.commands.setdefault(portfolio_id, Commands())

    def _command(self, offset: int, portfolio_id: str | None, state: int) -> None:
        if portfolio_id is None:
            self.firm_state = state
            return
        commands = self._commands_for(portfolio_id)
        commands.state = state
        if state == ACTIVE:
            commands.resume_offset = offset

    def _override(self, offset: int, override: Override) -> None:
        key = (override.portfolio_id, override.order_id)
        self.overrides.pop(key, None)
        self.overrides[key] = (offset, override.expires_at)
        if len(self.overrides) > OVERRIDES_MAX:
            self.overrides.pop(next(iter(self.overrides)))
