"""From what is in force to a plan: names hashed, limits sorted and listed where an order looks for them."""

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable

import numpy as np

from risk_stream.messages.limit import Limit, Unit
from risk_stream.messages.limit_kind import LimitKind, Rolling, Standing
from risk_stream.rules import plan as pl
from risk_stream.rules.fold import Armed, Commands, Fold
from risk_stream.rules.kinds import (
    ACTION_NUMBERS,
    AT_LEAST,
    GREATER,
    KIND_NUMBERS,
    MODE_NUMBERS,
    OPERATOR_NUMBERS,
    STANDING_NUMBERS,
)
from risk_stream.rules.plan import Plan, PlanArrays, Rows, name_hash
from risk_stream.state.counters import COUNT_ATTEMPTS, SUM_NOTIONAL
from risk_stream.state.layout import DAY_MS

COUNTED: dict[Rolling | None, int] = {Rolling.ATTEMPTS: COUNT_ATTEMPTS, Rolling.NOTIONAL: SUM_NOTIONAL}
PEAK_WINDOWS = {DAY_MS: 0, 7 * DAY_MS: 1, 30 * DAY_MS: 2, 0: 3}
MASK64 = (1 << 64) - 1
QUIET_MARGIN = 1e-9
QUIET_MIN = 1e-290


def compile_plan(fold: Fold) -> Plan:
    """The plan of a fold; about 10 us a limit and a portfolio named."""
    armed = sorted(fold.limits.values(), key=lambda one: one.limit.limit_id)
    limits = np.zeros(len(armed), pl.LIMIT)
    symbols = _Symbols()
    for index, one in enumerate(armed):
        _fill_limit(limits[index], one, symbols)
    observations = _number_observations(limits, [one.limit for one in armed])
    lists = _Lists(armed)
    header = np.zeros(pl.HEADER_CELLS, np.int64)
    header[pl.VERSION] = fold.version
    header[pl.FIRM_STATE] = fold.firm_state
    header[pl.EQUAL_WINDOW_MS] = _equal_window_ms(armed[i].limit for i in lists.unscoped)
    header[pl.NAMES_PEOPLE] = bool(limits["has_strategy"].any() or limits["has_trader"].any())
    header[pl.OBSERVATIONS] = observations
    general_windows = _windows(armed[i].limit for i in lists.unscoped)
    header[pl.GENERAL_WINDOWS] = len(general_windows)
    parts = _Parts(windows=list(general_windows))
    groups = parts.groups(lists.by_symbol)
    entries = parts.entries(fold, armed, lists.by_portfolio, general_windows)
    by_uid = np.full(len(fold.uids), -1, np.int32)
    by_uid[limits["uid"]] = np.arange(len(armed))
    arrays = PlanArrays(
        {
            "header": header,
            "limits": limits,
            "general": np.array(lists.general, np.int32),
            "by_uid": by_uid,
            "listed": np.array(parts.listed, np.int32),
            "groups": groups,
            "entries": entries,
            "overrides": np.array(parts.overrides, pl.OVERRIDE),
            "windows": np.array(parts.windows, pl.WINDOW),
            "symbols": symbols.rows(),
        }
    )
    return Plan(fold.version, tuple(one.limit for one in armed), arrays)


class _Symbols:
    """The symbol lists of all RESTRICTED_SYMBOL limits, one behind the other."""

    def __init__(self) -> None:
        self.hashes: list[tuple[np.uint64, np.uint64]] = []

    def add(self, names: Iterable[str]) -> tuple[int, int]:
        first = len(self.hashes)
        self.hashes += sorted(name_hash(name) for name in names)
        return first, len(self.hashes)

    def rows(self) -> Rows:
        return np.array(self.hashes, pl.NAME)


class _Lists:
    """Which limits an order looks at: indices into the sorted limits, each list rising."""

    def __init__(self, armed: list[Armed]) -> None:
        self.general: list[int] = []
        self.unscoped: list[int] = []  # general or of a symbol: they count for every portfolio
        self.by_symbol: dict[str, list[int]] = defaultdict(list)
        self.by_portfolio: dict[str, list[int]] = defaultdict(list)
        for index, one in enumerate(armed):
            scope = one.limit.scope
            if scope.portfolio_id is not None:
                self.by_portfolio[scope.portfolio_id].append(index)
                continue
            self.unscoped.append(index)
            # A standing limit must be found by a valuation, which has no symbol of its own.
            if scope.symbol is not None and one.limit.kind.standing is not Standing.PER_SYMBOL:
                self.by_symbol[scope.symbol].append(index)
            else:
                self.general.append(index)


