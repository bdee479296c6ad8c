"""A TOML file of limits, as a risk officer keeps it, to the controls that put it in force.

    actor = "jane"
    reason = "limits of 2026"

    [[limits]]
    limit_id = "drawdown-1d"
    kind = "DRAWDOWN"
    threshold = "0.10"
    window = "P1D"

The names are those of the SET_LIMIT message. Here, unlike on the wire, an unknown or unused key is an error: a limit
with a misspelt key would be another limit than the one that was meant. `actor` and `reason` at the top are for all
limits that have none of their own. An id that ends in `~shadow` is refused: `limits shadow` gives those, and would
replace the limit.
"""

import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from typing import Final

from risk_stream.messages.control import SetLimit
from risk_stream.messages.encode_control import encode_control
from risk_stream.messages.fields import FieldError, required_text
from risk_stream.messages.json_object import JsonObject, Number
from risk_stream.messages.limit import Scope
from risk_stream.messages.limit_kind import LimitKind
from risk_stream.messages.read_limit import KINDS, limit_errors, read_limit
from risk_stream.messages.record_size import size_problem

SHADOW_SUFFIX: Final = "~shadow"
"""How the ids end under which `limits shadow` arms a file's limits."""

_TOP_KEYS: Final = ("actor", "reason", "limits")
_COMMON_KEYS: Final = ("limit_id", "kind", "scope", "threshold", "warn_ratio", "action", "mode", "effective_from")
_GIVEN_KEYS: Final = ("actor", "reason")
_INTEGER_MAX: Final = 10**60
_EXTRA_KEYS: Final = ("window", "unit", "adverse_move", "metric", "operator", "symbols")


class LimitsFileError(ValueError):
    """Everything that is wrong with the file, one line each in `errors`, with the path of the key."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


def read_limits_file(text: str, timestamp: int) -> list[SetLimit]:
    """The limits of a TOML text in its order, as controls of this epoch millisecond. Raises LimitsFileError."""
    try:
        document = tomllib.loads(text, parse_float=_float)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is one, as is an integer of 5,000 digits
        raise LimitsFileError([f"not TOML: {error}"]) from None
    errors = _unknown_keys(document, _TOP_KEYS, "")
    tables = document.get("limits", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise LimitsFileError([*errors, "limits: must be tables, each headed [[limits]]"])
    given = {name: document[name] for name in _GIVEN_KEYS if name in document}
    controls = [_read_table(given | table, f"limits[{i}].", timestamp, errors) for i, table in enumerate(tables)]
    errors += _repeated_ids(tables)
    if errors:
        raise LimitsFileError(errors)
    return [control for control in controls if control is not None]


def used_keys(kind: LimitKind) -> tuple[str, ...]:
    """The keys, beyond those of every limit, that limits of this kind have."""
    if kind.rolling is not None:
        return ("window",)
    if kind.exposure:
        return ("unit",)
    extras = {
        LimitKind.RESTRICTED_SYMBOL: ("symbols",),
        LimitKind.DRAWDOWN: ("window", "adverse_move"),
        LimitKind.METRIC: ("metric", "operator"),
    }
    return extras.get(kind, ())


def _read_table(table: Mapping[str, object], path: str, timestamp: int, errors: list[str]) -> SetLimit | None:
    found = _unknown_keys(table, (*_COMMON_KEYS, *_GIVEN_KEYS, *_EXTRA_KEYS), path)
    scope = table.get("scope")
    if isinstance(scope, dict):
        found += _unknown_keys(scope, Scope.__struct_fields__, f"{path}scope.")
    kind = table.get("kind")
    if isinstance(kind, str) and kind in KINDS:
        unused = [key for key in _EXTRA_KEYS if key in table and key not in used_keys(KINDS[kind])]
        found += [f"{path}{key}: is not used by {kind}" for key in unused]
    fields: JsonObject = {key: _as_json(value) for key, value in table.items()}
    found += [f"{path}{error}" for error in (*limit_errors(fields), *_given_errors(fields))]
    limit_id = table.get("limit_id")
    if isinstance(limit_id, str) and limit_id.endswith(SHADOW_SUFFIX):
        found.append(f"{path}limit_id: must not end in {SHADOW_SUFFIX}, which is for what `limits shadow` arms")
    errors += found
    if found:
        return None
    limit = read_limit(fields)
    control = SetLimit(limit, required_text(fields, "actor"), required_text(fields, "reason"), timestamp)
    problem = size_problem(len(encode_control(control)))
    if problem:
        errors.append(f"{path.removesuffix('.')}: {limit.limit_id}: {problem}")
    return control


def _given_errors(fields: JsonObject) -> list[str]:
    errors = []
    for name in _GIVEN_KEYS:
        try:
            required_text(fields, name)
        except FieldError as error:
            errors.append(str(error))
    return errors


def _unknown_keys(table: Mapping[str, object], known: tuple[str, ...], path: str) -> list[str]:
    errors = []
    for key in table:
        if key not in known:
            close = get_close_matches(key, known, n=1)
            hint = f', did you mean "{close[0]}"?' if close else ""
            errors.append(f"{path}{key}: unknown key{hint}")
    return errors


def _repeated_ids(tables: list[dict[str, object]]) -> list[str]:
    """A later SET_LIMIT would replace the earlier one, so a repeat in one file is a slip."""
    first: dict[str, int] = {}
    errors = []
    for i, table in enumerate(tables):
        limit_id = table.get("limit_id")
        if isinstance(limit_id, str) and first.setdefault(limit_id, i) != i:
            errors.append(f"limits[{i}].limit_id: is that of limits[{first[limit_id]}] too")
    return errors


def _float(text: str) -> Number:
    # TOML writes a number with underscores and a plus sign too; what is left is the grammar of JSON.
    return Number(text.replace("_", "").removeprefix("+"))


def _as_json(value: object) -> object:
    """A TOML value as the JSON value that the fields are read from."""
    match value:
        case bool():
            return value
        case int():
            # str() refuses integers of thousands of digits, which hexadecimal can give; every field refuses this one.
            return Number(str(value) if abs(value) < _INTEGER_MAX else "1e999")
        case datetime(tzinfo=zone, year=year) if zone is not None and 1970 <= year < 9999:
            return value.astimezone(UTC).isoformat()
        case date() | time():
            # Without an offset, or out of these years, it is no point in time that a limit could have: refused as text.
            return f"not UTC: {value.isoformat()}"
        case list():
            return [_as_json(entry) for entry in value]
        case dict():
            return {key: _as_json(entry) for key, entry in value.items()}
        case _:
            return value
