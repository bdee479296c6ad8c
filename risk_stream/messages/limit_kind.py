"""The limit kinds in evaluation order: the one list, a row a kind.

Adding a kind: a row here, and a file in rules/ that is named as the kind, in lower case, and observes it. Its number in
compiled code, its decision code, its schema, and what a limit of it must and may have follow from the row.
"""

from enum import StrEnum
from typing import NamedTuple, Self


class Measure(StrEnum):
    """The number a kind observes, and so the unit its threshold is in."""

    QUANTITY = "quantity"
    MONEY = "money"
    COUNT = "count"
    SECONDS = "seconds"
    RATIO = "ratio"
    METRIC = "metric"


class Rolling(StrEnum):
    """What a limit with a rolling window of its own counts in it."""

    EQUAL_ORDERS = "equal orders"
    ATTEMPTS = "attempts"
    NOTIONAL = "approved notional"


class Standing(StrEnum):
    """How a valuation evaluates a kind: not at all, once, or for each symbol or sector held."""

    NEVER = "never"
    ONCE = "once"
    PER_SYMBOL = "per symbol"
    PER_SECTOR = "per sector"


class Row(NamedTuple):
    """What there is to know of a kind beside how it observes."""

    name: str
    measure: Measure
    rolling: Rolling | None = None
    exposure: bool = False
    """An amount of money that a limit may also take as a share of the total value: its unit says which."""
    lifted: bool = False
    """Whether a strictly reducing order is exempt."""
    standing: Standing = Standing.NEVER


class LimitKind(StrEnum):
    """What is observed. The order is the contract's."""

    MAX_ORDER_QUANTITY = Row("MAX_ORDER_QUANTITY", Measure.QUANTITY)
    MAX_ORDER_NOTIONAL = Row("MAX_ORDER_NOTIONAL", Measure.MONEY)
    PRICE_COLLAR = Row("PRICE_COLLAR", Measure.RATIO)
    RESTRICTED_SYMBOL = Row("RESTRICTED_SYMBOL", Measure.COUNT)
    DUPLICATE_ORDER = Row("DUPLICATE_ORDER", Measure.COUNT, Rolling.EQUAL_ORDERS)
    ORDER_RATE = Row("ORDER_RATE", Measure.COUNT, Rolling.ATTEMPTS)
    TURNOVER = Row("TURNOVER", Measure.MONEY, Rolling.NOTIONAL)
    OPEN_ORDERS = Row("OPEN_ORDERS", Measure.COUNT)
    POSITION_SIZE = Row("POSITION_SIZE", Measure.RATIO, exposure=True, lifted=True, standing=Standing.PER_SYMBOL)
    SECTOR_EXPOSURE = Row("SECTOR_EXPOSURE", Measure.RATIO, exposure=True, lifted=True, standing=Standing.PER_SECTOR)
    GROSS_EXPOSURE = Row("GROSS_EXPOSURE", Measure.RATIO, exposure=True, lifted=True, standing=Standing.ONCE)
    NET_EXPOSURE = Row("NET_EXPOSURE", Measure.RATIO, exposure=True, lifted=True, standing=Standing.ONCE)
    DRAWDOWN = Row("DRAWDOWN", Measure.RATIO, lifted=True, standing=Standing.ONCE)
    VALUE_AGE = Row("VALUE_AGE", Measure.SECONDS)
    METRIC = Row("METRIC", Measure.METRIC, standing=Standing.ONCE)

    _value_: str
    measure: Measure
    rolling: Rolling | None
    exposure: bool
    lifted: bool
    standing: Standing

    def __new__(
        cls, name: str, measure: Measure, rolling: Rolling | None, exposure: bool, lifted: bool, standing: Standing
    ) -> Self:
        """The name is the value; the rest of the row are its attributes."""
        kind = str.__new__(cls, name)
        kind._value_ = name
        kind.measure, kind.rolling = measure, rolling
        kind.exposure, kind.lifted, kind.standing = exposure, lifted, standing
        return kind
