"""The fields of a limit, and what each kind of limit needs."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from risk_stream.messages.fields import (
    FieldError,
    decimal_or_none,
    enum_or_none,
    id_or_none,
    one_of,
    required_enum,
    required_id,
    scaled_or_none,
)
from risk_stream.messages.ids import ID_LENGTH_MAX, is_id, is_name
from risk_stream.messages.instant import time_or_none
from risk_stream.messages.json_object import JsonObject
from risk_stream.messages.limit import (
    DRAWDOWN_WINDOWS_MS,
    OPERATORS,
    WARN_RATIO_DEFAULT,
    Action,
    Limit,
    Mode,
    Scope,
    Unit,
    measure_of,
)
from risk_stream.messages.limit_kind import LimitKind, Measure
from risk_stream.messages.money import MONEY_DIGITS, MONEY_INTEGER_DIGITS, QUANTITY_DIGITS, QUANTITY_INTEGER_DIGITS

KINDS: Final = {kind.value: kind for kind in LimitKind}
ACTIONS: Final = {action.value: action for action in Action}
MODES: Final = {mode.value: mode for mode in Mode}
UNITS: Final = {unit.value: unit for unit in Unit}
# Decimals, and digits before the point, of a threshold: those of what it is compared with. Ratios and metrics are
# compared as doubles; 60 and 60 leave room for any that a person or a program would write.
THRESHOLD_BOUNDS: Final = {
    Measure.QUANTITY: (QUANTITY_DIGITS, QUANTITY_INTEGER_DIGITS),
    Measure.MONEY: (MONEY_DIGITS, MONEY_INTEGER_DIGITS),
    Measure.COUNT: (0, 10),
    Measure.SECONDS: (3, 10),
    Measure.RATIO: (60, 60),
    Measure.METRIC: (60, 60),
}
ADVERSE_MOVE_MAX: Final = 100
WINDOW_MS_MIN: Final = 60
"""A rolling window has 60 buckets of a whole millisecond or more."""
WINDOW_MS_MAX: Final = 30 * 86_400_000
_DURATION: Final = re.compile(
    r"P(?:(\d+(?:\.\d+)?)D)?(?:T(?=\d)(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.ASCII
)
_DURATION_LENGTH_MAX: Final = 32
_PART_MS: Final = (86_400_000, 3_600_000, 60_000, 1_000)


def read_limit(fields: JsonObject) -> Limit:
    """A limit; fields that its kind does not use are not looked at. Raises FieldError naming the first at fault."""
    parts: dict[str, Any] = {name: read(fields) for name, read in _READERS.items()}
    return Limit(**parts)


def limit_errors(fields: JsonObject) -> list[str]:
    """Everything that is wrong with a limit, where `read_limit` names the first: for tools that report to people."""
    errors: dict[str, None] = {}
    for read in _READERS.values():
        try:
            read(fields)
        except FieldError as error:
            errors[str(error)] = None
    return list(errors)


def parse_window(text: str) -> int:
    """An ISO 8601 duration of days, hours, minutes and seconds in milliseconds. Raises ValueError."""
    match = _DURATION.fullmatch(text) if len(text) <= _DURATION_LENGTH_MAX else None
    if match is None or not any(match.groups()):
        raise ValueError("must be an ISO 8601 duration of days, hours, minutes and seconds")
    ms = sum(Decimal(part) * part_ms for part, part_ms in zip(match.groups("0"), _PART_MS, strict=True))
    if ms != int(ms) or not WINDOW_MS_MIN <= ms <= WINDOW_MS_MAX:
        raise ValueError("must be 0.06 seconds to 30 days, in whole milliseconds")
    return int(ms)


def _kind(fields: JsonObject) -> LimitKind:
    return required_enum(fields, "kind", KINDS)


def _scope(fields: JsonObject) -> Scope:
    value = fields.get("scope")
    if value is None:
        return Scope()
    if not isinstance(value, dict):
        raise FieldError("scope", "must be an object")
    return Scope(**{name: id_or_none(value, name, "scope.") for name in Scope.__struct_fields__})


def _unit(fields: JsonObject) -> Unit:
    if not _kind(fields).exposure:
        return Unit.RATIO
    return enum_or_none(fields, "unit", UNITS) or Unit.RATIO


def _threshold(fields: JsonObject) -> Decimal:
    measure = measure_of(_kind(fields), _unit(fields))
    value = decimal_or_none(fields, "threshold", *THRESHOLD_BOUNDS[measure])
    if _kind(fields) is LimitKind.RESTRICTED_SYMBOL:
        if value:
            raise FieldError("threshold", "must be 0 or absent: of a symbol on the list 1 is observed")
        return Decimal(0)
    if value is None:
        raise FieldError("threshold", "is missing")
    if value < 0 and measure is not Measure.METRIC:
        raise FieldError("threshold", "must be >= 0")
    return value


def _warn_ratio(fields: JsonObject) -> float:
    value = decimal_or_none(fields, "warn_ratio", 60, 60)
    if value is None:
        return WARN_RATIO_DEFAULT
    if not 0 <= value <= 1:
        raise FieldError("warn_ratio", "must be from 0 to 1")
    return float(value)


def _action(fields: JsonObject) -> Action:
    return enum_or_none(fields, "action", ACTIONS) or Action.REJECT


def _mode(fields: JsonObject) -> Mode:
    return enum_or_none(fields, "mode", MODES) or Mode.ACTIVE


def _window(fields: JsonObject) -> int | None:
    kind = _kind(fields)
    if kind.rolling is None and kind is not LimitKind.DRAWDOWN:
        return None
    value = fields.get("window")
    if value is None:
        raise FieldError("window", "is missing")
    if kind is LimitKind.DRAWDOWN:
        if isinstance(value, str) and value in DRAWDOWN_WINDOWS_MS:
            return DRAWDOWN_WINDOWS_MS[value]
        raise FieldError("window", f"must be {one_of(list(DRAWDOWN_WINDOWS_MS))}")
    try:
        return parse_window(value if isinstance(value, str) else "")
    except ValueError as error:
        raise FieldError("window", str(error)) from None


def _adverse_move(fields: JsonObject) -> int:
    if _kind(fields) is not LimitKind.DRAWDOWN:
        return 0
    value = scaled_or_none(fields, "adverse_move", "", QUANTITY_DIGITS, QUANTITY_INTEGER_DIGITS) or 0
    if not 0 <= value <= ADVERSE_MOVE_MAX * 10**QUANTITY_DIGITS:
        raise FieldError("adverse_move", f"must be from 0 to {ADVERSE_MOVE_MAX}")
    return value


def _metric(fields: JsonObject) -> str | None:
    if _kind(fields) is not LimitKind.METRIC:
        return None
    value = fields.get("metric")
    if value is None:
        raise FieldError("metric", "is missing")
    if not is_name(value):
        raise FieldError("metric", f"must be 1 to {ID_LENGTH_MAX} printable characters")
    return value


def _operator(fields: JsonObject) -> str | None:
    if _kind(fields) is not LimitKind.METRIC:
        return None
    return required_enum(fields, "operator", {word: word for word in OPERATORS})


def _symbols(fields: JsonObject) -> frozenset[str]:
    if _kind(fields) is not LimitKind.RESTRICTED_SYMBOL:
        return frozenset()
    value = fields.get("symbols")
    if value is None:
        raise FieldError("symbols", "is missing")
    if not isinstance(value, list):
        raise FieldError("symbols", "must be a list")
    for i, symbol in enumerate(value):
        if not is_id(symbol):
            raise FieldError(f"symbols[{i}]", f"must be 1 to {ID_LENGTH_MAX} printable characters without spaces")
    return frozenset(value)


# One reader a field of Limit, in the order in which the first field at fault is named. Each can be asked by itself.
_READERS: Final[dict[str, Callable[[JsonObject], object]]] = {
    "limit_id": lambda fields: required_id(fields, "limit_id"),
    "kind": _kind,
    "scope": _scope,
    "unit": _unit,
    "threshold": _threshold,
    "warn_ratio": _warn_ratio,
    "action": _action,
    "mode": _mode,
    "effective_from": lambda fields: time_or_none(fields, "effective_from"),
    "window_ms": _window,
    "adverse_move": _adverse_move,
    "metric": _metric,
    "operator": _operator,
    "symbols": _symbols,
}
