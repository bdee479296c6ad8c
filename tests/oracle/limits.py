"""A limit as its control sets it: fields, units, comparison and utilisation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from math import isinf

from tests.oracle.numbers import (
    COUNT,
    MILLIS,
    MONEY,
    QUANTITY,
    Number,
    double_text,
    plain_text,
    same,
    scaled,
    scaled_text,
    split,
)
from tests.oracle.wire import is_id, text_of, time_ms, without_nulls

UNITS = {
    "MAX_ORDER_QUANTITY": QUANTITY, "MAX_ORDER_NOTIONAL": MONEY, "PRICE_COLLAR": None, "RESTRICTED_SYMBOL": COUNT,
    "DUPLICATE_ORDER": COUNT, "ORDER_RATE": COUNT, "TURNOVER": MONEY, "OPEN_ORDERS": COUNT, "POSITION_SIZE": None,
    "SECTOR_EXPOSURE": None, "GROSS_EXPOSURE": None, "NET_EXPOSURE": None, "DRAWDOWN": None, "VALUE_AGE": MILLIS,
    "METRIC": None,
}  # fmt: skip
EXPOSURES = ("POSITION_SIZE", "SECTOR_EXPOSURE", "GROSS_EXPOSURE", "NET_EXPOSURE")
REDUCING_EXEMPT = (*EXPOSURES, "DRAWDOWN")
ITEM_FIELDS = {"POSITION_SIZE": "symbol", "SECTOR_EXPOSURE": "sector"}  # what a valuation evaluates them for
ROLLING = ("DUPLICATE_ORDER", "ORDER_RATE", "TURNOVER")
PEAK_BUCKETS = {"P1D": 288, "P7D": 2016, "P30D": 8640, "TOTAL": None}
SCOPES = ("portfolio_id", "symbol", "sector", "strategy_id", "trader_id")
OPERATORS = (">", ">=", "<", "<=", "==", "!=")
DURATION = re.compile(
    r"P(?:([0-9]+(?:\.[0-9]+)?)D)?(?:T(?=[0-9])(?:([0-9]+(?:\.[0-9]+)?)H)?(?:([0-9]+(?:\.[0-9]+)?)M)?"
    r"(?:([0-9]+(?:\.[0-9]+)?)S)?)?"
)
LONGEST_WINDOW_MS = 30 * 86_400_000


@dataclass(slots=True)
class Limit:
    """One limit. `unit` is the number of decimals its integers have, None where it compares doubles."""

    limit_id: str
    kind: str
    scope: dict[str, str]
    threshold_text: str
    bound: int
    ratio: float
    unit: int | None
    warn_ratio: float
    action: str
    mode: str
    effective_from: int | None
    window_ms: int = 0
    window: str = ""
    adverse: int = 0
    metric: str = ""
    operator: str = ">"
    symbols: frozenset[str] = field(default_factory=frozenset)

    def breached(self, observed: int | float) -> bool:
        """Equal passes; a METRIC is breached when its comparison is true."""
        if self.unit is not None:
            return observed > self.bound
        if same(observed, self.ratio):
            return self.operator in (">=", "<=", "==")
        if self.operator in ("==", "!="):
            return self.operator == "!="
        return (observed > self.ratio) == (self.operator in (">", ">="))

    def utilisation(self, observed: int | float) -> float | None:
        """observed / threshold as doubles, where that means something."""
        bound = float(self.bound) if self.unit is not None else self.ratio
        if bound <= 0 or self.operator not in (">", ">="):
            return None
        return float(observed) / bound

    def warned(self, utilisation: float | None) -> bool:
        """Whether a limit that is not breached is warned at this utilisation."""
        if utilisation is None:
            return False
        return utilisation >= self.warn_ratio or same(utilisation, self.warn_ratio)

    def observed_text(self, observed: int | float) -> str:
        """What was observed as outputs write it."""
        if self.unit is not None:
            assert isinstance(observed, int)
            return scaled_text(observed, self.unit)
        return double_text(observed)

    def stands_for(self, portfolio_id: str) -> bool:
        """Whether a valuation of this portfolio evaluates it."""
        if self.kind not in REDUCING_EXEMPT and self.kind != "METRIC":
            return False
        if any(name not in ("portfolio_id", ITEM_FIELDS.get(self.kind)) for name in self.scope):
            return False
        return self.scope.get("portfolio_id", portfolio_id) == portfolio_id


def parse_limit(fields: dict[str, object]) -> Limit | None:
    """The limit a SET_LIMIT sets; None when it is invalid."""
    limit_id, kind = fields.get("limit_id"), fields.get("kind")
    if not is_id(limit_id) or kind not in UNITS:
        return None
    assert isinstance(limit_id, str) and isinstance(kind, str)
    scope = _scope(fields.get("scope", {}))
    threshold = fields.get("threshold", Number("0") if kind == "RESTRICTED_SYMBOL" else None)
    warn_ratio = _ratio(fields.get("warn_ratio", Number("0.8")))
    action, mode = fields.get("action", "REJECT"), fields.get("mode", "ACTIVE")
    effective = time_ms(fields["effective_from"]) if "effective_from" in fields else None
    if scope is None or not isinstance(threshold, str) or split(threshold) is None or warn_ratio is None:
        return None
    if action not in ("REJECT", "WARN", "HALT") or mode not in ("ACTIVE", "SHADOW", "PAUSED"):
        return None
    if effective is None and "effective_from" in fields:
        return None
    unit = UNITS[kind]
    chosen = fields.get("unit", "ratio")
    if kind in EXPOSURES and chosen not in ("ratio", "amount"):
        return None
    if kind in EXPOSURES and chosen == "amount":
        unit = MONEY
    bound = scaled(threshold, unit) if unit is not None else 0
    if bound is None or (kind != "METRIC" and (bound < 0 or threshold.startswith("-"))):
        return None
    if isinf(float(threshold)) or (kind == "RESTRICTED_SYMBOL" and bound != 0):
        return None
    limit = Limit(
        limit_id, kind, scope, plain_text(threshold), bound, float(threshold), unit, warn_ratio, str(action), str(mode),
        effective,
    )  # fmt: skip
    return limit if _extras(limit, fields) else None


def _scope(found: object) -> dict[str, str] | None:
    if not isinstance(found, dict):
        return None
    scope = {name: item for name, item in without_nulls(found).items() if name in SCOPES}
    return scope if all(is_id(item) for item in scope.values()) else None  # type: ignore[return-value]


def _ratio(value: object) -> float | None:
    return float(value) if isinstance(value, str) and split(value) is not None and float(value) > 0 else None


def _extras(limit: Limit, fields: dict[str, object]) -> bool:
    """Fill in what the kind needs; False when that is missing or invalid."""
    if limit.kind in ROLLING:
        window = window_ms(fields.get("window"))
        limit.window_ms = window or 0
        return window is not None
    if limit.kind == "DRAWDOWN":
        window_name = fields.get("window")
        adverse = scaled(fields.get("adverse_move", Number("0")), QUANTITY)
        limit.window, limit.adverse = str(window_name), adverse or 0
        return window_name in PEAK_BUCKETS and adverse is not None and 0 <= adverse <= 100 * 10**QUANTITY
    if limit.kind == "METRIC":
        metric, operator = text_of(fields.get("metric")), fields.get("operator")
        limit.metric, limit.operator = metric or "", str(operator)
        return metric is not None and operator in OPERATORS
    if limit.kind == "RESTRICTED_SYMBOL":
        symbols = fields.get("symbols")
        if not isinstance(symbols, list) or not all(is_id(symbol) for symbol in symbols):
            return False
        limit.symbols = frozenset(symbols)
    return True


def window_ms(value: object) -> int | None:
    """An ISO 8601 duration of days, hours, minutes and seconds as whole ms, 60 ms to 30 days."""
    match = DURATION.fullmatch(value) if isinstance(value, str) and not isinstance(value, Number) else None
    if match is None or not any(match.groups()):
        return None
    parts = zip(match.groups(), (86_400_000, 3_600_000, 60_000, 1000), strict=True)
    total = sum((Fraction(part) * unit for part, unit in parts if part), Fraction(0))
    return int(total) if total.denominator == 1 and 60 <= total <= LONGEST_WINDOW_MS else None
