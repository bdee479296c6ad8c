"""One portfolio of an engine as people ask for it: what it holds, its peaks, and the room each limit leaves.

Exposures of limits are what the next order starts from, open orders included (the larger of open buys and sells), so
that headroom is what it may still add. Reads only; nothing here decides.
"""

import math
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from risk_stream.decide.engine import Engine
from risk_stream.decide.picture import take_pictures
from risk_stream.decide.tell import string_of
from risk_stream.messages.compiled.encode_risk import TRADING_STATES, wide
from risk_stream.messages.compiled.risk_row import RISK_ROW
from risk_stream.messages.limit import MEASURE_DIGITS, Limit, Mode, Unit
from risk_stream.messages.limit_kind import LimitKind, Measure
from risk_stream.messages.money import MONEY_DIGITS, QUANTITY_DIGITS, format_double, format_scaled, multiply_to_money
from risk_stream.rules.plan import Plan, name_hash
from risk_stream.state.counters import COUNT_ATTEMPTS, SUM_NOTIONAL
from risk_stream.state.layout import BUCKETS, State

WINDOWS = ("P1D", "P7D", "P30D", "TOTAL")
_DRAWDOWN_WINDOWS = {86_400_000: 0, 7 * 86_400_000: 1, 30 * 86_400_000: 2, 0: 3}


class SymbolView(msgspec.Struct, frozen=True):
    """What is known of a symbol; numbers as plain decimal text."""

    symbol: str
    sector: str | None
    quantity: str
    mark: str | None
    value: str | None
    open_buys: str
    open_sells: str


class LimitView(msgspec.Struct, frozen=True, omit_defaults=True):
    """A limit and the room it leaves; `subject` is the symbol or sector it was looked at for."""

    limit_id: str
    kind: LimitKind
    action: str
    mode: Mode
    threshold: str
    subject: str | None = None
    observed: str | None = None
    headroom: str | None = None
    """Threshold less observed, in the limit's unit."""
    headroom_amount: str | None = None
    """The same in money, for a share of the total value."""
    utilisation: str | None = None
    note: str | None = None
    """Why there is no number."""


class PortfolioView(msgspec.Struct, frozen=True):
    """A portfolio at a moment; times in epoch ms, None before there was one."""

    portfolio_id: str
    orders_at: int | None
    valued_at: int | None
    value_offset: int | None
    controls: int
    trading_state: str
    total_value: str | None
    peaks: dict[str, str | None]
    drawdowns: dict[str, str | None]
    gross_exposure: str
    net_exposure: str
    open_orders: int
    positions: list[SymbolView]
    limits: list[LimitView]


class _Symbol(msgspec.Struct):
    symbol: str
    sector: str | None
    held: int
    opens: tuple[int, int]
    mark: int | None

    def after(self, side: int) -> int:
        """Value with what is open in a direction, money; 0 without a mark."""
        quantity = self.held + (self.opens[0] if side == 0 else -self.opens[1])
        return multiply_to_money(quantity, self.mark or 0)

    @property
    def larger(self) -> int:
        """The larger absolute value."""
        return max(abs(self.after(0)), abs(self.after(1)))


def inspect(engine: Engine, portfolio_id: str, plan: Plan) -> PortfolioView | None:
    """The portfolio as it is under a plan; None when the engine knows none of that name."""
    residents = engine._residents
    name = portfolio_id.encode()
    residents.bring([name], set())
    slot = residents.slot_of(name)
    if slot == -1:
        return None
    state = residents.state
    engine.make_room_to_bind(plan)
    pictures = np.zeros(1, RISK_ROW)
    take_pictures(state, plan.arrays, np.array([slot], np.int32), pictures)
    picture, portfolio = pictures[0], state.portfolios[slot]
    valued = int(portfolio["tv"]) >= 0
    symbols = sorted(_symbols(state, slot), key=lambda one: one.symbol)
    watch = _Watch(state, slot, symbols, picture)
    peaks = [wide(picture["peak_hi"][i], picture["peak_lo"][i]) for i in range(4)]
    falls = [float(fall) for fall in picture["drawdown"]]
    return PortfolioView(
        portfolio_id=portfolio_id,
        orders_at=_time(portfolio["to"]),
        valued_at=_time(portfolio["tv"]),
        value_offset=int(portfolio["value_offset"]) if portfolio["value_offset"] >= 0 else None,
        controls=plan.version,
        trading_state=TRADING_STATES[int(picture["trading_state"])],
        total_value=format_scaled(watch.total, MONEY_DIGITS) if valued else None,
        peaks={
            name: format_scaled(peak, MONEY_DIGITS) if valued else None
            for name, peak in zip(WINDOWS, peaks, strict=True)
        },
        drawdowns={
            name: format_double(fall) if valued and not math.isnan(fall) else None
            for name, fall in zip(WINDOWS, falls, strict=True)
        },
        gross_exposure=format_scaled(wide(picture["gross_hi"], picture["gross_lo"]), MONEY_DIGITS),
        net_exposure=format_scaled(wide(picture["net_hi"], picture["net_lo"]), MONEY_DIGITS),
        open_orders=int(portfolio["open_count"]),
        positions=[_symbol_view(one) for one in symbols if one.held or any(one.opens)],
        limits=[
            view
            for limit in plan.limits
            if limit.scope.portfolio_id in (None, portfolio_id)
            for view in watch.views(limit)
        ],
    )


