"""What the report shows beside the verdicts: refusals by limit and portfolio, drawdowns over time. Bounded memory."""

from collections import Counter

import msgspec

from risk_stream.audit.judged import read_decision
from risk_stream.audit.walk import Done
from risk_stream.messages.fields import FieldError
from risk_stream.messages.instant import required_time
from risk_stream.messages.limit import DRAWDOWN_WINDOWS_MS, Limit, Mode
from risk_stream.messages.limit_kind import LimitKind
from risk_stream.rules.plan import Plan

REFUSED_MAX = 20_000
"""Portfolios counted at once; then the lower half is dropped. A count on top is exact unless it was dropped once."""
WATCHED_MAX = 200
"""Portfolios whose drawdown is drawn: the worst so far. One that becomes worse later is drawn from then on."""
POINTS_MAX = 400
"""Points of a curve; when there are more, each two become one (the deeper)."""

_REFUSED = b'"decision":"REJECTED"'
_WINDOW_NAMES = {ms: name for name, ms in DRAWDOWN_WINDOWS_MS.items()}


class Curve(msgspec.Struct):
    """The drawdown of a portfolio over time in the window of its tightest limit (TOTAL where there is none)."""

    portfolio_id: str
    window: str
    limit_id: str | None
    threshold: float | None
    worst: float = 0.0
    """Largest drawdown, relative to the threshold where there is one."""
    points: list[tuple[int, float]] = []
    """Epoch ms and drawdown."""

    def add(self, at_ms: int, drawdown: float) -> None:
        """One more moment."""
        self.worst = max(self.worst, drawdown / self.threshold if self.threshold else drawdown)
        self.points.append((at_ms, drawdown))
        if len(self.points) > POINTS_MAX:
            pairs = (self.points[at : at + 2] for at in range(0, len(self.points), 2))
            self.points = [max(pair, key=lambda point: point[1]) for pair in pairs]


class Tally(msgspec.Struct):
    """Report data of one partition."""

    by_limit: dict[str, int] = {}
    """Refusals by limit; by code where no limit refused."""
    by_portfolio: dict[str, int] = {}
    curves: list[Curve] = []
    first_ms: int | None = None
    last_ms: int | None = None
    """Time of the first and last step, epoch ms."""


class _Risk(msgspec.Struct):
    portfolio_id: str
    drawdowns: dict[str, str | None]
    ts: str


class Tallier:
    """A Listener of a replay that fills a Tally."""

    def __init__(self) -> None:
        self._tally = Tally()
        self._limits: Counter[str] = Counter()
        self._portfolios: Counter[str] = Counter()
        self._curves: dict[str, Curve] = {}
        self._least = 0.0
        self._risk = msgspec.json.Decoder(_Risk)
        self._plan: Plan | None = None
        self._drawdowns: list[Limit] = []

    def step(self, done: Done) -> None:
        """Take in a step."""
        if self._tally.first_ms is None:
            self._tally.first_ms = done.timestamp
        self._tally.last_ms = done.timestamp
        for value in done.output.decisions.values.as_list():
            if value is not None and _REFUSED in value:
                self._refused(value)
        if done.output.portfolio_risk.size:
            self._learn(done.plan)
        for value in done.output.portfolio_risk.values.as_list():
            self._valued(self._risk.decode(value or b""))

    def tally(self) -> Tally:
        """All of it."""
        self._tally.by_limit = dict(self._limits.most_common(50))
        self._tally.by_portfolio = dict(self._portfolios.most_common(50))
        self._tally.curves = sorted(self._curves.values(), key=lambda curve: -curve.worst)[:12]
        return self._tally

    def _refused(self, value: bytes) -> None:
        judged = read_decision(value)
        if judged is None:
            return
        self._limits.update(judged.refused_by())
        self._portfolios[judged.portfolio_id] += 1
        if len(self._portfolios) > REFUSED_MAX:
            self._portfolios = Counter(dict(self._portfolios.most_common(REFUSED_MAX // 2)))

    def _learn(self, plan: Plan) -> None:
        if plan is not self._plan:
            self._plan = plan
            active = [one for one in plan.limits if one.kind is LimitKind.DRAWDOWN and one.mode is not Mode.PAUSED]
            self._drawdowns = sorted(active, key=lambda limit: limit.threshold)

    def _limit_of(self, portfolio_id: str) -> Limit | None:
        return next((one for one in self._drawdowns if one.scope.portfolio_id in (None, portfolio_id)), None)

    def _valued(self, risk: _Risk) -> None:
        limit = self._limit_of(risk.portfolio_id)
        window = _WINDOW_NAMES[limit.window_ms or 0] if limit is not None else "TOTAL"
        text = risk.drawdowns.get(window)
        if text is None:
            return
        drawdown = float(text)
        threshold = float(limit.threshold) if limit is not None else None
        curve = self._curves.get(risk.portfolio_id)
        if curve is None:
            badness = drawdown / threshold if threshold else drawdown
            if len(self._curves) >= WATCHED_MAX and badness <= self._least:
                return
            curve = Curve(risk.portfolio_id, window, limit.limit_id if limit is not None else None, threshold)
            self._curves[risk.portfolio_id] = curve
            self._drop_least()
        elif curve.window != window or curve.threshold != threshold:
            curve.window, curve.threshold = window, threshold
            curve.limit_id = limit.limit_id if limit is not None else None
        try:
            curve.add(required_time({"ts": risk.ts}, "ts"), drawdown)
        except FieldError:
            return

    def _drop_least(self) -> None:
        if len(self._curves) > WATCHED_MAX:
            kept = sorted(self._curves.values(), key=lambda curve: -curve.worst)[: WATCHED_MAX // 2]
            self._curves = {curve.portfolio_id: curve for curve in kept}
            self._least = kept[-1].worst