class _Parts:
    """The lists behind groups and entries while they are being laid out."""

    def __init__(self, windows: list[tuple[int, int]]) -> None:
        self.listed: list[int] = []
        self.windows = windows
        self.overrides: list[tuple[np.uint64, np.uint64, int, int]] = []

    def groups(self, by_symbol: dict[str, list[int]]) -> Rows:
        rows = []
        for symbol, indices in by_symbol.items():
            rows.append((*name_hash(symbol), *self._list(indices)))
        return np.array(sorted(rows), pl.GROUP)

    def entries(
        self,
        fold: Fold,
        armed: list[Armed],
        by_portfolio: dict[str, list[int]],
        general_windows: list[tuple[int, int]],
    ) -> Rows:
        overrides: dict[str, list[tuple[np.uint64, np.uint64, int, int]]] = defaultdict(list)
        for (portfolio_id, order_id), (offset, expires_at) in fold.overrides.items():
            overrides[portfolio_id].append((*name_hash(order_id), offset, expires_at))
        names = {**fold.commands, **dict.fromkeys(by_portfolio), **dict.fromkeys(overrides)}
        rows = np.zeros(len(names), pl.ENTRY)
        for row, name in zip(rows, names, strict=True):
            own = [armed[i].limit for i in by_portfolio.get(name, ())]
            row["h1"], row["h2"] = name_hash(name)
            commands = fold.commands.get(name, Commands())
            row["state"] = commands.state
            row["resume_offset"] = commands.resume_offset
            row["rebase_offset"] = commands.rebase_offset
            row["equal_window_ms"] = _equal_window_ms(own)
            row["first"], row["end"] = self._list(by_portfolio.get(name, []))
            row["windows_first"] = len(self.windows)
            self.windows += [window for window in _windows(own) if window not in general_windows]
            row["windows_end"] = len(self.windows)
            row["overrides_first"] = len(self.overrides)
            self.overrides += overrides.get(name, [])
            row["overrides_end"] = len(self.overrides)
        return np.sort(rows, order="h1")

    def _list(self, indices: list[int]) -> tuple[int, int]:
        first = len(self.listed)
        self.listed += indices
        return first, len(self.listed)


def _windows(limits: Iterable[Limit]) -> list[tuple[int, int]]:
    """The rolling counters that the limits need, (window, kind), paused ones included: they may be resumed."""
    counted = [limit for limit in limits if limit.kind.rolling in COUNTED]
    return sorted({(limit.window_ms or 0, COUNTED[limit.kind.rolling]) for limit in counted})


def _equal_window_ms(limits: Iterable[Limit]) -> int:
    equal = (limit for limit in limits if limit.kind.rolling is Rolling.EQUAL_ORDERS)
    return max((limit.window_ms or 0 for limit in equal), default=0)


def _standing(limit: Limit) -> Standing:
    """How a valuation evaluates the limit: as its kind, unless its scope names what only an order has."""
    kind, scope = limit.kind, limit.scope
    if scope.strategy_id is not None or scope.trader_id is not None:
        return Standing.NEVER
    if scope.symbol is not None and kind.standing is not Standing.PER_SYMBOL:
        return Standing.NEVER
    if scope.sector is not None and kind.standing is not Standing.PER_SECTOR:
        return Standing.NEVER
    return kind.standing


def _number_observations(limits: Rows, whole: list[Limit]) -> int:
    """Number what several limits observe alike of an order, so that it is observed once; how many there are.

    Two observe the same when they are of one kind and agree in all that a kind may look at but the threshold.
    """
    alike: dict[Hashable, list[int]] = defaultdict(list)
    for index, one in enumerate(whole):
        alike[one.kind, one.window_ms, one.unit, one.adverse_move, one.metric, one.symbols].append(index)
    shared = [indices for indices in alike.values() if len(indices) > 1]
    limits["observation"] = -1
    for number, indices in enumerate(shared):
        limits["observation"][indices] = number
    return len(shared)


def quiet_below(threshold: float, warn_ratio: float, operator: int) -> float:
    """What is observed from 0 to below this is neither breached nor warned, by a margin that no rounding reaches.

    -inf where that cannot be told. Utilisation is observed / threshold, compared with `warn_ratio`, of at most 1,
    under a relative 2 x 10^-15 (SEMANTICS, Comparing); doubles near zero have no relative precision to speak of.
    """
    bound = threshold * warn_ratio * (1 - QUIET_MARGIN)
    return bound if operator <= AT_LEAST and bound > QUIET_MIN else -math.inf


def _fill_limit(row: np.void, one: Armed, symbols: _Symbols) -> None:
    limit, scope = one.limit, one.limit.scope
    scaled = limit.threshold_scaled
    row["uid"] = one.uid
    row["armed_since"] = one.armed_since
    row["effective_from"] = pl.NO_TIME if limit.effective_from is None else limit.effective_from
    row["window_ms"] = limit.window_ms or 0
    row["threshold_hi"] = scaled >> 64
    row["threshold_lo"] = scaled & MASK64
    row["threshold"] = float(limit.threshold) if limit.measure in ("ratio", "metric") else float(scaled)
    row["warn_ratio"] = limit.warn_ratio
    row["adverse_move"] = limit.adverse_move
    row["kind"] = KIND_NUMBERS[limit.kind]
    row["action"] = ACTION_NUMBERS[limit.action]
    row["mode"] = MODE_NUMBERS[limit.mode]
    row["amount"] = limit.unit is Unit.AMOUNT
    row["operator"] = GREATER if limit.operator is None else OPERATOR_NUMBERS[limit.operator]
    row["peak_window"] = PEAK_WINDOWS[limit.window_ms or 0] if limit.kind is LimitKind.DRAWDOWN else 0
    row["lifted"] = limit.kind.lifted
    row["standing"] = STANDING_NUMBERS[_standing(limit)]
    row["symbols_from"], row["symbols_to"] = symbols.add(limit.symbols)
    row["quiet_below"] = quiet_below(float(row["threshold"]), limit.warn_ratio, int(row["operator"]))
    _fill_name(row, "metric", limit.metric)
    for name, value in (
        ("portfolio", scope.portfolio_id),
        ("symbol", scope.symbol),
        ("sector", scope.sector),
        ("strategy", scope.strategy_id),
        ("trader", scope.trader_id),
    ):
        row[f"has_{name}"] = value is not None
        _fill_name(row, name, value)


def _fill_name(row: np.void, name: str, value: str | None) -> None:
    if value is not None:
        row[f"{name}_h1"], row[f"{name}_h2"] = name_hash(value)
