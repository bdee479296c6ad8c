"""The contract as a program: one partition's records, in the journal's order, to the answers they must have."""

from __future__ import annotations

from typing import NamedTuple

from tests.oracle.book import Book
from tests.oracle.evaluate import Observed, OrderView, standing
from tests.oracle.limits import ITEM_FIELDS, REDUCING_EXEMPT, Limit
from tests.oracle.numbers import double_text
from tests.oracle.parse import BadOrder, Dead, Execution, Order, Valuation, parse_order, parse_value
from tests.oracle.portfolio import Portfolio
from tests.oracle.wire import time_text

SEVERITIES = {"WARN": "SOFT_BREACH", "REJECT": "HARD_BREACH", "HALT": "CRITICAL"}
OK, WARNED, BREACHED = 0, 1, 2
Payload = dict[str, object]
Levels = dict[str | None, int]  # of one limit in one portfolio, by symbol or sector; OK is left out


class Answer(NamedTuple):
    """What one input record must lead to."""

    decision: Payload | None = None
    dead: Dead | None = None
    violations: tuple[Payload, ...] = ()


class Finding(NamedTuple):
    """One limit's outcome."""

    limit: Limit
    level: int
    observed: str | None
    utilisation: str | None
    reason: str | None

    def severity(self) -> str:
        """The severity of a violated or warned limit."""
        return "WARNING" if self.level == WARNED else SEVERITIES[self.limit.action]

    def halts(self) -> bool:
        """Whether this outcome halts the portfolio."""
        limit = self.limit
        return self.level == BREACHED and self.reason is None and limit.action == "HALT" and limit.mode == "ACTIVE"


def judge(limit: Limit, observed: Observed) -> Finding:
    """Compare what was observed."""
    if isinstance(observed, str):
        return Finding(limit, BREACHED, None, None, observed)
    utilisation = limit.utilisation(observed)
    level = BREACHED if limit.breached(observed) else WARNED if limit.warned(utilisation) else OK
    text = None if utilisation is None else double_text(utilisation)
    return Finding(limit, level, limit.observed_text(observed), text, None)


