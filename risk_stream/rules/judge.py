"""Comparing an observation with a limit's threshold: breached, warned, utilisation."""

import math

from risk_stream.messages.compiled.result_row import OBSERVED_NULL, OBSERVED_SCALED
from risk_stream.rules import kinds
from risk_stream.state.compiled import compiled
from risk_stream.state.int128 import compare, is_positive
from risk_stream.state.layout import Rows

EPSILON = 10 * 2.0**-52
"""Relative: ten times the machine epsilon (SEMANTICS, Comparing)."""

WITHIN, WARNED, VIOLATED = range(3)


@compiled
def nearly_equal(a: float, b: float) -> bool:
    """|a - b| <= 10 x 2^-52 x max(|a|, |b|)."""
    return abs(a - b) <= EPSILON * max(abs(a), abs(b))


@compiled
def holds(operator: int, observed: float, threshold: float) -> bool:
    """`observed operator threshold`, where nearly equal numbers are equal."""
    equal = nearly_equal(observed, threshold)
    if operator == kinds.GREATER:
        return observed > threshold and not equal
    if operator == kinds.AT_LEAST:
        return observed > threshold or equal
    if operator == kinds.LESS:
        return observed < threshold and not equal
    if operator == kinds.AT_MOST:
        return observed < threshold or equal
    if operator == kinds.EQUAL:
        return equal
    return not equal


@compiled
def utilisation_of(limits: Rows, index: int, seen: Rows) -> float:
    """observed / threshold; NaN (null) without a positive threshold or where the kind is not breached by ">"."""
    limit = limits[index]
    observation = seen[0]
    if observation.form == OBSERVED_NULL:
        return math.nan
    if observation.form == OBSERVED_SCALED:
        if not is_positive(limit.threshold_hi, limit.threshold_lo):
            return math.nan
        return observation.value / limit.threshold
    if limit.operator > kinds.AT_LEAST:
        return math.nan
    if not limit.threshold > 0.0:
        return math.nan
    return observation.value / limit.threshold


@compiled
def is_quiet(limits: Rows, index: int, seen: Rows) -> bool:
    """An observation is within by far, which one comparison tells; False where only `judge` can tell."""
    return 0.0 <= seen[0].value < limits[index].quiet_below


@compiled
def judge(limits: Rows, index: int, seen: Rows) -> tuple[int, float]:
    """(WITHIN, WARNED or VIOLATED, utilisation) of an observation."""
    limit = limits[index]
    observation = seen[0]
    utilisation = utilisation_of(limits, index, seen)
    if observation.form == OBSERVED_NULL:
        violated = True
    elif observation.form == OBSERVED_SCALED:
        violated = compare(observation.high, observation.low, limit.threshold_hi, limit.threshold_lo) > 0
    else:
        violated = holds(limit.operator, observation.value, limit.threshold)
    if violated:
        return VIOLATED, utilisation
    # A comparison with NaN is false: a null utilisation never warns.
    if utilisation >= limit.warn_ratio or nearly_equal(utilisation, limit.warn_ratio):
        return WARNED, utilisation
    return WITHIN, utilisation
