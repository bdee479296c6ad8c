"""Other limits over recorded orders: which decisions would have been others, by limit, and what they are worth.

The orders, values and commands are the recorded ones; from the span's start on the engine runs with the new limits, and
what they let through or keep out counts from then on (turnover, open orders). Fills are history: they stay.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from risk_stream.audit.books import with_limits_replaced, with_room
from risk_stream.audit.controls_log import read_controls
from risk_stream.audit.findings import Findings
from risk_stream.audit.journal import Step
from risk_stream.audit.judged import Judged, read_decision
from risk_stream.audit.log import LogError, PartitionBounds, RecordedLog
from risk_stream.audit.notional import notional_of
from risk_stream.audit.recorded_decisions import RecordedDecisions
from risk_stream.audit.span import Span
from risk_stream.audit.walk import Done, Walk
from risk_stream.messages.control import SetLimit
from risk_stream.messages.decode import Route
from risk_stream.messages.money import MONEY_DIGITS, format_scaled
from risk_stream.rules.plan import Plan

EXAMPLES_MAX = 20
SUMS = ("orders", "not_recorded", "refused", "refused_notional", "admitted", "admitted_notional", "other_code")


class Changed(msgspec.Struct, frozen=True):
    """A decision that would have been another."""

    decision_id: str
    order_id: str
    portfolio_id: str
    was: str
    would_be: str
    because_of: list[str]
    notional: str


class ByLimit(msgspec.Struct):
    """What one limit does to the decisions that change; money in 10^-4."""

    refused: int = 0
    refused_notional: int = 0
    admitted: int = 0
    admitted_notional: int = 0


class WhatIf(msgspec.Struct):
    """What would have been; sums over partitions add up."""

    orders: int = 0
    """Those with a recorded decision."""
    not_recorded: int = 0
    """Orders whose recorded decision is not there, or cannot be read: they are in no other number."""
    refused: int = 0
    """Approved then, refused with the new limits."""
    refused_notional: int = 0
    admitted: int = 0
    """Refused then, approved with the new limits."""
    admitted_notional: int = 0
    other_code: int = 0
    """Refused both times, for another reason."""
    by_limit: dict[str, ByLimit] = {}
    """A limit that admits is one that had refused; an order counts for each limit that refuses it."""
    codes: dict[str, int] = {}
    """Decisions by code with the new limits."""
    examples: list[Changed] = []


@dataclass(frozen=True, slots=True)
class WhatIfTask:
    """The question."""

    limits: tuple[SetLimit, ...]
    span: Span
    portfolio: str | None = None
    resident_max: int = 10_000


async def ask_what_if(
    log: RecordedLog, bounds: PartitionBounds, progress: Callable[[int], None], *, task: WhatIfTask
) -> WhatIf:
    """Run a partition with other limits. LogError when the log cannot be replayed."""
    controls, partition = await read_controls(log), bounds.partition
    shift = len(task.limits)
    before, after = with_room(controls, shift), with_limits_replaced(controls, task.limits)
    recorded = RecordedDecisions(log, bounds)
    start = task.span.start
    findings = Findings()
    walk = Walk(log, bounds, findings, task.resident_max, controls.book.version)
    counter = _Counter(Route(partition, log.partitions), task.portfolio)

    def plan_of(step: Step, timestamp: int) -> Plan:
        inside = start is None or start.is_reached(partition, timestamp, step.orders[1])
        return (after if inside else before).plan(step.controls + shift)

    async for done in walk.steps(plan_of):
        if task.span.is_past(partition, done):
            break
        read = (read_decision(value) for value in done.output.decisions.values.as_list())
        now = [one for one in read if one is not None]
        was = await recorded.of([one.offset for one in now])
        if task.span.contains(partition, done):
            counter.step(done, now, was)
        progress(done.orders.size + done.values.size)
    if findings.kept:
        raise LogError(f"{findings.kept[0].line()}\nReplay the log without --limits first: it must be whole.")
    return counter.found


def summed(parts: Sequence[WhatIf]) -> WhatIf:
    """The partitions together."""
    total = WhatIf()
    codes: Counter[str] = Counter()
    for part in parts:
        for name in SUMS:
            setattr(total, name, getattr(total, name) + getattr(part, name))
        codes.update(part.codes)
        for limit_id, one in part.by_limit.items():
            known = total.by_limit.setdefault(limit_id, ByLimit())
            for name in ByLimit.__struct_fields__:
                setattr(known, name, getattr(known, name) + getattr(one, name))
        total.examples = (total.examples + part.examples)[:EXAMPLES_MAX]
    total.codes = dict(codes.most_common())
    return total


class _Counter:
    """Counts the decisions that change."""

    def __init__(self, route: Route, portfolio: str | None) -> None:
        self._route = route
        self._portfolio = portfolio
        self._codes: Counter[str] = Counter()
        self.found = WhatIf()

    def step(self, done: Done, decided: list[Judged], recorded: dict[int, Judged]) -> None:
        """Compare a step's decisions with the recorded ones."""
        for now in decided:
            if self._portfolio not in (None, now.portfolio_id):
                continue
            was = recorded.get(now.offset)
            if was is None:
                self.found.not_recorded += 1
                continue
            self.found.orders += 1
            self._codes[now.code] += 1
            if was.code != now.code or was.approved != now.approved:
                self._changed(was, now, done)
        self.found.codes = dict(self._codes)

    def _changed(self, was: Judged, now: Judged, done: Done) -> None:
        found = self.found
        notional = notional_of(done.orders, now.offset, self._route)
        reasons: list[str] = []
        if was.approved and not now.approved:
            found.refused += 1
            found.refused_notional += notional
            reasons = now.refused_by()
            for limit_id in reasons:
                one = found.by_limit.setdefault(limit_id, ByLimit())
                one.refused, one.refused_notional = one.refused + 1, one.refused_notional + notional
        elif now.approved and not was.approved:
            found.admitted += 1
            found.admitted_notional += notional
            reasons = was.refused_by()
            for limit_id in reasons:
                one = found.by_limit.setdefault(limit_id, ByLimit())
                one.admitted, one.admitted_notional = one.admitted + 1, one.admitted_notional + notional
        else:
            found.other_code += 1
            return
        if len(found.examples) < EXAMPLES_MAX:
            money = format_scaled(notional, MONEY_DIGITS)
            found.examples.append(
                Changed(now.decision_id, now.order_id, now.portfolio_id, was.code, now.code, reasons, money)
            )
