"""What the controls log says of limits and trading states: what is in force, and the story of every change. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from risk_stream.audit.controls_log import ControlsLog
from risk_stream.messages.control import Control, Halt, Override, Rebase, Reduce, RemoveLimit, Resume, SetLimit
from risk_stream.messages.encode_control import limit_fields
from risk_stream.messages.fault import Fault
from risk_stream.messages.instant import format_time
from risk_stream.messages.limit import Limit
from risk_stream.rules.fold import Fold

STATES = {Halt: "HALT", Reduce: "REDUCE", Resume: "RESUME"}
Fields = dict[str, object]


class Difference(NamedTuple):
    """One field of a limit; None where it is not there."""

    field: str
    before: object
    after: object


class InForce(NamedTuple):
    """A limit as it is now, and the control that set it."""

    version: int
    """That control's offset."""
    taken_at: int
    """When the broker took it, epoch milliseconds."""
    control: SetLimit


class Change(NamedTuple):
    """One record of the controls log: what it did. Times in epoch milliseconds."""

    version: int
    taken_at: int
    what: str
    """SET_LIMIT, REMOVE_LIMIT, HALT, REDUCE, RESUME, OVERRIDE, REBASE or REFUSED."""
    subject: str | None
    """The limit, the portfolio (ALL for the firm), the order; None of a refused record."""
    actor: str | None
    reason: str | None
    detail: str
    """What was different after it, for the eye."""
    differences: list[Difference]
    """Of a SET_LIMIT, against the limit it replaced."""


def limits_in_force(controls: ControlsLog) -> list[InForce]:
    """All limits that are set now, by limit_id; those in mode PAUSED or SHADOW and those not yet effective too."""
    setters: dict[str, InForce] = {}
    fold = Fold()
    for (offset, control), taken_at in zip(controls.history, controls.taken_at, strict=True):
        fold.apply(offset, None if isinstance(control, Fault) else control)
        if isinstance(control, SetLimit):
            setters[control.limit.limit_id] = InForce(offset, taken_at, control)
    return [setters[limit_id] for limit_id in sorted(fold.limits)]


def differences(before: Limit | None, after: Limit | None) -> list[Difference]:
    """The fields in which two limits differ, in the order of the message; a limit that is not there has none."""
    old: Fields = {} if before is None else limit_fields(before)
    new: Fields = {} if after is None else limit_fields(after)
    names = [*new, *(name for name in old if name not in new)]
    return [Difference(one, old.get(one), new.get(one)) for one in names if old.get(one) != new.get(one)]


def story(controls: ControlsLog) -> Iterator[Change]:
    """Every record of the log in its order."""
    limits: dict[str, Limit] = {}
    for (offset, control), taken_at in zip(controls.history, controls.taken_at, strict=True):
        if isinstance(control, Fault):
            detail = f"{control.reason}: {control.detail}; it changed nothing"
            yield Change(offset, taken_at, "REFUSED", None, None, None, detail, [])
            continue
        what, subject, detail, changed = _tell(control, limits)
        yield Change(offset, taken_at, what, subject, control.actor, control.reason, detail, changed)


def _tell(control: Control, limits: dict[str, Limit]) -> tuple[str, str, str, list[Difference]]:
    """What, of whom, in words, field by field; `limits` is brought up to date."""
    match control:
        case SetLimit(limit=limit):
            before = limits.get(limit.limit_id)
            limits[limit.limit_id] = limit
            changed = differences(before, limit)
            return "SET_LIMIT", limit.limit_id, _set_words(before, limit, changed), changed
        case RemoveLimit(limit_id=limit_id):
            gone = limits.pop(limit_id, None)
            return "REMOVE_LIMIT", limit_id, "was not set" if gone is None else "removed", differences(gone, None)
        case Override():
            people = f"asked for by {control.requested_by}, approved by {control.approved_by}"
            detail = f"portfolio {control.portfolio_id}, until {format_time(control.expires_at)}, {people}"
            return "OVERRIDE", control.order_id, detail, []
        case Rebase(portfolio_id=portfolio_id):
            return "REBASE", portfolio_id, "peaks start again at its current value", []
        case Halt(portfolio_id=target) | Reduce(portfolio_id=target) | Resume(portfolio_id=target):
            return STATES[type(control)], target or "ALL", "the whole firm" if target is None else "this portfolio", []


def _set_words(before: Limit | None, limit: Limit, changed: list[Difference]) -> str:
    if before is None:
        return f"new: {limit_words(limit)}"
    if not changed:
        return "set again, no different"
    return difference_words(changed)


def difference_words(changed: list[Difference]) -> str:
    """`threshold 100 -> 200, mode ACTIVE -> SHADOW`."""
    return ", ".join(f"{one.field} {value_words(one.before)} -> {value_words(one.after)}" for one in changed)


def limit_words(limit: Limit) -> str:
    """Its fields in a line, without its id: kind, threshold, whom it takes, and what is not the default."""
    fields = limit_fields(limit)
    usual = {"warn_ratio": "0.8", "action": "REJECT", "mode": "ACTIVE", "unit": "ratio", "adverse_move": "0"}
    words = [str(fields["kind"]), str(fields["threshold"])]
    for name, value in fields.items():
        if name not in ("limit_id", "kind", "threshold", "scope") and value != usual.get(name):
            words.append(f"{name} {value_words(value)}")
    words.append(f"scope {value_words(fields['scope'])}")
    return ", ".join(words)


def value_words(value: object) -> str:
    """A field's value for the eye; an empty scope is `everywhere`."""
    match value:
        case None:
            return "-"
        case dict():
            return " ".join(f"{name}={one}" for name, one in value.items()) or "everywhere"
        case list():
            return "+".join(map(str, value)) or "none"
        case _:
            return str(value)
