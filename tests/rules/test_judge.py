"""Comparing observations with thresholds: epsilon, operators, warnings, utilisation."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from risk_stream.rules import kinds
from risk_stream.rules import plan as pl
from risk_stream.rules.compile import quiet_below
from risk_stream.rules.judge import VIOLATED, WARNED, WITHIN, holds, is_quiet, judge, nearly_equal
from risk_stream.rules.observation import OBSERVATION, not_evaluable, observe_double, observe_integer
from tests.state.portfolio import int64, pair

EPSILON = Fraction(10, 2**52)
magnitudes = st.builds(
    lambda m, e, s: s * m * 10.0**e, st.floats(1, 10), st.integers(-300, 297), st.sampled_from([1, -1])
)
doubles = st.one_of(magnitudes, st.sampled_from([0.0, -0.0, 5e-324, 1e308, -1e308, 1.0, 0.8]))
steps = st.integers(-40, 40)


def moved(a: float, by: int) -> float:
    """The double so many steps away."""
    for _ in range(abs(by)):
        a = math.nextafter(a, math.inf if by > 0 else -math.inf)
    return a


def is_equal(a: float, b: float) -> bool:
    """The contract's equality, exactly."""
    return abs(Fraction(a) - Fraction(b)) <= EPSILON * max(abs(Fraction(a)), abs(Fraction(b)))


@settings(max_examples=500)
@given(doubles, steps)
def test_relative_epsilon_at_every_magnitude(a: float, by: int) -> None:
    """The same number of steps away is equal at 10^-300 as at 10^300; only at the very edge may rounding decide."""
    b = moved(a, by)
    if not math.isfinite(b):
        return
    gap = abs(Fraction(a) - Fraction(b))
    bound = EPSILON * max(abs(Fraction(a)), abs(Fraction(b)))
    if abs(gap - bound) > bound / 2**50 + Fraction(5e-324):
        assert nearly_equal(a, b) == (gap <= bound)
    assert nearly_equal(a, b) == nearly_equal(b, a)
    assert nearly_equal(a, a)


@settings(max_examples=300)
@given(doubles, steps)
def test_operators_are_consistent(a: float, by: int) -> None:
    """Exactly one of <, ==, > holds; the others follow."""
    b = moved(a, by)
    if not math.isfinite(b):
        return
    operators = (kinds.LESS, kinds.EQUAL, kinds.GREATER, kinds.AT_MOST, kinds.AT_LEAST)
    less, equal, greater, at_most, at_least = (holds(int64(one), a, b) for one in operators)
    assert less + equal + greater == 1
    assert at_most == (less or equal)
    assert at_least == (greater or equal)
    assert holds(int64(kinds.GREATER), b, a) == less


def limit(threshold: float, warn_ratio: float, scaled: int = 0, operator: int = kinds.GREATER) -> np.ndarray:
    """One limit as a plan has it."""
    rows = np.zeros(1, pl.LIMIT)
    rows[0]["quiet_below"] = quiet_below(threshold, warn_ratio, operator)
    row = rows[0]
    row["threshold"], row["warn_ratio"], row["operator"] = threshold, warn_ratio, operator
    row["threshold_hi"], row["threshold_lo"] = pair(scaled)
    return rows


@settings(max_examples=400)
@given(st.integers(-(10**30), 10**30), st.integers(0, 10**30), st.sampled_from([0.0, 0.5, 0.8, 1.0]))
@example(10**24, 10**24, 0.8)
@example(10**24 + 1, 10**24, 0.8)
@example(8 * 10**23, 10**24, 0.8)
@example(3, 0, 0.8)
@example(0, 0, 0.0)
def test_integers_compare_exactly(observed: int, threshold: int, warn_ratio: float) -> None:
    """Equal passes, one unit more does not, at any size; utilisation is the quotient of doubles."""
    seen = np.zeros(1, OBSERVATION)
    observe_integer(seen, *pair(observed), int64(4))
    verdict, utilisation = judge(limit(float(threshold), warn_ratio, threshold), int64(0), seen)
    quotient = float(observed) / float(threshold) if threshold > 0 else math.nan
    assert utilisation == quotient or (math.isnan(utilisation) and math.isnan(quotient))
    warns = quotient >= warn_ratio or (not math.isnan(quotient) and is_equal(quotient, warn_ratio))
    assert verdict == (VIOLATED if observed > threshold else WARNED if warns else WITHIN)
    if is_quiet(limit(float(threshold), warn_ratio, threshold), int64(0), seen):
        assert verdict == WITHIN


@settings(max_examples=500)
@given(doubles, doubles, st.floats(0, 1), st.sampled_from(sorted(kinds.OPERATOR_NUMBERS.values())))
@example(0.8, 1.0, 0.8, kinds.GREATER)
@example(moved(0.8, -1), 1.0, 0.8, kinds.AT_LEAST)
@example(5e-324, 1e-308, 1e-16, kinds.GREATER)
@example(-1e308, 1e308, 0.0, kinds.GREATER)
@example(0.0, 0.0, 0.0, kinds.GREATER)
def test_what_is_quiet_is_within(observed: float, threshold: float, warn_ratio: float, operator: int) -> None:
    """At any magnitude, next to every edge, and where a product underflows."""
    for near in (observed, moved(threshold * warn_ratio, -3), moved(threshold * warn_ratio, 3), threshold):
        if not math.isfinite(near):
            continue
        seen = np.zeros(1, OBSERVATION)
        observe_double(seen, near)
        one = limit(threshold, warn_ratio, operator=operator)
        if is_quiet(one, int64(0), seen):
            assert judge(one, int64(0), seen)[0] == WITHIN


def test_most_of_what_is_within_is_quiet() -> None:
    """One comparison tells what is within by a billionth; never where less is worse, or nothing was observed."""
    seen = np.zeros(1, OBSERVATION)
    observe_double(seen, 0.08 * (1 - 1e-8))
    assert is_quiet(limit(0.1, 0.8), int64(0), seen)
    assert not is_quiet(limit(0.1, 0.8, operator=kinds.AT_MOST), int64(0), seen)
    observe_integer(seen, *pair(8 * 10**23 - 10**16), int64(4))
    assert is_quiet(limit(1e24, 0.8, 10**24), int64(0), seen)
    not_evaluable(seen, int64(0))
    assert not is_quiet(limit(0.1, 0.8), int64(0), seen)


@pytest.mark.parametrize(
    ("observed", "expected"),
    [(0.1, WARNED), (0.1 + 2e-17, WARNED), (0.10000001, VIOLATED), (0.08, WARNED), (0.0799999, WITHIN), (0.0, WITHIN)],
)
def test_ratios_pass_at_their_threshold(observed: float, expected: int) -> None:
    """A ratio equal to its threshold within rounding passes, with a warning."""
    seen = np.zeros(1, OBSERVATION)
    observe_double(seen, observed)
    assert judge(limit(0.1, 0.8), int64(0), seen)[0] == expected


@pytest.mark.parametrize("operator", [kinds.LESS, kinds.AT_MOST, kinds.EQUAL, kinds.UNEQUAL])
def test_metrics_breached_downwards_have_no_utilisation(operator: int) -> None:
    """Null utilisation, and so no warning."""
    seen = np.zeros(1, OBSERVATION)
    observe_double(seen, 5.0)
    verdict, utilisation = judge(limit(5.0, 0.0, operator=operator), int64(0), seen)
    assert math.isnan(utilisation)
    assert verdict in (VIOLATED, WITHIN)