class _Watch:
    """Observes limits on one portfolio."""

    def __init__(self, state: State, slot: int, symbols: list[_Symbol], picture: Any) -> None:
        self._state = state
        self._portfolio = state.portfolios[slot]
        self._symbols = symbols
        self._picture = picture
        self.total = wide(self._portfolio["total_hi"], self._portfolio["total_lo"])

    def views(self, limit: Limit) -> Iterator[LimitView]:
        """The limit, once for each symbol or sector it looks at."""
        now = max(int(self._portfolio["to"]), int(self._portfolio["tv"]))
        if limit.mode is Mode.PAUSED:
            yield _view(limit, None, note="PAUSED")
        elif limit.effective_from is not None and limit.effective_from > now:
            yield _view(limit, None, note="not in force yet")
        elif limit.kind.exposure:
            for subject, amount in self._exposures(limit):
                yield self._exposure(limit, subject, amount)
        elif limit.kind is LimitKind.DRAWDOWN:
            fall = float(self._picture["drawdown"][_DRAWDOWN_WINDOWS[limit.window_ms or 0]])
            missing = "NO_VALUATION" if self._portfolio["tv"] < 0 else "PEAK_NOT_POSITIVE"
            yield (
                _ratio(limit, fall)
                if missing == "PEAK_NOT_POSITIVE" and not math.isnan(fall)
                else _view(limit, None, note=missing)
            )
        elif limit.kind is LimitKind.METRIC:
            yield self._metric(limit)
        else:
            observed = self._integer(limit, now)
            yield _view(limit, None, note="by order only") if observed is None else _scaled(limit, observed)

    def _exposures(self, limit: Limit) -> Iterator[tuple[str | None, int]]:
        scope = limit.scope
        if limit.kind is LimitKind.POSITION_SIZE:
            for one in self._symbols:
                if scope.symbol in (None, one.symbol) and (one.held or any(one.opens)):
                    yield one.symbol, one.larger
        elif limit.kind is LimitKind.SECTOR_EXPOSURE:
            for sector in sorted({one.sector for one in self._symbols if one.sector is not None}):
                if scope.sector in (None, sector):
                    yield sector, sum(one.larger for one in self._symbols if one.sector == sector)
        elif limit.kind is LimitKind.GROSS_EXPOSURE:
            yield None, sum(one.larger for one in self._symbols)
        else:
            yield None, max(abs(sum(one.after(side) for one in self._symbols)) for side in range(2))

    def _exposure(self, limit: Limit, subject: str | None, amount: int) -> LimitView:
        if limit.unit is Unit.AMOUNT:
            return _scaled(limit, amount, subject)
        if self._portfolio["tv"] < 0:
            return _view(limit, subject, note="NO_VALUATION")
        if self.total <= 0:
            return _view(limit, subject, note="TOTAL_VALUE_NOT_POSITIVE")
        room = int(limit.threshold * self.total) - amount
        return _ratio(limit, float(amount) / float(self.total), subject, format_scaled(room, MONEY_DIGITS))

    def _metric(self, limit: Limit) -> LimitView:
        name = name_hash(limit.metric or "")
        at = int(self._portfolio["metrics"])
        while at != -1:
            row = self._state.metrics[at]
            if (row["h1"], row["h2"]) == name:
                return _ratio(limit, float(row["value"]))
            at = int(row["next"])
        return _view(limit, None, note="NO_METRIC" if self._portfolio["tv"] >= 0 else "NO_VALUATION")

    def _integer(self, limit: Limit, now: int) -> int | None:
        """What counting kinds have counted so far, in the threshold's unit; None for kinds that need an order."""
        match limit.kind:
            case LimitKind.MAX_ORDER_QUANTITY | LimitKind.MAX_ORDER_NOTIONAL:
                return 0
            case LimitKind.OPEN_ORDERS:
                return int(self._portfolio["open_count"])
            case LimitKind.ORDER_RATE:
                return self._counted(COUNT_ATTEMPTS, limit.window_ms or 0)
            case LimitKind.TURNOVER:
                return self._counted(SUM_NOTIONAL, limit.window_ms or 0)
            case LimitKind.VALUE_AGE if self._portfolio["tv"] >= 0:
                return now - int(self._portfolio["tv"])
        return None

    def _counted(self, kind: int, window_ms: int) -> int:
        """The sum of a rolling counter's sub-buckets that are inside the window at To."""
        at = int(self._portfolio["counters"])
        while at != -1:
            row = self._state.counters[at]
            if (int(row["kind"]), int(row["window_ms"])) == (kind, window_ms):
                first = BUCKETS * int(self._portfolio["to"]) // window_ms - BUCKETS + 1
                newest = int(row["newest"])
                inside = range(max(first, newest - BUCKETS + 1), newest + 1)
                return sum(wide(row["bucket_hi"][n % BUCKETS], row["bucket_lo"][n % BUCKETS]) for n in inside)
            at = int(row["next"])
        return 0


