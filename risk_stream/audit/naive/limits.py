"""What a limit is: its kinds, its units, and how a limit is read from a SET_LIMIT command."""

import re
from dataclasses import dataclass
from fractions import Fraction

from risk_stream.audit.naive.fields import (
    FieldError,
    Json,
    decimal,
    is_id,
    is_name,
    moment,
    optional_choice,
    required_choice,
    required_id,
)
from risk_stream.audit.naive.numbers import (
    AGE,
    COUNT,
    MONEY,
    QUANTITY,
    Exact,
    divide_half_even,
    exact,
    format_double,
    format_exact,
    format_scaled,
    scaled,
)

EXPOSURES = ("POSITION_SIZE", "SECTOR_EXPOSURE", "GROSS_EXPOSURE", "NET_EXPOSURE")
EXEMPT_WHEN_REDUCING = (*EXPOSURES, "DRAWDOWN")
COUNTS = ("DUPLICATE_ORDER", "ORDER_RATE", "OPEN_ORDERS", "RESTRICTED_SYMBOL")
WINDOWED = ("DUPLICATE_ORDER", "ORDER_RATE", "TURNOVER")
KINDS = (
    *("MAX_ORDER_QUANTITY", "MAX_ORDER_NOTIONAL", "PRICE_COLLAR", "TURNOVER", "VALUE_AGE", "METRIC"),
    *EXEMPT_WHEN_REDUCING,
    *COUNTS,
)
SCOPE_FIELDS = ("portfolio_id", "symbol", "sector", "strategy_id", "trader_id")
OPERATORS = (">", ">=", "<", "<=", "==", "!=")

# Which scope fields a limit may have and still be evaluated on a portfolio as it stands, after a valuation.
STANDING_SCOPE = {
    "DRAWDOWN": {"portfolio_id"},
    "POSITION_SIZE": {"portfolio_id", "symbol"},
    "SECTOR_EXPOSURE": {"portfolio_id", "sector"},
    "GROSS_EXPOSURE": {"portfolio_id"},
    "NET_EXPOSURE": {"portfolio_id"},
    "METRIC": {"portfolio_id"},
}

PEAK_BUCKETS: dict[str, int | None] = {"P1D": 288, "P7D": 2016, "P30D": 8640, "TOTAL": None}

RATIO_DIGITS = 60  # decimals, and digits before the point, of thresholds that are compared as doubles
THRESHOLD_DIGITS = {QUANTITY: 10, MONEY: 14, COUNT: 10, AGE: 10, None: RATIO_DIGITS}

WINDOW_MS_MIN = 60
WINDOW_MS_MAX = 30 * 86_400_000
DURATION_LENGTH_MAX = 32
PART = r"([0-9]+(?:\.[0-9]+)?)"
DURATION = re.compile(rf"P(?=.)(?:{PART}D)?(?:T(?=.)(?:{PART}H)?(?:{PART}M)?(?:{PART}S)?)?", re.ASCII)
DURATION_MS = (86_400_000, 3_600_000, 60_000, 1_000)


@dataclass(frozen=True, slots=True)
class Limit:
    """`threshold` is an integer in units of 10^-decimals, or a double where `decimals` is None (ratios, metrics)."""

    limit_id: str
    kind: str
    scope: dict[str, str]
    threshold: int | float
    threshold_text: str
    decimals: int | None
    warn_ratio: float
    action: str
    mode: str
    effective_from: int | None
    window_ms: int
    peak_window: str
    amount: bool
    adverse_move: int
    metric: str
    operator: str
    symbols: frozenset[str]

    @property
    def is_standing(self) -> bool:
        """Whether valuations evaluate it."""
        return self.kind in STANDING_SCOPE and set(self.scope) <= STANDING_SCOPE[self.kind]

    def takes(self, fields: dict[str, str | None]) -> bool:
        """Whether the scope matches these fields; a field that is unknown matches no scope that names one."""
        return all(fields[name] == wanted for name, wanted in self.scope.items())

    def in_force(self, now: int) -> bool:
        """Neither paused nor ahead of its `effective_from`."""
        return self.mode != "PAUSED" and (self.effective_from is None or now >= self.effective_from)

    def loss_of(self, notional: int) -> int:
        """adverse_move x notional as money."""
        return divide_half_even(self.adverse_move * notional, 10**QUANTITY)

    def text_of(self, observed: int | float) -> str:
        """An observed value of this limit as decisions print it."""
        if self.decimals is None:
            return format_double(observed)
        assert isinstance(observed, int)
        return format_scaled(observed, self.decimals)