class Model:
    """One partition, from the first record on."""

    def __init__(self, partition: int, partitions: int) -> None:
        self.partition, self.partitions = partition, partitions
        self.book = Book()
        self.portfolios: dict[str, Portfolio] = {}
        self.levels: dict[str, dict[str, Levels]] = {}  # by limit, by portfolio
        self.kinds: dict[str, str] = {}  # the kind each limit with a level had
        self.changed: dict[
            str, set[str]
        ] = {}  # by portfolio: limits with a level that were set anew since its last record

    # Controls

    def control(self, offset: int, value: bytes | None, timestamp: int) -> bool:
        """Fold one control in; False when it is a dead letter."""
        understood, limit_id = self.book.apply(offset, value, timestamp)
        if limit_id is not None:
            self._drop_levels(limit_id)
        return understood

    def _drop_levels(self, limit_id: str) -> None:
        limit = self.book.limits.get(limit_id)
        levels = self.levels.get(limit_id, {})
        if limit is None or limit.mode == "PAUSED" or self.kinds.get(limit_id, limit.kind) != limit.kind:
            levels.clear()
            return
        for portfolio_id in levels:
            self.changed.setdefault(portfolio_id, set()).add(limit_id)

    def _rescope(self, portfolio_id: str) -> None:
        """With its next record a portfolio drops levels of limits that no longer take it or the item, or not yet."""
        for limit_id in self.changed.pop(portfolio_id, ()):
            limit, levels = self.book.limits.get(limit_id), self.levels[limit_id]
            time = self.portfolios[portfolio_id].latest()
            if limit is None or not limit.stands_for(portfolio_id) or time < (limit.effective_from or 0):
                levels.pop(portfolio_id, None)
                continue
            wanted = limit.scope.get(ITEM_FIELDS.get(limit.kind, ""))
            if wanted is not None and portfolio_id in levels:
                levels[portfolio_id] = {item: level for item, level in levels[portfolio_id].items() if item == wanted}

    # Values

    def value(self, offset: int, key: bytes | None, value: bytes | None, timestamp: int) -> Answer:
        """Handle one record of `portfolio-values`."""
        found = parse_value(value, key, timestamp, self.partition, self.partitions)
        if isinstance(found, Dead):
            return Answer(dead=found)
        portfolio = self._portfolio(found.portfolio_id)
        if isinstance(found, Execution):
            if found.execution_id in portfolio.executions:
                return Answer()
            reason = portfolio.execute(found)
            portfolio.value_ref = f"{self.partition}@{offset}"
            return Answer(dead=None if reason is None else Dead(reason, named=True))
        if not portfolio.value(found):
            return Answer()
        portfolio.value_ref = f"{self.partition}@{offset}"
        return Answer(violations=tuple(self._standing(portfolio, found, offset)))

    def _standing(self, portfolio: Portfolio, valuation: Valuation, offset: int) -> list[Payload]:
        events = []
        time = portfolio.latest()
        for limit in self.book.limits_of(portfolio.portfolio_id):
            if not limit.stands_for(portfolio.portfolio_id):
                continue
            of_limit = self.levels.setdefault(limit.limit_id, {})
            self.kinds[limit.limit_id] = limit.kind
            if limit.effective_from is not None and time < limit.effective_from:
                of_limit.pop(portfolio.portfolio_id, None)
                continue
            levels = of_limit.setdefault(portfolio.portfolio_id, {})
            found: dict[str | None, Finding] = {
                item: judge(limit, observed) for item, observed in standing(portfolio, limit, time).items()
            }
            found |= {item: Finding(limit, OK, None, None, None) for item in levels.keys() - found.keys()}
            for item, finding in sorted(found.items(), key=lambda pair: pair[0] or ""):
                event = self._crossing(levels, portfolio, item, finding)
                if event is not None:
                    events.append(self._valued(portfolio, valuation, offset, item, finding, *event))
        return events

    def _crossing(
        self, levels: Levels, portfolio: Portfolio, item: str | None, finding: Finding
    ) -> tuple[str, str] | None:
        """(event, severity) when the level changes in a way that is told."""
        before, after = levels.pop(item, OK), finding.level
        if after != OK:
            levels[item] = after
        if before == after:
            return None
        if after == BREACHED:
            if finding.halts():
                portfolio.halted_at = self.book.version
            return "DETECTED", finding.severity()
        if before == OK:
            return "WARNING", "WARNING"
        return "RESOLVED", SEVERITIES[finding.limit.action] if before == BREACHED else "WARNING"

    def _valued(
        self, portfolio: Portfolio, valuation: Valuation, offset: int, item: str | None, finding: Finding, event: str,
        severity: str,
    ) -> Payload:  # fmt: skip
        limit = finding.limit
        cause = f"{limit.limit_id}:v:{self.partition}:{offset}"
        return _violation(finding, event, severity) | {
            "violation_id": cause if item is None else f"{cause}:{item}",
            "trigger": "VALUE",
            "portfolio_id": portfolio.portfolio_id,
            "order_id": None,
            "symbol": item if limit.kind == "POSITION_SIZE" else None,
            "sector": item if limit.kind == "SECTOR_EXPOSURE" else None,
            "inputs": {"order": None, "value": f"{self.partition}@{offset}", "controls": self.book.version},
            "ts": time_text(valuation.ts),
        }

    # Orders

    def order(self, offset: int, key: bytes | None, value: bytes | None, timestamp: int) -> Answer:
        """Handle one record of `orders`."""
        order = parse_order(value, key, timestamp, self.partition, self.partitions)
        if isinstance(order, Dead):
            return Answer(dead=order)
        portfolio = self._portfolio(order.portfolio_id)
        if isinstance(order, BadOrder):
            refusal = self._decision(portfolio, order, offset, "INVALID_ORDER", [], 0)
            return Answer(decision=refusal | {"detail": order.bad})
        at = portfolio.advance(order.ts)
        if order.order_id in portfolio.ids:
            return Answer(decision=self._decision(portfolio, order, offset, "DUPLICATE_ORDER_ID", [], 0))
        portfolio.remember_id(order.order_id, at)
        portfolio.attempt(order, at)
        view = OrderView(portfolio, order, at)
        state = self._trading_state(portfolio)
        if state == "HALTED" or (state == "REDUCING" and not view.reducing()):
            return Answer(decision=self._decision(portfolio, order, offset, state, [], 0))
        return self._limited(portfolio, order, offset, view)

    def _limited(self, portfolio: Portfolio, order: Order, offset: int, view: OrderView) -> Answer:
        findings = self._findings(portfolio, view)
        active = [finding for finding in findings if finding.limit.mode == "ACTIVE"]
        told = [finding for finding in active if finding.level != OK]
        refusing = [one for one in told if one.level == BREACHED and one.limit.action != "WARN"]
        code = "OK"
        if refusing:
            code = refusing[0].limit.kind if refusing[0].reason is None else "NOT_EVALUABLE"
            if self._released(portfolio, order, view):
                code = "OVERRIDDEN"
        if code in ("OK", "OVERRIDDEN"):
            portfolio.approve(order, view.price, view.at)
        decision = self._decision(portfolio, order, offset, code, told, len(active))
        events = [self._ordered(portfolio, order, offset, view, one) for one in findings if one.level != OK]
        if any(finding.halts() for finding in told):
            portfolio.halted_at = self.book.version
        return Answer(decision=decision, violations=tuple(events))

    def _findings(self, portfolio: Portfolio, view: OrderView) -> list[Finding]:
        reducing = view.reducing()
        findings = []
        for limit in self.book.limits_of(portfolio.portfolio_id):
            if limit.effective_from is not None and view.time < limit.effective_from:
                continue
            if (reducing and limit.kind in REDUCING_EXEMPT) or (limit.scope and not view.in_scope(limit)):
                continue
            findings.append(judge(limit, view.observe(limit)))
        return findings

    def _released(self, portfolio: Portfolio, order: Order, view: OrderView) -> bool:
        """Whether an override lifts the rejection; it is used up by that."""
        override = self.book.overrides.get((order.portfolio_id, order.order_id))
        if override is None or view.time > override.expires_at:
            return False
        if portfolio.consumed.get(order.order_id) == override.offset:
            return False
        portfolio.consumed[order.order_id] = override.offset
        return True

    def _ordered(self, portfolio: Portfolio, order: Order, offset: int, view: OrderView, finding: Finding) -> Payload:
        event = "DETECTED" if finding.level == BREACHED else "WARNING"
        return _violation(finding, event, finding.severity()) | {
            "violation_id": f"{finding.limit.limit_id}:o:{self.partition}:{offset}",
            "trigger": "ORDER",
            "portfolio_id": order.portfolio_id,
            "order_id": order.order_id,
            "symbol": order.symbol,
            "sector": view.sector,
            "inputs": self._inputs(portfolio, offset),
            "ts": time_text(order.ts),
        }

    def _decision(
        self, portfolio: Portfolio, order: Order | BadOrder, offset: int, code: str, told: list[Finding], evaluated: int
    ) -> Payload:
        return {
            "type": "DECISION",
            "decision_id": f"{self.partition}-{offset}",
            "order_id": order.order_id,
            "portfolio_id": order.portfolio_id,
            "symbol": order.symbol,
            "decision": "APPROVED" if code in ("OK", "OVERRIDDEN") else "REJECTED",
            "code": code,
            "violations": [_listed(finding) for finding in told],
            "limits_evaluated": evaluated,
            "inputs": self._inputs(portfolio, offset),
            "ts": time_text(order.ts),
        }

    def _inputs(self, portfolio: Portfolio, offset: int) -> Payload:
        return {
            "order": f"{self.partition}@{offset}",
            "value": portfolio.value_ref,
            "controls": self.book.version,
        }

    # Portfolios

    def _portfolio(self, portfolio_id: str) -> Portfolio:
        """The portfolio, with a rebase that the controls now include put into effect."""
        portfolio = self.portfolios.get(portfolio_id)
        if portfolio is None:
            portfolio = self.portfolios[portfolio_id] = Portfolio(portfolio_id)
        if portfolio_id in self.changed:
            self._rescope(portfolio_id)
        rebased = self.book.rebased.get(portfolio_id, -1)
        if rebased > portfolio.rebased_at:
            portfolio.rebased_at = rebased
            portfolio.peaks.rebase()
        return portfolio

    def _trading_state(self, portfolio: Portfolio) -> str:
        halted_at = portfolio.halted_at
        if halted_at is not None and self.book.resumed.get(portfolio.portfolio_id, -1) <= halted_at:
            return "HALTED"
        return self.book.state_of(portfolio.portfolio_id)


def _listed(finding: Finding) -> Payload:
    listed: Payload = {
        "limit_id": finding.limit.limit_id,
        "kind": finding.limit.kind,
        "severity": finding.severity(),
        "observed": finding.observed,
        "threshold": finding.limit.threshold_text,
        "utilisation": finding.utilisation,
    }
    return listed if finding.reason is None else listed | {"reason": finding.reason}


def _violation(finding: Finding, event: str, severity: str) -> Payload:
    return {
        "type": "VIOLATION",
        "event": event,
        "limit_id": finding.limit.limit_id,
        "kind": finding.limit.kind,
        "severity": severity,
        "action": finding.limit.action,
        "mode": finding.limit.mode,
        "observed": finding.observed,
        "threshold": finding.limit.threshold_text,
        "utilisation": finding.utilisation,
        "reason": finding.reason,
    }
