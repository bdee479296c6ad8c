"""A drawdown against its limit over time, as an inline SVG. Pure: points in, text out."""

from html import escape

from risk_stream.audit.tally import Curve
from risk_stream.messages.instant import format_time

WIDTH, HEIGHT = 320, 130
LEFT, RIGHT, TOP, BOTTOM = 34, 6, 8, 18


def drawdown_chart(curve: Curve) -> str:
    """The figure: time to the right, drawdown downwards from 0, the limit as a dashed line."""
    first, last = curve.points[0][0], curve.points[-1][0]
    deepest = max(max(drawdown for _, drawdown in curve.points), curve.threshold or 0.0, 0.001) * 1.1
    span = max(last - first, 1)

    def x(at_ms: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (at_ms - first) / span

    def y(drawdown: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * drawdown / deepest

    path = " ".join(f"{x(at_ms):.1f},{y(drawdown):.1f}" for at_ms, drawdown in curve.points)
    worst = max(drawdown for _, drawdown in curve.points)
    parts = [
        f'<line class="axis" x1="{LEFT}" y1="{y(0):.1f}" x2="{WIDTH - RIGHT}" y2="{y(0):.1f}"/>',
        f'<text x="{LEFT - 4}" y="{y(0) + 3:.1f}" text-anchor="end">0</text>',
        f'<polyline class="curve" points="{path}"/>',
        f'<text x="{LEFT}" y="{HEIGHT - 4}">{_day(first)}</text>',
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">{_day(last)}</text>',
    ]
    if curve.threshold is not None:
        at = y(curve.threshold)
        parts.append(f'<line class="limit" x1="{LEFT}" y1="{at:.1f}" x2="{WIDTH - RIGHT}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{LEFT - 4}" y="{at + 3:.1f}" text-anchor="end">{curve.threshold:.3g}</text>')
    against = f"limit {curve.limit_id} at {curve.threshold:.4g}" if curve.threshold is not None else "no limit"
    words = f"drawdown {curve.window}, worst {worst:.2%}, {against}"
    return (
        f'<figure><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(words)}">{"".join(parts)}</svg>'
        f"<figcaption><b>{escape(curve.portfolio_id)}</b><br>{escape(words)}</figcaption></figure>"
    )


def _day(ms: int) -> str:
    return format_time(ms)[:16].replace("T", " ")
