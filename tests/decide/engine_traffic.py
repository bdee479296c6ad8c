"""Traffic that goes deep into few portfolios: floods of equal orders, thousands of fills, rising and falling peaks.

Other streams of this folder are broad and slow; these are narrow and reach every bound of the state within seconds.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import orjson

from risk_stream.messages.control import Control, Halt, Override, Rebase, Reduce, RemoveLimit, Resume, SetLimit
from risk_stream.messages.limit import Action, Limit, Mode, Scope, Unit
from risk_stream.messages.limit_kind import LimitKind
from risk_stream.messages.records import NO_RECORDS, Records, records_from

START_MS = 1_795_341_600_000
MINUTE_MS = 60_000
DAY_MS = 86_400_000
SYMBOLS = [f"S{n}" for n in range(12)]
SECTORS = ["TECH", "FOOD", None]
SIGNED = ("desk", "test", 0)


@dataclass
class Step:
    """What one step takes: new controls, then values, then orders."""

    controls: list[Control] = field(default_factory=list)
    values: Records = NO_RECORDS
    orders: Records = NO_RECORDS


def limits() -> list[Limit]:
    """One of each kind, loose enough that orders pass, with several windows for those that have one."""
    warn: dict[str, Any] = {"action": Action.WARN}
    duplicates = [
        Limit(f"duplicate-{ms}", LimitKind.DUPLICATE_ORDER, Scope(), Decimal(20), window_ms=ms, **warn)
        for ms in (60, 60_000, 3_600_000, 3 * DAY_MS)
    ]
    rates = [
        Limit(f"rate-{ms}", LimitKind.ORDER_RATE, Scope(), Decimal(2_000), window_ms=ms) for ms in (60_000, 3_600_000)
    ]
    falls = [
        Limit(f"fall-{ms}", LimitKind.DRAWDOWN, Scope(), Decimal("0.3"), window_ms=ms, adverse_move=10**6)
        for ms in (0, DAY_MS, 7 * DAY_MS, 30 * DAY_MS)
    ]
    exposures = [
        Limit(kind.lower(), kind, Scope(), Decimal(threshold), **warn)
        for kind, threshold in (
            (LimitKind.POSITION_SIZE, "0.4"),
            (LimitKind.SECTOR_EXPOSURE, "0.7"),
            (LimitKind.GROSS_EXPOSURE, "1.5"),
            (LimitKind.NET_EXPOSURE, "1"),
        )
    ]
    others = [
        Limit("collar", LimitKind.PRICE_COLLAR, Scope(), Decimal("0.5"), **warn),
        Limit("open", LimitKind.OPEN_ORDERS, Scope(), Decimal(900)),
        Limit("turnover", LimitKind.TURNOVER, Scope(), Decimal(10**9), window_ms=DAY_MS),
        Limit("age", LimitKind.VALUE_AGE, Scope(), Decimal(DAY_MS), **warn),
        Limit("metric", LimitKind.METRIC, Scope(), Decimal(3), metric="var", operator=">", **warn),
    ]
    return duplicates + rates + falls + exposures + others


class Traffic:
    """A seeded source of steps over `portfolios` portfolios."""

    def __init__(self, seed: int, portfolios: int = 5) -> None:
        self.chance = random.Random(seed)
        self.now = START_MS
        self.symbols = SYMBOLS
        self.portfolios = [f"P{n}" for n in range(portfolios)]
        self.totals = dict.fromkeys(self.portfolios, 1_000_000)
        self.offset = {"values": 0, "orders": 0}
        self.number = 0
        self.recent: list[dict[str, Any]] = []

    def opening(self) -> Step:
        """All limits at once."""
        return Step([SetLimit(limit, *SIGNED) for limit in limits()])

    def mixed(self, steps: int, size: int = 40) -> Iterator[Step]:
        """Everything at once, with pauses from a millisecond to 31 days."""
        for _ in range(steps):
            pause = self.chance.choices([1, 20, 7_000, 400_000, DAY_MS, 8 * DAY_MS, 31 * DAY_MS], [9, 9, 9, 5, 2, 1, 1])
            self.now += pause[0]
            step = Step()
            if self.chance.random() < 0.25:
                step.controls = [self.control() for _ in range(self.chance.choice([1, 1, 3]))]
            portfolios = self.chance.sample(self.portfolios, self.chance.randrange(len(self.portfolios)))
            if portfolios and self.chance.random() < 0.8:
                step.values = self.records("values", self.chance.randrange(size), self.value, portfolios)
            if portfolios and self.chance.random() < 0.8:
                step.orders = self.records("orders", self.chance.randrange(size), self.order, portfolios)
            yield step

    def flood(self, orders: int, batch: int, equal_share: float) -> Iterator[Step]:
        """One portfolio sends orders, most of them equal to one another, and nothing else happens."""
        self.totals["P0"] = 1_000_000
        yield Step(values=self.records("values", 1, self.valuation, ["P0"]))
        for _ in range(orders // batch):
            self.now += 1_000
            yield Step(orders=self.records("orders", batch, lambda name: self.order(name, equal_share), ["P0"]))

    def fills(self, count: int, batch: int) -> Iterator[Step]:
        """One portfolio is filled in thousands of parts; every tenth fill comes twice."""
        for _ in range(count // batch):
            self.now += 500
            yield Step(values=self.records("values", batch, self.execution, ["P1"]))

    def decline(self, valuations: int, every_ms: int, batch: int) -> Iterator[Step]:
        """One portfolio falls steadily, the longest queue there is; the fall never reaches a limit's action."""
        for _ in range(valuations // batch):
            yield Step(values=self.records("values", batch, lambda name: self.fall(name, every_ms), ["P2"]))

    def saw(self, teeth: int) -> Iterator[Step]:
        """One portfolio falls for hours and regains a part of it, again and again: its queue of peaks is cut short in
        the middle of what was saved."""
        for _ in range(teeth):
            yield from self.decline(self.chance.randrange(20, 80), 300_000, 10)
            self.totals["P2"] += self.chance.randrange(2, 40)
            yield from self.decline(1, 300_000, 1)

    def records(self, topic: str, count: int, message: Any, portfolios: list[str]) -> Records:
        """The next records of a topic."""
        names = [self.chance.choice(portfolios) for _ in range(count)]
        values: list[bytes | None] = [orjson.dumps(message(name)) for name in names]
        first = self.offset[topic]
        self.offset[topic] += count + self.chance.choice([0, 0, 2])
        keys: list[bytes | None] = [name.encode() for name in names]
        return records_from(list(range(first, first + count)), [self.now] * count, keys, values)

    def order(self, portfolio_id: str, equal_share: float = 0.3) -> dict[str, Any]:
        """A new order, or with few different numbers; rarely an id that was used before."""
        chance = self.chance
        self.number += 1
        repeated = chance.random() < 0.02 and self.recent
        message: dict[str, Any] = {
            "order_id": chance.choice(self.recent)["order_id"] if repeated else f"o{self.number}",
            "portfolio_id": portfolio_id,
            "symbol": "S0",
            "side": "BUY",
            "quantity": "1",
            "price": "10",
        }
        if chance.random() >= equal_share:
            message |= {
                "symbol": chance.choice(self.symbols),
                "side": chance.choice(["BUY", "SELL"]),
                "quantity": str(chance.randrange(1, 9)),
                "price": str(chance.randrange(9, 12)),
                "sector": chance.choice(SECTORS),
            }
            if chance.random() < 0.1:
                message |= {"order_type": "MARKET", "price": None}
        if chance.random() < 0.1:
            message["ts"] = self.now - chance.choice([0, 1, 100_000, DAY_MS])
        self.recent = [*self.recent[-60:], message]
        return message

    def value(self, portfolio_id: str) -> dict[str, Any]:
        """A valuation or an execution."""
        return self.valuation(portfolio_id) if self.chance.random() < 0.4 else self.execution(portfolio_id)

    def valuation(self, portfolio_id: str) -> dict[str, Any]:
        """A valuation that wanders; a third are snapshots."""
        chance = self.chance
        flow = chance.choice([0, 0, 0, 0, 5_000, -5_000])
        self.totals[portfolio_id] += chance.choice([-90_000, -900, 0, 900, 95_000]) + flow
        message: dict[str, Any] = {
            "portfolio_id": portfolio_id,
            "total_value": str(self.totals[portfolio_id]),
            "cash_flow": str(flow),
            "metrics": {"var": chance.choice([1, 2.5, 3, 4])},
        }
        if chance.random() < 0.3:
            message["positions"] = [
                {
                    "symbol": symbol,
                    "quantity": str(chance.randrange(-30_000, 30_000)),
                    "price": str(chance.randrange(8, 13)),
                    "sector": chance.choice(SECTORS),
                }
                for symbol in chance.sample(self.symbols, chance.randrange(6))
            ]
        if chance.random() < 0.1:
            message["ts"] = self.now - chance.choice([0, 1, 100_000])
        return message

    def fall(self, portfolio_id: str, every_ms: int) -> dict[str, Any]:
        """The next valuation of a steady fall, some time later."""
        self.now += every_ms
        self.totals[portfolio_id] -= 1
        return {"portfolio_id": portfolio_id, "total_value": str(self.totals[portfolio_id]), "ts": self.now}

    def execution(self, portfolio_id: str) -> dict[str, Any]:
        """A fill or a close, mostly of an order of that portfolio."""
        chance = self.chance
        self.number += 1
        mine = [order for order in self.recent if order["portfolio_id"] == portfolio_id]
        order = chance.choice(mine) if mine else {"order_id": "never", "symbol": "S3", "side": "SELL"}
        status = chance.choices(["PARTIALLY_FILLED", "FILLED", "CANCELLED", "EXPIRED"], [6, 3, 2, 1])[0]
        message = {
            "type": "EXECUTION",
            "portfolio_id": portfolio_id,
            "order_id": order["order_id"],
            "execution_id": f"x{self.number if chance.random() < 0.9 else chance.randrange(self.number)}",
            "status": status,
            "symbol": order["symbol"],
            "side": order["side"],
        }
        if status in ("PARTIALLY_FILLED", "FILLED"):
            message |= {"last_quantity": str(chance.randrange(1, 4)), "last_price": str(chance.randrange(9, 12))}
        if chance.random() < 0.2:
            message["ts"] = self.now - chance.choice([0, 1, 100_000, DAY_MS])
        return message

    def control(self) -> Control:
        """A change of limits or a command."""
        chance = self.chance
        name = chance.choice(self.portfolios)
        target = chance.choice([name, name, None])
        match chance.randrange(9):
            case 0:
                return Halt(target, *SIGNED)
            case 1:
                return Reduce(target, *SIGNED)
            case 2 | 3:
                return Resume(target, *SIGNED)
            case 4:
                return Rebase(name, *SIGNED)
            case 5:
                order_id = f"o{self.number + chance.randrange(1, 30)}"
                return Override(order_id, name, self.now + DAY_MS, "trader", "officer", *SIGNED)
            case 6:
                return RemoveLimit(chance.choice(limits()).limit_id, *SIGNED)
            case _:
                return SetLimit(self.changed_limit(name), *SIGNED)

    def changed_limit(self, portfolio_id: str) -> Limit:
        """A limit with another threshold, mode, action, unit or scope."""
        chance = self.chance
        old = chance.choice(limits())
        exposure = old.kind in (LimitKind.POSITION_SIZE, LimitKind.GROSS_EXPOSURE)
        return Limit(
            old.limit_id,
            old.kind,
            Scope(portfolio_id=chance.choice([None, None, portfolio_id])),
            old.threshold,
            action=chance.choices([Action.WARN, Action.REJECT, Action.HALT], [6, 3, 0.3])[0],
            mode=chance.choices([Mode.ACTIVE, Mode.SHADOW, Mode.PAUSED], [6, 2, 1])[0],
            window_ms=old.window_ms,
            unit=chance.choice([Unit.RATIO, Unit.AMOUNT]) if exposure else Unit.RATIO,
            adverse_move=old.adverse_move,
            metric=old.metric,
            operator=old.operator,
        )
