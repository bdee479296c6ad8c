"""Everything one portfolio remembers."""

from dataclasses import dataclass, field

from risk_stream.audit.naive.history import History, RecentIds
from risk_stream.audit.naive.holdings import Holdings
from risk_stream.audit.naive.open_orders import OpenOrders
from risk_stream.audit.naive.orders import Order
from risk_stream.audit.naive.peaks import Peaks
from risk_stream.audit.naive.values import Valuation

Levels = dict[str | None, str]  # symbol or sector (None for the whole portfolio) -> WARNED or BREACHED


@dataclass
class Portfolio:
    """Times in epoch ms, money in 10^-4."""

    portfolio_id: str
    order_time: int | None = None  # To
    value_time: int | None = None  # Tv
    value_offset: int | None = None
    valuation: Valuation | None = None
    sequence: int | None = None
    peaks: Peaks = field(default_factory=Peaks)
    holdings: Holdings = field(default_factory=Holdings)
    history: History = field(default_factory=History)
    open_orders: OpenOrders = field(default_factory=OpenOrders)
    execution_ids: RecentIds = field(default_factory=RecentIds)
    levels: dict[str, Levels] = field(default_factory=dict)
    halted_at_version: int | None = None

    @property
    def now(self) -> int | None:
        """T, the later of the two clocks."""
        clocks = [clock for clock in (self.order_time, self.value_time) if clock is not None]
        return max(clocks, default=None)

    def move_order_time(self, ts: int) -> int:
        """To after a well-formed order; open orders it leaves 24 hours behind expire."""
        self.order_time = ts if self.order_time is None else max(self.order_time, ts)
        self.open_orders.expire(self.order_time)
        return self.order_time

    def is_late(self, valuation: Valuation) -> bool:
        """Whether a valuation is to be ignored: an older time, or a sequence that does not rise."""
        if self.value_time is not None and valuation.ts < self.value_time:
            return True
        return self.sequence is not None and valuation.sequence is not None and valuation.sequence <= self.sequence

    def apply_valuation(self, valuation: Valuation) -> None:
        """Take over a valuation that is not late."""
        self.valuation = valuation
        self.value_time = valuation.ts
        if valuation.sequence is not None:
            self.sequence = valuation.sequence
        self.peaks.add(valuation.ts, valuation.total_value, valuation.cash_flow)
        if valuation.positions is not None:
            self.holdings.take_snapshot(valuation.positions, valuation.ts)

    def is_strictly_reducing(self, order: Order) -> bool:
        """Whether the order only makes the held position of its symbol smaller, open orders counted."""
        held = self.holdings.held.get(order.symbol, 0)
        opposite = held * order.signed_quantity < 0
        return opposite and order.quantity + self.open_orders.quantity(order.symbol, order.side) <= abs(held)
