"""Limits: what a portfolio may not exceed, and what happens when it does."""

from decimal import Decimal
from enum import StrEnum
from typing import Final

import msgspec

from risk_stream.messages.limit_kind import LimitKind, Measure
from risk_stream.messages.money import MONEY_DIGITS, QUANTITY_DIGITS, format_decimal


class Action(StrEnum):
    """What a violation does to the order: REJECT refuses it, WARN only tells, HALT refuses and halts the portfolio."""

    REJECT = "REJECT"
    WARN = "WARN"
    HALT = "HALT"


class Mode(StrEnum):
    """ACTIVE decides, SHADOW only emits violations, PAUSED is not evaluated."""

    ACTIVE = "ACTIVE"
    SHADOW = "SHADOW"
    PAUSED = "PAUSED"


class Unit(StrEnum):
    """Exposure limits: as a share of the total value, or as an amount of money."""

    RATIO = "ratio"
    AMOUNT = "amount"


OPERATORS: Final = (">", ">=", "<", "<=", "==", "!=")
DRAWDOWN_WINDOWS_MS: Final = {"P1D": 86_400_000, "P7D": 7 * 86_400_000, "P30D": 30 * 86_400_000, "TOTAL": 0}
WARN_RATIO_DEFAULT: Final = 0.8

# Decimals of the integer each measure is compared in; ratios and metrics are compared as doubles.
MEASURE_DIGITS: Final = {
    Measure.QUANTITY: QUANTITY_DIGITS,
    Measure.MONEY: MONEY_DIGITS,
    Measure.COUNT: 0,
    Measure.SECONDS: 3,
}


def measure_of(kind: LimitKind, unit: Unit) -> Measure:
    """The number a limit of this kind and unit observes."""
    return Measure.MONEY if kind.exposure and unit is Unit.AMOUNT else kind.measure


class Scope(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Which orders a limit takes: every field that is set must be equal. All None: everywhere."""

    portfolio_id: str | None = None
    symbol: str | None = None
    sector: str | None = None
    strategy_id: str | None = None
    trader_id: str | None = None


class Limit(msgspec.Struct, frozen=True, gc=False):
    """One limit, whole. Fields its kind does not use hold their defaults, whatever was sent."""

    limit_id: str
    kind: LimitKind
    scope: Scope
    threshold: Decimal
    """Exact; quantity, money, count, seconds or ratio, by kind."""
    warn_ratio: float = WARN_RATIO_DEFAULT
    action: Action = Action.REJECT
    mode: Mode = Mode.ACTIVE
    effective_from: int | None = None
    """Epoch milliseconds."""
    window_ms: int | None = None
    """0 is TOTAL (DRAWDOWN only)."""
    unit: Unit = Unit.RATIO
    adverse_move: int = 0
    """In units of 10^-8; DRAWDOWN only."""
    metric: str | None = None
    operator: str | None = None
    symbols: frozenset[str] = frozenset()

    @property
    def measure(self) -> Measure:
        """The number it observes."""
        return measure_of(self.kind, self.unit)

    @property
    def threshold_scaled(self) -> int:
        """The threshold in the integer unit of what is observed (10^-8, 10^-4, 1, ms); 0 where doubles are compared."""
        digits = MEASURE_DIGITS.get(self.measure)
        return 0 if digits is None else int(self.threshold.scaleb(digits))

    @property
    def threshold_text(self) -> str:
        """The threshold exactly, in plain notation: a given 0.10 is "0.1"."""
        return format_decimal(self.threshold)
