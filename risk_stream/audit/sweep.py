"""The curve from one limit's threshold to the orders it would refuse, in one pass.

The limit is armed once more, in SHADOW, at the lowest threshold asked for: whatever it observes above that is on its
events, and the count at every higher threshold follows. Every order is judged on the portfolio as it really was.
Ratios and metrics are compared as they are written, with 9 decimals.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from risk_stream.audit.books import with_added
from risk_stream.audit.controls_log import ControlsLog, read_controls
from risk_stream.audit.findings import Findings
from risk_stream.audit.judged import read_decision
from risk_stream.audit.log import LogError, PartitionBounds, RecordedLog
from risk_stream.audit.notional import notional_of
from risk_stream.audit.span import Span
from risk_stream.audit.walk import Done, Walk
from risk_stream.messages.control import SetLimit
from risk_stream.messages.decode import Route
from risk_stream.messages.limit import MEASURE_DIGITS, Limit, Mode
from risk_stream.messages.limit_kind import LimitKind, Measure
from risk_stream.messages.money import format_decimal, format_double, parse_decimal

SWEPT_ID = "~swept"
STEPS_MAX = 1_000


class SweepPoint(msgspec.Struct):
    """One threshold: orders refused by the limit alone, those of them approved in fact, and the worth of these."""

    threshold: str
    refusals: int = 0
    newly_refused: int = 0
    newly_refused_notional: int = 0
    """Money in 10^-4."""


@dataclass(frozen=True, slots=True)
class SweepTask:
    """LIMIT_ID=from:to:steps."""

    limit_id: str
    thresholds: tuple[Decimal, ...]
    """Rising."""
    span: Span
    limits: tuple[SetLimit, ...] = ()
    """Where the limit is looked for first; then on the controls log."""
    portfolio: str | None = None
    resident_max: int = 10_000


def read_sweep(text: str) -> tuple[str, tuple[Decimal, ...]]:
    """The limit id and thresholds of `LIMIT_ID=from:to:steps`; ValueError when it is not written so."""
    limit_id, _, numbers = text.rpartition("=")
    try:
        first, last, steps = numbers.split(":")
        low, high, count = parse_decimal(first), parse_decimal(last), int(steps)
    except ValueError:
        raise ValueError(f"{text!r}: write LIMIT_ID=from:to:steps, as drawdown-1d=0.05:0.2:16") from None
    if not limit_id or not low < high or not 2 <= count <= STEPS_MAX:
        raise ValueError(f"{text!r}: needs a limit id, from < to, and 2 to {STEPS_MAX} steps")
    return limit_id, tuple(low + (high - low) * step / (count - 1) for step in range(count))


async def sweep(
    log: RecordedLog, bounds: PartitionBounds, progress: Callable[[int], None], *, task: SweepTask
) -> list[SweepPoint]:
    """The curve of one partition. LogError when the limit is not known or cannot be swept."""
    controls, partition = await read_controls(log), bounds.partition
    limit = _armed(_find(task, controls), task)
    book = with_added(controls, [SetLimit(limit, "sweep", "what if", 0)])
    findings = Findings()
    walk = Walk(log, bounds, findings, task.resident_max, controls.book.version)
    counter = _Curve(task, limit, Route(partition, log.partitions))
    async for done in walk.steps(lambda step, _: book.plan(step.controls + 1)):
        if task.span.is_past(partition, done):
            break
        if task.span.contains(partition, done):
            counter.step(done)
        progress(done.orders.size + done.values.size)
    if findings.kept:
        raise LogError(f"{findings.kept[0].line()}\nReplay the log without --sweep first: it must be whole.")
    return counter.points()


def summed_curve(parts: Sequence[list[SweepPoint]]) -> list[SweepPoint]:
    """The partitions together."""
    total = [SweepPoint(point.threshold) for point in parts[0]]
    for part in parts:
        for known, point in zip(total, part, strict=True):
            known.refusals += point.refusals
            known.newly_refused += point.newly_refused
            known.newly_refused_notional += point.newly_refused_notional
    return total


def _find(task: SweepTask, controls: ControlsLog) -> Limit:
    known = [one.limit for one in task.limits]
    known += [control.limit for _, control in reversed(controls.history) if isinstance(control, SetLimit)]
    for limit in known:
        if limit.limit_id == task.limit_id:
            return limit
    raise LogError(f"{task.limit_id}: no such limit on the controls log or in the limits file")


def _armed(limit: Limit, task: SweepTask) -> Limit:
    """The limit in SHADOW, at the lowest threshold."""
    if limit.kind is LimitKind.RESTRICTED_SYMBOL or (limit.operator is not None and limit.operator not in (">", ">=")):
        raise LogError(f"{limit.limit_id}: only limits that are breached above their threshold can be swept")
    low = task.thresholds[0]
    if low < 0 and limit.kind is not LimitKind.METRIC:
        raise LogError(f"{limit.limit_id}: its thresholds are not negative")
    # A whole number below a count threshold breaches alike, and a count limit must have one.
    threshold = Decimal(int(low)) if limit.measure is Measure.COUNT else low
    changes = {"limit_id": SWEPT_ID, "mode": Mode.SHADOW, "threshold": threshold, "effective_from": None}
    return msgspec.structs.replace(limit, **changes)


class _Event(msgspec.Struct):
    limit_id: str
    event: str
    trigger: str
    portfolio_id: str
    observed: str | None
    inputs: dict[str, str | int | None]


class _Curve:
    """Counts observed values between the thresholds."""

    def __init__(self, task: SweepTask, limit: Limit, route: Route) -> None:
        self._task = task
        self._written = [_as_written(threshold, limit) for threshold in task.thresholds]
        self._breached_when_equal = limit.operator == ">="
        self._route = route
        self._decoder = msgspec.json.Decoder(_Event)
        count = len(task.thresholds) + 1
        self._above = [[0] * count for _ in range(3)]  # how many so many thresholds refuse: all, approved, notional

    def step(self, done: Done) -> None:
        """Take in the events of the swept limit."""
        found = [
            event
            for value in done.output.violations.values.as_list()
            if value is not None
            and b'"limit_id":"~swept"' in value
            and (event := self._decoder.decode(value)).trigger == "ORDER"
            and event.event == "DETECTED"
            and self._task.portfolio in (None, event.portfolio_id)
        ]
        if not found:
            return
        judged = (read_decision(value or b"") for value in done.output.decisions.values.as_list())
        approved = {one.offset for one in judged if one is not None and one.approved}
        for event in found:
            offset = int(str(event.inputs["order"]).partition("@")[2])
            # What cannot be evaluated is refused at any threshold.
            above = len(self._task.thresholds) if event.observed is None else self._breached(Decimal(event.observed))
            self._above[0][above] += 1
            if offset in approved:
                self._above[1][above] += 1
                self._above[2][above] += notional_of(done.orders, offset, self._route)

    def points(self) -> list[SweepPoint]:
        """Refusals at each threshold."""
        return [
            SweepPoint(format_decimal(threshold), *(sum(column[i + 1 :]) for column in self._above))
            for i, threshold in enumerate(self._task.thresholds)
        ]

    def _breached(self, observed: Decimal) -> int:
        """How many thresholds refuse what was observed."""
        return (bisect_right if self._breached_when_equal else bisect_left)(self._written, observed)


def _as_written(threshold: Decimal, limit: Limit) -> Decimal:
    """As what is observed is written: with 9 decimals where doubles are compared, else exactly."""
    return threshold if limit.measure in MEASURE_DIGITS else Decimal(format_double(float(threshold)))
