"""One decision without a broker: the real engine over records made from files, and each limit by itself."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from risk_stream.decide.engine import Engine, StepOutput
from risk_stream.messages.control import SetLimit
from risk_stream.messages.decode import Fault, Route, decode_order, decode_value
from risk_stream.messages.json_object import JsonError, parse_object
from risk_stream.messages.limit import Action, Limit, Mode
from risk_stream.messages.records import Records, records_from
from risk_stream.rules.book import Controls

ROUTE = Route(0, 1)
OPPOSITE = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "==": "!=", "!=": "=="}
"""A metric that passes one operator breaches the other, and so is told."""


class OfflineError(ValueError):
    """A record that no worker could take either; says which and why."""


class Case(NamedTuple):
    """What is decided: records as they would stand on the topics."""

    values: Records
    order: Records
    limits: Sequence[SetLimit]


class Observation(NamedTuple):
    """What one limit saw of the order. All but the limit None when it was not evaluated."""

    limit: Limit
    evaluated: bool
    observed: str | None = None
    utilisation: str | None = None
    reason: str | None = None


class Answer(NamedTuple):
    """The decision's payload, the violation events, and what is worth knowing about the values."""

    decision: dict[str, Any]
    events: list[dict[str, Any]]
    notes: list[str]


class _NoRows:
    """Nothing is known of any portfolio."""

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        return [None] * len(keys)


def make_case(order: bytes, values: Sequence[tuple[str, bytes]], limits: Sequence[SetLimit], now_ms: int) -> Case:
    """A case of an order, values (each with the name to call it by) and limits; `now_ms` dates what has no ts.

    Raises OfflineError for what would be a dead letter, and for a value of another portfolio.
    """
    key = _portfolio_of(order)
    found = decode_order(order, key, now_ms, ROUTE)
    if isinstance(found, Fault):
        raise OfflineError(f"order: {found.reason}: {found.detail}")
    for name, value in values:
        owner = _portfolio_of(value)
        message = decode_value(value, owner, now_ms, ROUTE)
        if isinstance(message, Fault):
            raise OfflineError(f"{name}: {message.reason}: {message.detail}")
        if owner != key:
            raise OfflineError(f"{name}: is of portfolio {message.portfolio_id}, the order of {found.portfolio_id}")
    return Case(_records([value for _, value in values], key, now_ms), _records([order], key, now_ms), limits)


def decide(case: Case) -> Answer:
    """What a worker that knew nothing but these limits and values would publish for the order."""
    step = _step(case, case.limits)
    [payload] = step.decisions.values.as_list()
    events = [json.loads(value or b"") for value in step.violations.values.as_list()]
    headers = [dict(event.headers) for event in step.dead_letters.events()]
    notes = [f"{one['reason'].decode()}: {one['detail'].decode()}" for one in headers]
    ignored = step.counts["values_ignored"]
    if ignored:
        notes.append(f"{ignored} of the values ignored: not later than the one before, or repeated")
    return Answer(json.loads(payload or b""), events, notes)


def observe(case: Case) -> list[Observation]:
    """What each limit sees of the order, passed ones too: the engine is asked with each limit alone.

    Alone and with a warn_ratio of 0 a limit that has a utilisation is listed with its numbers although it passes.
    About 3 ms a limit.
    """
    return [_observe(case, control) for control in case.limits]


def _observe(case: Case, control: SetLimit) -> Observation:
    limit = control.limit
    if limit.mode is Mode.PAUSED:
        return Observation(limit, evaluated=False)
    probe = msgspec.structs.replace(limit, warn_ratio=0.0, mode=Mode.ACTIVE, action=Action.WARN)
    evaluated, seen = _alone(case, control, probe)
    if evaluated and seen is None:
        if limit.operator is None:  # it passes a threshold of 0, and nothing that it could observe is below 0
            return Observation(limit, True, "0")
        _, breach = _alone(case, control, msgspec.structs.replace(probe, operator=OPPOSITE[limit.operator]))
        return Observation(limit, True, breach["observed"] if breach else None)
    if seen is None:
        return Observation(limit, evaluated)
    return Observation(limit, True, seen["observed"], seen["utilisation"], seen.get("reason"))


def _alone(case: Case, control: SetLimit, limit: Limit) -> tuple[bool, dict[str, Any] | None]:
    """Whether the limit is evaluated on the order when there is no other, and how the decision lists it."""
    step = _step(case, [msgspec.structs.replace(control, limit=limit)])
    decision = json.loads(step.decisions.values.field(0) or b"")
    return bool(decision["limits_evaluated"]), next(iter(decision["violations"]), None)


def _step(case: Case, limits: Sequence[SetLimit]) -> StepOutput:
    controls = Controls()
    for offset, control in enumerate(limits):
        controls.append(offset, control)
    return Engine(*ROUTE, _NoRows(), resident_max=1).step(case.values, case.order, controls.plan())


def _records(values: list[bytes], key: bytes, timestamp: int) -> Records:
    count = len(values)
    return records_from(list(range(count)), [timestamp] * count, [key] * count, list(values))


def _portfolio_of(value: bytes) -> bytes:
    """The key a producer would give it; empty when it names no portfolio, which the decoder then says."""
    try:
        portfolio_id = parse_object(value).get("portfolio_id")
    except JsonError:
        return b""
    return portfolio_id.encode() if isinstance(portfolio_id, str) else b""
