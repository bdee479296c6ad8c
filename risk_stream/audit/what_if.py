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
from risk_stream.audit.cursor import Cursor
from risk_stream.audit.findings import Findings
from risk_stream.audit.journal import Step
from risk_stream.audit.judged import Judged, read_decision
from risk_stream.audit.log import DECISIONS, LogError, PartitionBounds, RecordedLog, cursor
from risk_stream.audit.notional import notional_of
from risk_stream.audit.span import Span
from risk_stream.audit.walk import Done, Walk
from risk_stream.messages.control import SetLimit
from risk_stream.messages.decode import Route
from risk_stream.messages.money import MONEY_DIGITS, format_scaled
from risk_stream.messages.records import Recorded
from risk_stream.rules.plan import Plan

EXAMPLES_MAX = 20


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
    recorded = _Recorded(cursor(log, DECISIONS, partition, bounds.outputs[DECISIONS]))
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
        was = await recorded.below(done.step.orders[1])
        if task.span.contains(partition, done):
            counter.step(done, was)
        progress(done.orders.size + done.values.size)
    if findings.kept:
        raise LogError(f"{findings.kept[0].line()}\nReplay the log without --limits first: it must be whole.")
    return counter.found


def summed(parts: Sequence[WhatIf]) -> WhatIf:
    """The partitions together."""
    total = WhatIf()
    codes: Counter[str] = Counter()
    for part in parts:
        for name in ("orders", "refused", "refused_notional", "admitted", "admitted_notional", "other_code"):
            setattr(total, name, getattr(total, name) + getattr(part, name))
        codes.update(part.codes)
        for limit_id, one in part.by_limit.items():
            known = total.by_limit.setdefault(limit_id, ByLimit())
            for name in ByLimit.__struct_fields__:
                setattr(known, name, getattr(known, name) + getattr(one, name))
        total.examples = (total.examples + part.examples)[:EXAMPLES_MAX]
    total.codes = dict(codes.most_common())
    return total


class _Recorded:
    """The recorded decisions, by order offset, a step at a time."""

    def __init__(self, decisions: Cursor) -> None:
        self._decisions = decisions
        self._next: Judged | None = None

    async def below(self, orders_to: int) -> dict[int, Judged]:
        """Those of orders below an offset that were not taken yet."""
        found: dict[int, Judged] = {}
        while True:
            values = Recorded.joined(await self._decisions.peek(512)).packed.values.as_list()
            for i, value in enumerate(values):
                judged = read_decision(value)
                if judged is not None and judged.offset >= orders_to:
                    self._decisions.skip(i)
                    return found
                if judged is not None:
                    found[judged.offset] = judged
            self._decisions.skip(len(values))
            if not values:
                return found


class _Counter:
    """Counts the decisions that change."""

    def __init__(self, route: Route, portfolio: str | None) -> None:
        self._route = route
        self._portfolio = portfolio
        self._codes: Counter[str] = Counter()
        self.found = WhatIf()

    def step(self, done: Done, recorded: dict[int, Judged]) -> None:
        """Compare a step's decisions with the recorded ones."""
        for value in done.output.decisions.values.as_list():
            now = read_decision(value or b"")
            if now is None or (self._portfolio is not None and now.portfolio_id != self._portfolio):
                continue
            was = recorded.get(now.offset)
            if was is None:
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
