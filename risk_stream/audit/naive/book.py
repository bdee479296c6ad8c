"""The controls as they stand: limits, trading states, overrides and pending rebases."""

from dataclasses import dataclass, field

from risk_stream.audit.naive.controls import Control, Override, Rebase, RemoveLimit, SetLimit, SetState
from risk_stream.audit.naive.limits import Limit

MILD_TO_SEVERE = ("ACTIVE", "REDUCING", "HALTED")


@dataclass
class Book:
    """`version` is the offset of the last record of `controls` read, -1 before the first."""

    version: int = -1
    limits: dict[str, Limit] = field(default_factory=dict)
    limits_everywhere: dict[str, Limit] = field(default_factory=dict)
    limits_of: dict[str, dict[str, Limit]] = field(default_factory=dict)
    states: dict[str | None, str] = field(default_factory=dict)  # None is the whole firm
    resumed_at: dict[str | None, int] = field(default_factory=dict)
    overrides: dict[tuple[str, str], Override] = field(default_factory=dict)

    def apply(self, offset: int, control: Control) -> None:
        """Fold one command in; what it does to portfolios is the model's business."""
        match control:
            case SetLimit(limit):
                self.remove(limit.limit_id)
                self.limits[limit.limit_id] = limit
                self.limits_at(limit)[limit.limit_id] = limit
            case RemoveLimit(limit_id):
                self.remove(limit_id)
            case SetState(portfolio_id, state):
                self.states[portfolio_id] = state
                if state == "ACTIVE":
                    self.resumed_at[portfolio_id] = offset
            case Override():
                self.overrides[control.portfolio_id, control.order_id] = control
            case Rebase():
                pass

    def remove(self, limit_id: str) -> None:
        """Forget a limit."""
        limit = self.limits.pop(limit_id, None)
        if limit is not None:
            del self.limits_at(limit)[limit_id]

    def limits_at(self, limit: Limit) -> dict[str, Limit]:
        """The limits that name the same portfolio, or none, as this one."""
        portfolio_id = limit.scope.get("portfolio_id")
        return self.limits_everywhere if portfolio_id is None else self.limits_of.setdefault(portfolio_id, {})

    def limits_for(self, portfolio_id: str, now: int) -> list[Limit]:
        """The limits in force that may concern a portfolio, in limit_id order."""
        limits = {**self.limits_everywhere, **self.limits_of.get(portfolio_id, {})}
        return [limit for _, limit in sorted(limits.items()) if limit.in_force(now)]

    def trading_state(self, portfolio_id: str, halted_at_version: int | None) -> str:
        """The most severe of the firm's state, the portfolio's own, and a halt by a limit not resumed since."""
        states = [self.states.get(None, "ACTIVE"), self.states.get(portfolio_id, "ACTIVE")]
        if halted_at_version is not None and self.resumed_at.get(portfolio_id, -1) <= halted_at_version:
            states.append("HALTED")
        return max(states, key=MILD_TO_SEVERE.index)

    def take_override(self, portfolio_id: str, order_id: str, now: int) -> bool:
        """Consume the override of an order, when there is one that has not expired."""
        override = self.overrides.get((portfolio_id, order_id))
        if override is None or now > override.expires_at:
            return False
        del self.overrides[portfolio_id, order_id]
        return True
