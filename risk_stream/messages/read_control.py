"""The fields of limit changes and operator commands. Each needs who gives it and why."""

from collections.abc import Callable
from typing import Final, NamedTuple

from risk_stream.messages.control import Control, Halt, Override, Rebase, Reduce, RemoveLimit, Resume, SetLimit
from risk_stream.messages.fields import FieldError, id_or_none, required_id, required_text
from risk_stream.messages.instant import event_time, required_time
from risk_stream.messages.json_object import JsonObject
from risk_stream.messages.read_limit import read_limit


class Given(NamedTuple):
    """What every control carries; `ts` in epoch milliseconds."""

    actor: str
    reason: str
    ts: int


def read_control(fields: JsonObject, read_body: "ReadBody", timestamp: int) -> Control:
    """The control whose type has this reader; `timestamp` is the record's, in epoch milliseconds. Raises FieldError."""
    actor = required_text(fields, "actor")
    reason = required_text(fields, "reason")
    return read_body(fields, Given(actor, reason, event_time(fields, timestamp)))


def _set_limit(fields: JsonObject, given: Given) -> Control:
    return SetLimit(read_limit(fields), *given)


def _remove_limit(fields: JsonObject, given: Given) -> Control:
    return RemoveLimit(required_id(fields, "limit_id"), *given)


def _halt(fields: JsonObject, given: Given) -> Control:
    return Halt(_target(fields), *given)


def _reduce(fields: JsonObject, given: Given) -> Control:
    return Reduce(_target(fields), *given)


def _resume(fields: JsonObject, given: Given) -> Control:
    return Resume(_target(fields), *given)


def _rebase(fields: JsonObject, given: Given) -> Control:
    return Rebase(required_id(fields, "portfolio_id"), *given)


def _override(fields: JsonObject, given: Given) -> Control:
    order_id = required_id(fields, "order_id")
    portfolio_id = required_id(fields, "portfolio_id")
    expires_at = required_time(fields, "expires_at")
    requested_by = required_text(fields, "requested_by")
    approved_by = required_text(fields, "approved_by")
    # A blank more or less is no second person.
    if requested_by.strip() == approved_by.strip():
        raise FieldError("approved_by", "must differ from requested_by")
    return Override(order_id, portfolio_id, expires_at, requested_by, approved_by, *given)


def _target(fields: JsonObject) -> str | None:
    """The portfolio, or None for the whole firm: a command must say which, and only one of them."""
    portfolio_id = id_or_none(fields, "portfolio_id")
    scope = fields.get("scope")
    if scope is not None and scope != "ALL":
        raise FieldError("scope", "must be ALL")
    if scope is None and portfolio_id is None:
        raise FieldError("portfolio_id", "is missing, and scope is not ALL")
    if scope is not None and portfolio_id is not None:
        raise FieldError("scope", "must not be given beside a portfolio_id")
    return portfolio_id


ReadBody = Callable[[JsonObject, Given], Control]
CONTROL_READERS: Final[dict[str, ReadBody]] = {
    "SET_LIMIT": _set_limit,
    "REMOVE_LIMIT": _remove_limit,
    "HALT": _halt,
    "REDUCE": _reduce,
    "RESUME": _resume,
    "OVERRIDE": _override,
    "REBASE": _rebase,
}
