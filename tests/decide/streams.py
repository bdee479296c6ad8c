"""Whole random streams for one partition, from a seed: controls, values and orders, cut into steps of random size.

A stream has a temper (calm, hot, extreme, days) so that some run deep into one portfolio's history while others meet
the bounds of numbers or of time. Nothing here knows what will be decided.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from risk_stream.audit.naive.fields import format_moment
from risk_stream.audit.naive.partition import partition_of
from tests.decide import stream_controls, stream_faults, stream_numbers
from tests.decide.stream_controls import METRICS, SECTORS, STRATEGIES, SYMBOLS, TRADERS, Message
from tests.decide.stream_json import Raw, encode, number

START_MS = 1_795_341_600_000  # 2026-11-22T10:00:00Z
DAY_MS = 86_400_000


@dataclass(frozen=True)
class Record:
    """One record of a topic."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


@dataclass
class StreamStep:
    """Controls first, then values, then orders, as the journal would name them."""

    controls: list[Record] = field(default_factory=list)
    values: list[Record] = field(default_factory=list)
    orders: list[Record] = field(default_factory=list)


@dataclass(frozen=True)
class Temper:
    """How a stream behaves: portfolios, how extreme its numbers are, and the shares of long pauses and of faults."""

    portfolios: int
    extreme: float
    jump: float
    faults: float


TEMPERS = {
    "calm": Temper(portfolios=6, extreme=0.0, jump=0.001, faults=0.02),
    "hot": Temper(portfolios=1, extreme=0.0, jump=0.002, faults=0.01),
    "extreme": Temper(portfolios=3, extreme=0.25, jump=0.01, faults=0.1),
    "days": Temper(portfolios=4, extreme=0.01, jump=0.1, faults=0.03),
    "many": Temper(portfolios=200, extreme=0.01, jump=0.005, faults=0.03),
}