def _symbols(state: State, slot: int) -> Iterator[_Symbol]:
    at = int(state.portfolios[slot]["positions"])
    while at != -1:
        row = state.positions[at]
        held = state.holdings[int(row["holding"])]
        sector = int(held["snapshot_sector"]) if held["snapshot_sector"] != -1 else int(row["order_sector"])
        marks = (int(price) for price in (held["snapshot_price"], held["fill_price"], row["order_price"]))
        yield _Symbol(
            string_of(state, int(row["symbol"])) or "",
            string_of(state, int(state.sectors[sector]["name"])) if sector != -1 else None,
            wide(held["held_hi"], held["held_lo"]),
            (wide(held["open_hi"][0], held["open_lo"][0]), wide(held["open_hi"][1], held["open_lo"][1])),
            next((mark for mark in marks if mark), None),
        )
        at = int(row["next"])


def _symbol_view(one: _Symbol) -> SymbolView:
    marked = one.mark is not None
    return SymbolView(
        one.symbol,
        one.sector,
        format_scaled(one.held, QUANTITY_DIGITS),
        format_scaled(one.mark, QUANTITY_DIGITS) if one.mark is not None else None,
        format_scaled(multiply_to_money(one.held, one.mark or 0), MONEY_DIGITS) if marked else None,
        format_scaled(one.opens[0], QUANTITY_DIGITS),
        format_scaled(one.opens[1], QUANTITY_DIGITS),
    )


def _view(limit: Limit, subject: str | None, **fields: str | None) -> LimitView:
    return LimitView(
        limit.limit_id, limit.kind, limit.action, limit.mode, limit.threshold_text, subject=subject, **fields
    )


def _scaled(limit: Limit, observed: int, subject: str | None = None) -> LimitView:
    digits = MEASURE_DIGITS[limit.measure]
    threshold = limit.threshold_scaled
    return _view(
        limit,
        subject,
        observed=format_scaled(observed, digits),
        headroom=format_scaled(threshold - observed, digits),
        utilisation=format_double(float(observed) / float(threshold)) if threshold > 0 else None,
    )


def _ratio(limit: Limit, observed: float, subject: str | None = None, amount: str | None = None) -> LimitView:
    threshold = float(limit.threshold)
    upward = limit.measure is not Measure.METRIC or limit.operator in (">", ">=")
    return _view(
        limit,
        subject,
        observed=format_double(observed),
        headroom=format_double(threshold - observed if upward else observed - threshold),
        headroom_amount=amount,
        utilisation=format_double(observed / threshold) if upward and threshold > 0 else None,
    )


def _time(ms: Any) -> int | None:
    return int(ms) if ms >= 0 else None
