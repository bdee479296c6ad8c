"""A span says when no step can lie in it."""

import pytest

from risk_stream.audit.span import Mark, Span, SpanError

PLACE = Mark(None, 3, 1042)


@pytest.mark.parametrize(
    ("start", "stop"),
    [(Mark(2_000), Mark(1_000)), (Mark(1_000), Mark(1_000)), (Mark(None, 3, 1043), PLACE)],
)
def test_bounds_that_leave_nothing(start: Mark, stop: Mark) -> None:
    """Times are half-open, places include both orders."""
    with pytest.raises(SpanError, match=f"from {start} to {stop}"):
        Span(start, stop)


def test_bounds_that_leave_something() -> None:
    """One step, another partition's steps, or what only the log can tell."""
    for start, stop in ((Mark(1_000), Mark(1_001)), (PLACE, PLACE), (PLACE, Mark(None, 2, 1)), (PLACE, Mark(0))):
        assert Span(start, stop).start is start


def test_a_partition_that_is_not_there() -> None:
    """Named with how many there are."""
    assert Span(PLACE).partitions(4) == [3]
    with pytest.raises(SpanError, match="no partition 3: the log has 3"):
        Span(PLACE).partitions(3)
