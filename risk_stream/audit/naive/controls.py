"""Reading controls: limit changes and operator commands, each with an actor and a reason."""

from dataclasses import dataclass

from risk_stream.audit.naive.fields import (
    FieldError,
    Json,
    moment,
    record_moment,
    required_choice,
    required_id,
)
from risk_stream.audit.naive.limits import Limit, read_limit
from risk_stream.audit.naive.numbers import JsonNumber

STATES = {"HALT": "HALTED", "REDUCE": "REDUCING", "RESUME": "ACTIVE"}
TEXT_LENGTH_MAX = 4_096
TYPES = ("SET_LIMIT", "REMOVE_LIMIT", *STATES, "OVERRIDE", "REBASE")


@dataclass(frozen=True, slots=True)
class SetLimit:
    """Replaces the whole limit of that id."""

    limit: Limit


@dataclass(frozen=True, slots=True)
class RemoveLimit:
    """Ends a limit."""

    limit_id: str


@dataclass(frozen=True, slots=True)
class SetState:
    """HALT, REDUCE or RESUME of one portfolio, or of the whole firm (None)."""

    portfolio_id: str | None
    state: str


@dataclass(frozen=True, slots=True)
class Override:
    """Lets one order through step 5 until `expires_at` (epoch ms)."""

    order_id: str
    portfolio_id: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Rebase:
    """Starts a portfolio's peaks again."""

    portfolio_id: str


Control = SetLimit | RemoveLimit | SetState | Override | Rebase


def read_control(record: Json, timestamp: int) -> Control:
    """The command in a record whose type is known; FieldError names what is wrong."""
    for field in ("actor", "reason"):
        require_text(record, field)
    record_moment(record, timestamp)
    command = record["type"]
    if command == "SET_LIMIT":
        return SetLimit(read_limit(record))
    if command == "REMOVE_LIMIT":
        return RemoveLimit(required_id(record, "limit_id"))
    if command == "OVERRIDE":
        return read_override(record)
    if command == "REBASE":
        return Rebase(required_id(record, "portfolio_id"))
    return SetState(read_target(record), STATES[str(command)])


def require_text(record: Json, field: str) -> str:
    """A text that is not blank, without the blanks around it."""
    text = record.get(field)
    if not isinstance(text, str) or isinstance(text, JsonNumber) or not text.strip():
        raise FieldError(field)
    if len(text) > TEXT_LENGTH_MAX or any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise FieldError(field)
    return text.strip()


def read_override(record: Json) -> Override:
    """Four eyes: who asks may not be who approves."""
    if require_text(record, "requested_by") == require_text(record, "approved_by"):
        raise FieldError("approved_by")
    return Override(required_id(record, "order_id"), required_id(record, "portfolio_id"), moment(record, "expires_at"))


def read_target(record: Json) -> str | None:
    """A portfolio, or None for `scope` ALL; neither, or both, is refused."""
    if record.get("scope") is None:
        return required_id(record, "portfolio_id")
    required_choice(record, "scope", ("ALL",))
    if record.get("portfolio_id") is not None:
        raise FieldError("scope")
    return None
