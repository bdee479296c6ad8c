"""What one portfolio remembers, in plain dicts and lists that are never thinned out by age."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass

from tests.oracle.limits import PEAK_BUCKETS
from tests.oracle.numbers import money
from tests.oracle.parse import Execution, Holding, Order, Valuation

DAY_MS = 86_400_000
BUCKET_MS = 300_000
IDS_KEPT = 10_000
WINDOW_BUCKETS = 60
Attempt = tuple[str, bool, int, int | None]


def window_start(at: int, window_ms: int) -> int:
    """The first ms whose bucket is among the last 60 at time `at`."""
    first = WINDOW_BUCKETS * at // window_ms - (WINDOW_BUCKETS - 1)
    return -(-first * window_ms // WINDOW_BUCKETS)


def since(times: Sequence[int], at: int, window_ms: int) -> int:
    """How many of the rising times are in the window."""
    return len(times) - bisect_left(times, window_start(at, window_ms))


@dataclass(slots=True)
class Open:
    """An approved order with what is left of it."""

    symbol: str
    buy: bool
    left: int
    approved_at: int


class Peaks:
    """Maxima of total value net of cash flows, by 5-minute bucket: only those no later one reaches."""

    def __init__(self) -> None:
        self.buckets: list[int] = []
        self.nets: list[int] = []
        self.flows = 0

    def add(self, at: int, total: int, flow: int) -> None:
        """One applied valuation; its flow is already inside its total."""
        self.flows += flow
        net = total - self.flows
        while self.nets and self.nets[-1] <= net:
            self.nets.pop()
            self.buckets.pop()
        self.nets.append(net)
        self.buckets.append(at // BUCKET_MS)
        self.last_net = net
        self.last_bucket = at // BUCKET_MS

    def rebase(self) -> None:
        """Forget all but the last valuation."""
        if self.nets:
            self.nets, self.buckets = [self.last_net], [self.last_bucket]

    def peak(self, window: str, at: int) -> int:
        """The greatest value of a window at a time, in terms of today's capital."""
        length = PEAK_BUCKETS[window]
        first = 0 if length is None else bisect_left(self.buckets, at // BUCKET_MS - length + 1)
        return self.nets[min(first, len(self.nets) - 1)] + self.flows


class Portfolio:
    """The state of one portfolio."""

    def __init__(self, portfolio_id: str) -> None:
        self.portfolio_id = portfolio_id
        self.order_time: int | None = None
        self.value_time: int | None = None
        self.total = 0
        self.metrics: dict[str, float] = {}
        self.sequence: int | None = None
        self.value_ref: str | None = None
        self.snapshot_time: int | None = None
        self.snapshot: dict[str, Holding] = {}
        self.held: dict[str, int] = {}
        self.fill_marks: dict[str, int] = {}
        self.order_marks: dict[str, int] = {}
        self.order_sectors: dict[str, str] = {}
        self.open: dict[str, Open] = {}
        self.open_queue: deque[tuple[str, Open]] = deque()
        self.open_sizes: dict[tuple[str, bool], int] = {}
        self.ids: OrderedDict[str, int] = OrderedDict()
        self.executions: OrderedDict[str, None] = OrderedDict()
        self.attempts: list[int] = []
        self.alike: dict[Attempt, list[int]] = {}
        self.turnover_times: list[int] = []
        self.turnover_sums: list[int] = [0]
        self.peaks = Peaks()
        self.halted_at: int | None = None
        self.rebased_at = -1
        self.consumed: dict[str, int] = {}

    # Time

    def latest(self) -> int:
        """T: the later of the two clocks; at least one has started."""
        return max(clock for clock in (self.order_time, self.value_time) if clock is not None)

    def advance(self, ts: int) -> int:
        """Move To by a well-formed order and let go of what its new value ends; To."""
        at = ts if self.order_time is None else max(ts, self.order_time)
        self.order_time = at
        while self.ids and at - next(iter(self.ids.values())) >= DAY_MS:
            self.ids.popitem(last=False)
        while self.open_queue and at - self.open_queue[0][1].approved_at >= DAY_MS:
            order_id, order = self.open_queue.popleft()
            if self.open.get(order_id) is order:
                self.close(order_id)
        return at

    # What orders did

    def remember_id(self, order_id: str, at: int) -> None:
        """An order id that got a decision."""
        self.ids[order_id] = at
        if len(self.ids) > IDS_KEPT:
            self.ids.popitem(last=False)

    def attempt(self, order: Order, at: int) -> None:
        """A well-formed attempt, whatever becomes of it."""
        self.attempts.append(at)
        self.alike.setdefault((order.symbol, order.buy, order.quantity, order.price), []).append(at)
        if order.sector is not None:
            self.order_sectors[order.symbol] = order.sector

    def approve(self, order: Order, price: int | None, at: int) -> None:
        """An approval counts at once."""
        entry = Open(order.symbol, order.buy, order.quantity, at)
        self.open[order.order_id] = entry
        self.open_queue.append((order.order_id, entry))
        side = (order.symbol, order.buy)
        self.open_sizes[side] = self.open_sizes.get(side, 0) + order.quantity
        if price is not None:
            self.order_marks[order.symbol] = price
            self.turnover_times.append(at)
            self.turnover_sums.append(self.turnover_sums[-1] + money(order.quantity, price))

    def turnover(self, at: int, window_ms: int) -> int:
        """Approved notional in the window."""
        first = bisect_left(self.turnover_times, window_start(at, window_ms))
        return self.turnover_sums[-1] - self.turnover_sums[first]

    def reduce_open(self, order_id: str, quantity: int) -> None:
        """Take a filled quantity off an open order; nothing left closes it."""
        entry = self.open[order_id]
        entry.left -= quantity
        self._take_open(entry, quantity)
        if entry.left == 0:
            del self.open[order_id]

    def close(self, order_id: str) -> None:
        """Close whatever is left of an open order."""
        entry = self.open.pop(order_id)
        self._take_open(entry, entry.left)

    def _take_open(self, entry: Open, quantity: int) -> None:
        side = (entry.symbol, entry.buy)
        self.open_sizes[side] -= quantity
        if self.open_sizes[side] == 0:
            del self.open_sizes[side]

    # What values did

    def value(self, valuation: Valuation) -> bool:
        """Apply a valuation; False when it comes late and is ignored."""
        if self.value_time is not None and valuation.ts < self.value_time:
            return False
        if valuation.sequence is not None:
            if self.sequence is not None and valuation.sequence <= self.sequence:
                return False
            self.sequence = valuation.sequence
        self.value_time, self.total, self.metrics = valuation.ts, valuation.total, valuation.metrics
        self.peaks.add(valuation.ts, valuation.total, valuation.flow)
        if valuation.positions is not None:
            self.snapshot_time, self.snapshot = valuation.ts, valuation.positions
            self.held = {symbol: line.quantity for symbol, line in valuation.positions.items() if line.quantity}
            self.fill_marks = {}
        return True

    def execute(self, execution: Execution) -> str | None:
        """Apply an execution that is no repeat; the reason of the dead letter it leaves, if any."""
        self.executions[execution.execution_id] = None
        if len(self.executions) > IDS_KEPT:
            self.executions.popitem(last=False)
        left = self.open[execution.order_id].left if execution.order_id in self.open else None
        reason = None
        if execution.status in ("PARTIALLY_FILLED", "FILLED"):
            assert execution.quantity is not None and execution.price is not None
            self._fill(execution.symbol, execution.buy, execution.quantity, execution.price, execution.ts)
            if left is None:
                return "UNKNOWN_ORDER"
            reason = "OVERFILL" if execution.quantity > left else None
            self.reduce_open(execution.order_id, min(execution.quantity, left))
        if execution.status != "PARTIALLY_FILLED" and execution.order_id in self.open:
            self.close(execution.order_id)
        return reason

    def _fill(self, symbol: str, buy: bool, quantity: int, price: int, ts: int) -> None:
        if self.snapshot_time is not None and ts <= self.snapshot_time:
            return
        held = self.held.get(symbol, 0) + (quantity if buy else -quantity)
        if held:
            self.held[symbol] = held
        else:
            self.held.pop(symbol, None)
        self.fill_marks[symbol] = price

    # What is known of a symbol

    def mark(self, symbol: str) -> int | None:
        """The price a position in the symbol is valued at."""
        line = self.snapshot.get(symbol)
        if line is not None:
            return line.price
        fill = self.fill_marks.get(symbol)
        return fill if fill is not None else self.order_marks.get(symbol)

    def sector(self, symbol: str, named: str | None = None) -> str | None:
        """The symbol's sector: the snapshot's, else the one an order names, else the last one an order named."""
        line = self.snapshot.get(symbol)
        if line is not None and line.sector is not None:
            return line.sector
        return named if named is not None else self.order_sectors.get(symbol)

    def open_size(self, symbol: str, buy: bool) -> int:
        """What is open in one direction, signed."""
        size = self.open_sizes.get((symbol, buy), 0)
        return size if buy else -size
