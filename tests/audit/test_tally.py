"""A curve has a bounded number of points, and keeps the deepest."""

from risk_stream.audit.chart import drawdown_chart
from risk_stream.audit.tally import POINTS_MAX, Curve


def test_the_newest_point_survives_a_halving() -> None:
    """Each time: it is what the chart calls the worst."""
    curve = Curve("P1", "TOTAL", None, None)
    for at in range(POINTS_MAX):
        curve.add(at, 0.01)
    curve.add(POINTS_MAX, 0.9)
    assert len(curve.points) <= POINTS_MAX and curve.points[-1] == (POINTS_MAX, 0.9)
    assert "worst 90.00%" in drawdown_chart(curve)
