"""The controls log, folded record by record: limits, trading states, overrides and rebases."""

from __future__ import annotations

from dataclasses import dataclass

from tests.oracle.limits import Limit, parse_limit
from tests.oracle.wire import Unreadable, is_id, read_object, record_time_ms, text_of, time_ms

STATES = {"HALT": "HALTED", "REDUCE": "REDUCING", "RESUME": "ACTIVE"}
SEVERITY_OF_STATE = {"ACTIVE": 0, "REDUCING": 1, "HALTED": 2}
ALL = ""  # no portfolio has an empty id


@dataclass(slots=True)
class Override:
    """A release of one order."""

    offset: int
    expires_at: int


class Book:
    """Everything the controls say up to one version."""

    def __init__(self) -> None:
        self.version = -1
        self.limits: dict[str, Limit] = {}
        self.states: dict[str, str] = {}
        self.resumed: dict[str, int] = {}
        self.overrides: dict[tuple[str, str], Override] = {}
        self.rebased: dict[str, int] = {}
        self._changed = False
        self._common: list[Limit] = []
        self._own: dict[str, list[Limit]] = {}
        self._merged: dict[str, list[Limit]] = {}

    def apply(self, offset: int, value: bytes | None, timestamp: int) -> tuple[bool, str | None]:
        """Fold one record in; (whether it was understood, the limit_id it changed)."""
        self.version = offset
        try:
            fields = read_object(value)
        except Unreadable:
            return False, None
        _, timely = record_time_ms(fields, timestamp)
        if not timely or text_of(fields.get("actor")) is None or text_of(fields.get("reason")) is None:
            return False, None
        kind = fields.get("type")
        if kind == "SET_LIMIT":
            return self._set_limit(fields)
        if kind == "REMOVE_LIMIT":
            return self._remove_limit(fields)
        if kind in STATES:
            return self._command(STATES[str(kind)], fields, offset), None
        if kind == "OVERRIDE":
            return self._override(fields, offset), None
        if kind == "REBASE" and is_id(fields.get("portfolio_id")):
            self.rebased[str(fields["portfolio_id"])] = offset
            return True, None
        return False, None

    def limits_of(self, portfolio_id: str) -> list[Limit]:
        """The limits that may concern a portfolio, by limit_id."""
        if self._changed:
            self._index()
        merged = self._merged.get(portfolio_id)
        if merged is None:
            merged = sorted(self._common + self._own.get(portfolio_id, []), key=lambda limit: limit.limit_id)
            self._merged[portfolio_id] = merged
        return merged

    def state_of(self, portfolio_id: str) -> str:
        """The more severe of the firm-wide and the portfolio's own trading state."""
        own, firm = self.states.get(portfolio_id, "ACTIVE"), self.states.get(ALL, "ACTIVE")
        return max(own, firm, key=SEVERITY_OF_STATE.__getitem__)

    def _set_limit(self, fields: dict[str, object]) -> tuple[bool, str | None]:
        limit = parse_limit(fields)
        if limit is None:
            return False, None
        self.limits[limit.limit_id] = limit
        self._changed = True
        return True, limit.limit_id

    def _remove_limit(self, fields: dict[str, object]) -> tuple[bool, str | None]:
        limit_id = fields.get("limit_id")
        if not is_id(limit_id):
            return False, None
        self.limits.pop(str(limit_id), None)
        self._changed = True
        return True, str(limit_id)

    def _index(self) -> None:
        self._changed = False
        self._merged.clear()
        self._common, self._own = [], {}
        for limit in self.limits.values():
            if limit.mode == "PAUSED":
                continue
            owner = limit.scope.get("portfolio_id")
            (self._common if owner is None else self._own.setdefault(owner, [])).append(limit)

    def _command(self, state: str, fields: dict[str, object], offset: int) -> bool:
        portfolio_id, scope = fields.get("portfolio_id"), fields.get("scope")
        if portfolio_id is None and scope == "ALL":
            self.states[ALL] = state
            return True
        if not is_id(portfolio_id) or scope is not None:
            return False
        self.states[str(portfolio_id)] = state
        if state == "ACTIVE":
            self.resumed[str(portfolio_id)] = offset
        return True

    def _override(self, fields: dict[str, object], offset: int) -> bool:
        portfolio_id, order_id = fields.get("portfolio_id"), fields.get("order_id")
        expires_at = time_ms(fields.get("expires_at"))
        asked, granted = text_of(fields.get("requested_by")), text_of(fields.get("approved_by"))
        if not is_id(portfolio_id) or not is_id(order_id) or expires_at is None:
            return False
        if asked is None or granted is None or asked == granted:
            return False
        self.overrides[str(portfolio_id), str(order_id)] = Override(offset, expires_at)
        return True
