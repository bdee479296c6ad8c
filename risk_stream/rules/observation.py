"""What a rule is given and what it answers: the order's context, and one observation."""

import math

import numpy as np

from risk_stream.messages.compiled.result_row import OBSERVED_DOUBLE, OBSERVED_NULL, OBSERVED_SCALED
from risk_stream.state.compiled import compiled
from risk_stream.state.int128 import to_double
from risk_stream.state.layout import Rows

CONTEXT = np.dtype(
    [
        ("now", np.int64),  # T, ms
        ("to", np.int64),  # To, ms
        ("quantity", np.int64),  # 10^-8
        ("price", np.int64),  # the order price, 10^-8; 0: none
        ("limit_price", np.int64),  # the price of a LIMIT order; 0 for MARKET
        ("reference", np.int64),  # reference price, else the symbol's price in the last snapshot; 0: none
        ("notional_hi", np.int64),  # money, not negative; when there is a price
        ("notional_lo", np.uint64),
        ("after_hi", np.int64),  # position value after the order, signed, own symbol; when there is a price
        ("after_lo", np.uint64),
        ("symbol_h1", np.uint64),
        ("symbol_h2", np.uint64),
        ("sector_h1", np.uint64),
        ("sector_h2", np.uint64),
        ("strategy_h1", np.uint64),
        ("strategy_h2", np.uint64),
        ("trader_h1", np.uint64),
        ("trader_h2", np.uint64),
        ("slot", np.int32),
        ("position", np.int32),  # of the order's symbol; -1
        ("sector", np.int32),  # of the order's symbol, a string; -1 unknown
        ("attempt", np.int32),  # this order's entry among the attempts
        ("side", np.int8),
        ("market", np.int8),
        ("reducing", np.int8),
        ("has_strategy", np.int8),
        ("has_trader", np.int8),
    ],
    align=True,
)

OBSERVATION = np.dtype(
    [
        ("high", np.int64),
        ("low", np.uint64),
        ("value", np.float64),  # of an integer, too; NaN when nothing was observed
        ("form", np.int8),  # OBSERVED_...
        ("digits", np.int8),
        ("reason", np.int8),
    ],
    align=True,
)

QUANTITY_DIGITS = 8
MONEY_DIGITS = 4
AGE_DIGITS = 3
COUNT_DIGITS = 0


@compiled
def observe_integer(seen: Rows, high: int, low: int, digits: int) -> None:
    """The observed value is high:low x 10^-digits."""
    observation = seen[0]
    observation.form = np.int8(OBSERVED_SCALED)
    observation.high = high
    observation.low = low
    observation.digits = np.int8(digits)
    observation.value = to_double(high, low)
    observation.reason = np.int8(-1)


@compiled
def observe_double(seen: Rows, value: float) -> None:
    """The observed value is a ratio or a metric."""
    observation = seen[0]
    observation.form = np.int8(OBSERVED_DOUBLE)
    observation.value = value
    observation.reason = np.int8(-1)


@compiled
def not_evaluable(seen: Rows, reason: int) -> None:
    """An input is missing."""
    observation = seen[0]
    observation.form = np.int8(OBSERVED_NULL)
    observation.value = math.nan
    observation.reason = np.int8(reason)
