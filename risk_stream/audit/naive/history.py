"""What the orders of one portfolio did, dated by To: ids, attempts, approvals. Lists in order, bisected."""

from bisect import bisect_left

from risk_stream.audit.naive.orders import Order

IDS_MAX = 10_000
DAY_MS = 86_400_000
BUCKETS = 60

Signature = tuple[str, str, int, int | None]


def count_before_window(dates: list[int], now: int, window_ms: int) -> int:
    """How many of these rising dates lie before the window: the last 60 buckets floor(60 t / w), now's included."""
    first_bucket = 60 * now // window_ms - (BUCKETS - 1)
    return bisect_left(dates, first_bucket, key=lambda date: 60 * date // window_ms)


def signature_of(order: Order) -> Signature:
    """What makes two orders equal for DUPLICATE_ORDER."""
    return order.symbol, order.side, order.quantity, order.price


class RecentIds:
    """The last 10,000 ids; how old they are is for the caller to judge."""

    def __init__(self) -> None:
        self.count = 0
        self.last_seen: dict[str, tuple[int, int]] = {}  # id -> its number, its date

    def add(self, identifier: str, date: int) -> None:
        """One more id."""
        self.last_seen[identifier] = (self.count, date)
        self.count += 1

    def date_of(self, identifier: str) -> int | None:
        """When the id was added, None when it is not one of the last 10,000."""
        if identifier not in self.last_seen:
            return None
        number, date = self.last_seen[identifier]
        return date if number >= self.count - IDS_MAX else None


class History:
    """Order ids, the date of every attempt, and the date and notional of every approval."""

    def __init__(self) -> None:
        self.order_ids = RecentIds()
        self.attempts: list[int] = []
        self.attempts_like: dict[Signature, list[int]] = {}
        self.approvals: list[int] = []
        self.notional_up_to: list[int] = [0]  # [n]: the sum over the first n approvals

    def has_decided(self, order_id: str, now: int) -> bool:
        """Whether a decision for this id was made less than 24 hours of To ago."""
        date = self.order_ids.date_of(order_id)
        return date is not None and now - date < DAY_MS

    def attempts_in(self, now: int, window_ms: int) -> int:
        """Attempts in the window, without the one being decided."""
        return len(self.attempts) - count_before_window(self.attempts, now, window_ms)

    def equal_attempts_in(self, order: Order, now: int, window_ms: int) -> int:
        """Earlier attempts in the window that equal this order."""
        dates = self.attempts_like.get(signature_of(order), [])
        return len(dates) - count_before_window(dates, now, window_ms)

    def approved_notional_in(self, now: int, window_ms: int) -> int:
        """Sum of the approved notional in the window."""
        before = count_before_window(self.approvals, now, window_ms)
        return self.notional_up_to[-1] - self.notional_up_to[before]

    def add_attempt(self, order: Order, now: int) -> None:
        """A decision other than INVALID_ORDER and DUPLICATE_ORDER_ID was made."""
        self.order_ids.add(order.order_id, now)
        self.attempts.append(now)
        self.attempts_like.setdefault(signature_of(order), []).append(now)

    def add_approval(self, notional: int, now: int) -> None:
        """An order was approved."""
        self.approvals.append(now)
        self.notional_up_to.append(self.notional_up_to[-1] + notional)