def read_limit(record: Json) -> Limit:
    """The limit in a SET_LIMIT command; FieldError names what is wrong."""
    kind = required_choice(record, "kind", KINDS)
    amount = kind in EXPOSURES and optional_choice(record, "unit", ("ratio", "amount")) == "amount"
    decimals = decimals_of(kind, amount)
    threshold = read_threshold(record, kind, decimals)
    return Limit(
        limit_id=required_id(record, "limit_id"),
        kind=kind,
        scope=read_scope(record.get("scope")),
        threshold=threshold_number(threshold, decimals),
        threshold_text=format_exact(threshold),
        decimals=decimals,
        warn_ratio=read_warn_ratio(record),
        action=optional_choice(record, "action", ("REJECT", "WARN", "HALT")),
        mode=optional_choice(record, "mode", ("ACTIVE", "SHADOW", "PAUSED")),
        effective_from=None if record.get("effective_from") is None else moment(record, "effective_from"),
        window_ms=read_duration(record.get("window")) if kind in WINDOWED else 0,
        peak_window=required_choice(record, "window", tuple(PEAK_BUCKETS)) if kind == "DRAWDOWN" else "",
        amount=amount,
        adverse_move=read_adverse_move(record) if kind == "DRAWDOWN" else 0,
        metric=read_metric_name(record) if kind == "METRIC" else "",
        operator=required_choice(record, "operator", OPERATORS) if kind == "METRIC" else ">",
        symbols=read_symbols(record) if kind == "RESTRICTED_SYMBOL" else frozenset(),
    )


def decimals_of(kind: str, amount: bool) -> int | None:
    """The integer unit a kind is observed in; None for doubles."""
    if kind == "MAX_ORDER_QUANTITY":
        return QUANTITY
    if kind in ("MAX_ORDER_NOTIONAL", "TURNOVER") or amount:
        return MONEY
    if kind == "VALUE_AGE":
        return AGE
    return COUNT if kind in COUNTS else None


def read_threshold(record: Json, kind: str, decimals: int | None) -> Exact:
    """The threshold, exactly; negative for a METRIC only, absent for RESTRICTED_SYMBOL only, where it is 0."""
    raw = record.get("threshold")
    if raw is None and kind == "RESTRICTED_SYMBOL":
        return Exact(0, 0)
    try:
        scaled(raw, RATIO_DIGITS if decimals is None else decimals)
        threshold = exact(raw)
    except ValueError as error:
        raise FieldError("threshold") from error
    if abs(threshold.digits) * Fraction(10) ** threshold.power >= 10 ** THRESHOLD_DIGITS[decimals]:
        raise FieldError("threshold")
    if (threshold.digits < 0 and kind != "METRIC") or (threshold.digits != 0 and kind == "RESTRICTED_SYMBOL"):
        raise FieldError("threshold")
    return threshold


def threshold_number(threshold: Exact, decimals: int | None) -> int | float:
    """The threshold as it is compared."""
    digits, power = threshold
    if decimals is None:
        return float(f"{digits}e{power}")
    return digits * int(10 ** (power + decimals))


def read_warn_ratio(record: Json) -> float:
    """The share of the threshold at which a limit warns."""
    if record.get("warn_ratio") is None:
        return 0.8
    ratio = decimal(record, "warn_ratio", RATIO_DIGITS)
    if not 0 <= ratio <= 10**RATIO_DIGITS:
        raise FieldError("warn_ratio")
    return float(f"{ratio}e-{RATIO_DIGITS}")


def read_scope(raw: object) -> dict[str, str]:
    """The scope's fields that are there; empty is everywhere."""
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise FieldError("scope")
    scope = {name: raw[name] for name in SCOPE_FIELDS if raw.get(name) is not None}
    if not all(is_id(value) for value in scope.values()):
        raise FieldError("scope")
    return scope


def read_duration(raw: object) -> int:
    """An ISO 8601 duration of days, hours, minutes and seconds, in whole ms: 60 ms to 30 days."""
    match = DURATION.fullmatch(raw) if isinstance(raw, str) and len(raw) <= DURATION_LENGTH_MAX else None
    if match is None:
        raise FieldError("window")
    parts = [Fraction(part or "0") for part in match.groups()]
    total = sum(part * unit for part, unit in zip(parts, DURATION_MS, strict=True))
    if total.denominator != 1 or not WINDOW_MS_MIN <= total <= WINDOW_MS_MAX:
        raise FieldError("window")
    return int(total)


def read_adverse_move(record: Json) -> int:
    """0 to 100, in 10^-8."""
    if record.get("adverse_move") is None:
        return 0
    move = decimal(record, "adverse_move", QUANTITY)
    if not 0 <= move <= 100 * 10**QUANTITY:
        raise FieldError("adverse_move")
    return move


def read_metric_name(record: Json) -> str:
    """The name of a metric."""
    name = record.get("metric")
    if not isinstance(name, str) or not is_name(name):
        raise FieldError("metric")
    return name


def read_symbols(record: Json) -> frozenset[str]:
    """The restricted symbols."""
    raw = record.get("symbols")
    if not isinstance(raw, list) or not all(is_id(symbol) for symbol in raw):
        raise FieldError("symbols")
    return frozenset(raw)