class Stream:
    """A seeded source of records for partition `partition` of `partitions`."""

    def __init__(self, seed: int, partition: int = 0, partitions: int = 1, temper: str | None = None) -> None:
        self.chance = random.Random(seed)
        self.temper = TEMPERS[temper or self.chance.choice(list(TEMPERS))]
        self.now = START_MS
        self.next_offset = {"controls": 0, "values": 0, "orders": 0}
        names = (f"P{n}" if n % 5 else f"Pörtfolio-{n}" for n in range(100_000))
        mine = (name for name in names if partition_of(name.encode(), partitions) == partition)
        self.portfolios = [next(mine) for _ in range(self.temper.portfolios)]
        self.order_count = 0
        self.orders: list[Message] = [self.new_order(self.portfolios[0])]
        self.overridden: list[tuple[str, str]] = []
        self.executions: list[Message] = []
        self.sequence = 0

    def steps(self, orders: int) -> Iterator[StreamStep]:
        """Steps until that many orders were sent."""
        yield StreamStep(controls=[self.record("controls", None, self.control()) for _ in range(12)])
        sent = 0
        while sent < orders:
            step = self.step(self.chance.choice([1, 3, 10, 60]))
            sent += len(step.orders)
            yield step

    def step(self, size: int) -> StreamStep:
        """About `size` orders, about half as many values, now and then controls."""
        step = StreamStep()
        if self.chance.random() < 0.3:
            step.controls = [
                self.record("controls", None, self.control()) for _ in range(self.chance.choice([1, 1, 2, 5]))
            ]
        for _ in range(self.chance.randrange(size + 1)):
            step.values.append(self.value())
        for _ in range(self.chance.randrange(size + 1)):
            step.orders.append(self.order())
        return step

    def record(self, topic: str, key: bytes | None, value: bytes | None) -> Record:
        """The next record of a topic; time passes, and offsets have gaps as transaction markers leave them."""
        self.pass_time()
        offset = self.next_offset[topic]
        self.next_offset[topic] = offset + (1 if self.chance.random() < 0.95 else 3)
        return Record(offset, self.now, key, value)

    def pass_time(self) -> None:
        """Mostly milliseconds; sometimes nothing, minutes, hours or weeks. The broker's clock may step back."""
        if self.chance.random() < self.temper.jump:
            self.now += self.chance.choice([60_000, 299_999, 3_600_000, DAY_MS - 1, DAY_MS, 8 * DAY_MS, 31 * DAY_MS])
        else:
            self.now = max(0, self.now + self.chance.choice([0, 0, 1, 1, 7, 40, 300, 2_000, 20_000, -5]))

    def portfolio(self) -> str:
        """The first portfolios are hotter."""
        return self.portfolios[int(len(self.portfolios) * self.chance.random() ** 2)]

    def control(self) -> bytes | None:
        """A control, sometimes a bad one."""
        if self.chance.random() < 0.01:
            return self.chance.choice(stream_faults.MALFORMED)
        order_id = f"override-{self.order_count // 5}"
        message = stream_controls.control(self.chance, self.portfolios, order_id, self.now)
        if message.get("type") == "OVERRIDE":
            self.overridden.append((order_id, str(message["portfolio_id"])))
        if self.chance.random() < self.temper.faults:
            stream_faults.spoil(self.chance, message, stream_faults.CONTROL_FAULTS, self.now)
        return encode(self.chance, message)

    def order(self) -> Record:
        """An order: new, repeated whole, under a new id, with an id seen before, or with one that was overridden."""
        draw = self.chance.random()
        if draw < 0.05:
            message = dict(self.chance.choice(self.orders[-50:]))
        elif draw < 0.08:
            message = {**self.new_order(self.portfolio()), "order_id": self.chance.choice(self.orders)["order_id"]}
        elif draw < 0.2 and self.overridden:
            order_id, portfolio_id = self.overridden.pop(0)
            message = {**self.new_order(portfolio_id), "order_id": order_id}
            self.orders.append(dict(message))
        else:
            message = self.new_order(self.portfolio())
            if self.chance.random() < 0.15:
                message = {**self.chance.choice(self.orders[-5:]), "order_id": message["order_id"]}
            self.orders.append(dict(message))
        return self.keyed("orders", message, stream_faults.ORDER_FAULTS)

    def new_order(self, portfolio_id: str) -> Message:
        """A new order; few different numbers, so that duplicates happen."""
        chance = self.chance
        self.order_count += 1
        market = chance.random() < 0.15
        message: Message = {
            "order_id": f"o{self.order_count}",
            "portfolio_id": portfolio_id,
            "symbol": self.symbol(),
            "side": chance.choice(["BUY", "SELL"]),
            "quantity": number(chance, stream_numbers.quantity(chance, self.temper.extreme)),
        }
        if market:
            message["order_type"] = "MARKET"
        if not market or chance.random() < 0.2:
            message["price"] = number(chance, stream_numbers.quantity(chance, self.temper.extreme))
        if chance.random() < 0.3:
            message["reference_price"] = number(chance, stream_numbers.quantity(chance, self.temper.extreme))
        for name, values, share in (
            ("sector", SECTORS, 0.3),
            ("strategy_id", STRATEGIES, 0.4),
            ("trader_id", TRADERS, 0.4),
        ):
            if chance.random() < share:
                message[name] = chance.choice([*values, None])
        self.add_time(message)
        return message

    def symbol(self) -> str:
        """The first symbols are more frequent."""
        return SYMBOLS[int(len(SYMBOLS) * self.chance.random() ** 2)]

    def add_time(self, message: Message) -> None:
        """Mostly no `ts`; else a little or much older, or up to a minute ahead, in either form."""
        draw = self.chance.random()
        if draw < 0.6:
            return
        behind = self.chance.choice([0, 1, 900, 5_000, 300_000, -30_000, -60_000])
        if draw > 0.98:
            behind = self.chance.choice([DAY_MS, 40 * DAY_MS])
        ts = max(0, self.now - behind)
        message["ts"] = Raw(str(ts)) if draw < 0.8 else format_moment(ts)

    def value(self) -> Record:
        """A valuation or an execution."""
        if self.chance.random() < 0.5:
            return self.keyed("values", self.valuation(), stream_faults.VALUE_FAULTS)
        return self.keyed("values", self.execution(), stream_faults.EXECUTION_FAULTS)

    def valuation(self) -> Message:
        """A valuation, half of them snapshots."""
        chance, extreme = self.chance, self.temper.extreme
        message: Message = {
            "portfolio_id": self.portfolio(),
            "total_value": number(chance, stream_numbers.money(chance, extreme)),
        }
        if chance.random() < 0.2:
            message["type"] = chance.choice(["VALUATION", None])
        if chance.random() < 0.2:
            message["cash_flow"] = number(chance, chance.choice(["-", ""]) + str(chance.randrange(300)))
        if chance.random() < 0.5:
            message["positions"] = [
                self.position(symbol) for symbol in chance.sample(SYMBOLS, chance.choice([0, 1, 2, 3, 8]))
            ]
        if chance.random() < 0.7:
            message["metrics"] = {
                name: chance.choice([None, Raw("0.3"), Raw("-0.5"), Raw("5"), Raw(repr(chance.uniform(-1, 6)))])
                for name in chance.sample(METRICS, chance.randrange(4))
            }
            if chance.random() < extreme:
                message["metrics"] = {"var": Raw(chance.choice(["1e308", "-1e308", "5e-324", "-0.0", "1e-400"]))}
        if chance.random() < 0.15:
            self.sequence += chance.choice([1, 1, 5, 0, -3])
            message["sequence"] = self.sequence
        self.add_time(message)
        return message

    def position(self, symbol: str) -> Message:
        """One symbol of a snapshot."""
        chance, extreme = self.chance, self.temper.extreme
        entry: Message = {
            "symbol": symbol,
            "quantity": number(chance, stream_numbers.position_quantity(chance, extreme)),
            "price": number(chance, stream_numbers.quantity(chance, extreme)),
        }
        if chance.random() < 0.5:
            entry["sector"] = chance.choice([*SECTORS, None])
        return entry

    def execution(self) -> Message:
        """A fill or a close of a recent order, right or wrong; sometimes one that was sent before."""
        chance = self.chance
        if self.executions and chance.random() < 0.1:
            return dict(chance.choice(self.executions[-100:]))
        order = chance.choice(self.orders[-30:])
        status = chance.choices(["PARTIALLY_FILLED", "FILLED", "CANCELLED", "EXPIRED", "REJECTED"], [6, 5, 1, 1, 1])[0]
        right = chance.random() < 0.9
        message: Message = {
            "type": "EXECUTION",
            "portfolio_id": order["portfolio_id"] if right else self.portfolio(),
            "order_id": order["order_id"] if right else chance.choice(["o0", "never", self.orders[0]["order_id"]]),
            "execution_id": f"x{self.next_offset['values']}-{len(self.executions)}",
            "status": status,
            "symbol": order["symbol"] if chance.random() < 0.95 else self.symbol(),
            "side": order["side"] if chance.random() < 0.95 else "BUY",
        }
        if status in ("PARTIALLY_FILLED", "FILLED"):
            whole = chance.random() < 0.4
            size = order["quantity"] if whole else number(chance, stream_numbers.quantity(chance, self.temper.extreme))
            message["last_quantity"] = size
            message["last_price"] = number(chance, stream_numbers.quantity(chance, self.temper.extreme))
        self.add_time(message)
        self.executions.append(dict(message))
        return message

    def keyed(self, topic: str, message: Message, faults: dict[str, list[object]]) -> Record:
        """The record of a message; a few are spoilt, malformed, or under a wrong key."""
        draw = self.chance.random()
        if draw < self.temper.faults:
            stream_faults.spoil(self.chance, message, faults, self.now)
        portfolio_id = message["portfolio_id"]
        key: bytes | None = portfolio_id.encode() if isinstance(portfolio_id, str) else b"?"
        value: bytes | None = encode(self.chance, message)
        if draw > 1 - self.temper.faults / 4:
            value = self.chance.choice(stream_faults.MALFORMED)
        elif draw > 1 - self.temper.faults / 2:
            key = self.chance.choice([None, b"", b"P1", b"other"])
        return self.record(topic, key, value)
