"""Seeded traffic: orders of every kind, valuations, executions, controls, and some of each that is wrong."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from typing import NamedTuple

from tests.oracle.wire import partition_of

SYMBOLS = {"ACME": ("TECH", 100), "BOLT": ("TECH", 40), "CORN": ("FOOD", 7), "DRUM": ("FOOD", 3), "EAST": (None, 55),
           "FLUX": ("POWER", 250), "GOLD": ("METAL", 1800), "HOPE": (None, 0.5)}  # fmt: skip
SPAN_MS = 3 * 86_400_000  # traffic begins so long ago in its own time, so that days of windows and peaks pass


class Message(NamedTuple):
    """One record to send; `partition` None means where the key belongs."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class Traffic:
    """An endless mixture; the same seed and start give the same messages."""

    def __init__(
        self, seed: int, partitions: int, portfolios: int = 24, tick_ms: int = 20_000, orders: int = 0
    ) -> None:
        """`orders`: so many are to come before its time has reached that of the clock on the wall. Each has a time of
        its own then: one of now would move a portfolio's clock there, and no window would pass any more."""
        self.random = random.Random(seed)
        self.partitions = partitions
        self.names = [f"pf-{number}" for number in range(portfolios)]
        # An order later on average: see `messages`. Beyond now its time would be refused as one of the future.
        self.clock = int(time.time() * 1000) - max(SPAN_MS, orders * (tick_ms // portfolios + 1))
        self.tick_ms = tick_ms
        self._dated = orders > 0
        self.number = 0
        self.sequence = 0
        self.recent: dict[str, list[tuple[str, str, str, int]]] = {name: [] for name in self.names}
        self.totals = {name: self.random.randrange(50_000, 500_000) for name in self.names}

    # What stands before the first order

    def opening(self) -> list[Message]:
        """Limits of every kind, and a first valuation of most portfolios."""
        limits = [_limit(f"{place:02d}-{limit['kind']}", **limit) for place, limit in enumerate(LIMITS)]
        return [*limits, *(self.valuation(name) for name in self.names[2:])]

    # The mixture

    def messages(self, orders: int) -> Iterator[Message]:
        """So many orders, with everything else between them."""
        for _ in range(orders):
            self.clock += self.random.randrange(2 * self.tick_ms // max(1, len(self.names)) + 2)
            draw = self.random.random()
            if draw < 0.10:
                yield self.valuation(self._name())
            elif draw < 0.22:
                yield self.execution()
            elif draw < 0.226:
                yield self.control()
            elif draw < 0.232:
                yield self._bad_value()
            yield self.order() if self.random.random() > 0.02 else self._bad_order()

    def order(self) -> Message:
        """An order that is mostly well-formed, now and then under an id that was used before."""
        name, draw = self._name(), self.random
        symbol = draw.choice(list(SYMBOLS))
        sector, price = SYMBOLS[symbol]
        recent = self.recent[name]
        self.number += 1
        again = bool(recent) and draw.random() < 0.02
        order_id = draw.choice(recent)[0] if again else f"o-{self.number}"
        quantity = draw.choice([1, 2, 5, 10, 10, 10, 25, 100])
        side = draw.choice(["BUY", "SELL"])
        fields: dict[str, object] = {
            "order_id": order_id, "portfolio_id": name, "symbol": symbol, "side": side,
            "quantity": draw.choice([quantity, str(quantity), f"{quantity}.50"]),
        }  # fmt: skip
        if draw.random() < 0.1:
            fields["order_type"] = "MARKET"
        if "order_type" not in fields or draw.random() < 0.2:
            fields["price"] = f"{price * draw.uniform(0.97, 1.03):.4f}"
        if draw.random() < 0.3:
            fields["reference_price"] = price
        if sector is not None and draw.random() < 0.3:
            fields["sector"] = sector
        if draw.random() < 0.3:
            fields["strategy_id"] = draw.choice(["s1", "s2"])
        if draw.random() < 0.9 or self._dated:
            fields["ts"] = self._ts()
        if draw.random() < 0.05:
            fields["venue"] = {"new": [None, 1.5, "field"]}
        recent.append((order_id, symbol, side, quantity))
        del recent[:-40]
        return self._message("orders", name, fields)

    def valuation(self, name: str) -> Message:
        """A valuation, with positions and cash flows now and then, sometimes late."""
        draw = self.random
        flow = draw.choice([0] * 8 + [5_000, -5_000])
        self.totals[name] = round(self.totals[name] * draw.uniform(0.97, 1.028)) + flow
        self.sequence += 1
        fields: dict[str, object] = {"portfolio_id": name, "total_value": f"{self.totals[name]}.25"}
        if flow:
            fields["cash_flow"] = flow
        if draw.random() < 0.5:
            fields["positions"] = [
                {
                    "symbol": symbol,
                    "quantity": draw.randrange(-200, 300),
                    "price": f"{price * draw.uniform(0.9, 1.1):.4f}",
                }
                | ({"sector": sector} if sector is not None and draw.random() < 0.8 else {})
                for symbol, (sector, price) in SYMBOLS.items()
                if draw.random() < 0.5
            ]
        if draw.random() < 0.7:
            fields["metrics"] = {"var": round(draw.uniform(0, 2), 4), "beta": draw.uniform(-1, 1)}
        if draw.random() < 0.8:
            fields["sequence"] = self.sequence - (30 if draw.random() < 0.05 else 0)
        fields["ts"] = self._ts(late=600_000 if draw.random() < 0.05 else 0)
        return self._message("portfolio-values", name, fields)

    def _line(self, symbol: str, sector: str | None, price: float) -> dict[str, object]:
        draw = self.random
        line: dict[str, object] = {"symbol": symbol, "quantity": draw.randrange(-200, 300)}
        line["price"] = f"{price * draw.uniform(0.9, 1.1):.4f}"
        return line | {"sector": sector} if sector is not None and draw.random() < 0.8 else line

    def execution(self) -> Message:
        """A fill or the end of a recent order, of an unknown one, or a repeat."""
        draw, name = self.random, self._name()
        recent = self.recent[name]
        order_id, symbol, side, quantity = (
            draw.choice(recent) if recent and draw.random() < 0.95 else (f"lost-{self.number}", "ACME", "BUY", 5)
        )
        status = draw.choice(["PARTIALLY_FILLED", "FILLED", "FILLED", "CANCELLED", "EXPIRED", "REJECTED"])
        fields: dict[str, object] = {
            "type": "EXECUTION", "portfolio_id": name, "order_id": order_id, "status": status, "symbol": symbol,
            "execution_id": f"x-{self.number - (3 if draw.random() < 0.1 else 0)}-{name}", "side": side,
            "ts": self._ts(late=draw.choice([0, 0, 120_000])),
        }  # fmt: skip
        if "FILLED" in status:
            fields["last_quantity"] = draw.choice([1, quantity, quantity, quantity + 1])
            fields["last_price"] = f"{SYMBOLS[symbol][1] * draw.uniform(0.97, 1.03):.6f}"
        return self._message("portfolio-values", name, fields)

    def control(self) -> Message:
        """A change of a limit, a command, an override, a rebase, or one that must be refused."""
        draw, name = self.random, self._name()
        place = draw.randrange(len(LIMITS))
        limit_id = f"{place:02d}-{LIMITS[place]['kind']}"
        changed = LIMITS[place] | {"mode": draw.choice(["ACTIVE", "ACTIVE", "SHADOW", "PAUSED"])}
        whole: dict[str, object] = {"scope": "ALL"}
        choices: list[dict[str, object]] = [
            {"type": "SET_LIMIT", "limit_id": limit_id} | changed,
            {"type": "SET_LIMIT", "limit_id": limit_id} | LIMITS[place],
            {"type": "SET_LIMIT", "limit_id": f"own-{name}", "kind": "MAX_ORDER_QUANTITY", "threshold": 50,
             "scope": {"portfolio_id": name, "strategy_id": "s1"}, "effective_from": self.clock + 600_000},
            {"type": "REMOVE_LIMIT", "limit_id": f"own-{name}"},
            {"type": "HALT", "portfolio_id": name}, {"type": "REDUCE", "portfolio_id": name},
            {"type": "RESUME", "portfolio_id": name}, {"type": "REDUCE"} | whole,
            {"type": "OVERRIDE", "portfolio_id": name, "order_id": f"o-{self.number + draw.randrange(1, 40)}",
             "expires_at": self.clock + 3_600_000, "requested_by": "ann", "approved_by": draw.choice(["bob", "ann"])},
            {"type": "REBASE", "portfolio_id": name}, {"type": "HALT"}, {"type": "LAUNCH"},
            {"type": "RESUME", "portfolio_id": name, "reason": None},
        ]  # fmt: skip
        resume: dict[str, object] = {"type": "RESUME"}
        choices += [resume | {"portfolio_id": name}] * 2 + [resume | whole] * 4
        return _control(draw.choice(choices))

    # What is wrong

    def _bad_order(self) -> Message:
        draw, name = self.random, self._name()
        good = self.order()
        fields: dict[str, object] = json.loads(good.value or b"")
        spoilt: list[dict[str, object]] = [
            {"quantity": 0}, {"quantity": "ten"}, {"price": "1e400", "order_type": "LIMIT"}, {"side": "HOLD"},
            {"symbol": "A B"}, {"ts": "yesterday"}, {"ts": int(time.time() * 1000) + 10**8}, {"order_type": "STOP"},
            {"quantity": True}, {"reference_price": -1}, {"order_id": None}, {"order_id": "a b"}, {"portfolio_id": 7},
        ]  # fmt: skip
        value = json.dumps(fields | draw.choice(spoilt)).encode()
        if draw.random() < 0.2:
            return good._replace(value=draw.choice([b"{", b"\xff\xfe", b"[]", b"null", b"", None]))
        if draw.random() < 0.1:
            return good._replace(key=draw.choice([None, b"", b"someone"]), partition=draw.randrange(self.partitions))
        if draw.random() < 0.1:
            home = partition_of(name.encode(), self.partitions)
            return good._replace(partition=(home + 1) % self.partitions)
        return good._replace(value=value)

    def _bad_value(self) -> Message:
        draw = self.random
        good = self.valuation(self._name()) if draw.random() < 0.5 else self.execution()
        fields: dict[str, object] = json.loads(good.value or b"")
        twice = [{"symbol": "ACME", "quantity": 1, "price": 1}] * 2
        spoilt: list[dict[str, object]] = [
            {"type": "GUESS"}, {"positions": twice, "total_value": 1}, {"total_value": "1.00001", "status": "LOST"},
            {"ts": "never"}, {"portfolio_id": ""}, {"metrics": [], "status": None},
        ]  # fmt: skip
        return good._replace(value=json.dumps(fields | draw.choice(spoilt)).encode())

    # Parts

    def _name(self) -> str:
        """A portfolio, the first far oftener than the last."""
        return self.names[min(int(self.random.expovariate(6 / len(self.names))), len(self.names) - 1)]

    def _ts(self, late: int = 0) -> object:
        at = self.clock - late - (self.random.randrange(30_000) if self.random.random() < 0.05 else 0)
        if self.random.random() < 0.5:
            return at
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at // 1000)) + f".{at % 1000:03d}Z"

    def _message(self, topic: str, name: str, fields: dict[str, object]) -> Message:
        return Message(topic, name.encode(), json.dumps(fields).encode())


def _control(fields: dict[str, object]) -> Message:
    return Message("controls", None, json.dumps({"actor": "desk", "reason": "traffic"} | fields).encode(), 0)


def _limit(limit_id: str, **fields: object) -> Message:
    return _control({"type": "SET_LIMIT", "limit_id": limit_id} | fields)


LIMITS: list[dict[str, object]] = [
    {"kind": "MAX_ORDER_QUANTITY", "threshold": 60},
    {"kind": "MAX_ORDER_NOTIONAL", "threshold": "45000.50", "action": "WARN"},
    {"kind": "PRICE_COLLAR", "threshold": "0.025", "scope": {"sector": "TECH"}},
    {"kind": "RESTRICTED_SYMBOL", "symbols": ["HOPE"], "scope": {"strategy_id": "s2"}},
    {"kind": "DUPLICATE_ORDER", "threshold": 2, "window": "PT1H"},
    {"kind": "ORDER_RATE", "threshold": 30, "window": "PT10M"},
    {"kind": "TURNOVER", "threshold": 400000, "window": "PT6H"},
    {"kind": "OPEN_ORDERS", "threshold": 60},
    {"kind": "POSITION_SIZE", "threshold": "0.9", "action": "WARN"},
    {"kind": "POSITION_SIZE", "threshold": 500000, "unit": "amount", "scope": {"symbol": "GOLD"}},
    {"kind": "SECTOR_EXPOSURE", "threshold": "1.5", "action": "WARN", "scope": {"sector": "TECH"}},
    {"kind": "GROSS_EXPOSURE", "threshold": 9, "action": "WARN"},
    {"kind": "NET_EXPOSURE", "threshold": "4.5", "mode": "SHADOW"},
    {"kind": "DRAWDOWN", "threshold": "0.25", "window": "P1D", "adverse_move": "0.1"},
    {"kind": "DRAWDOWN", "threshold": "0.30", "window": "TOTAL", "action": "WARN"},
    {"kind": "VALUE_AGE", "threshold": 86400, "action": "WARN"},
    {"kind": "METRIC", "threshold": "1.9", "metric": "var", "operator": ">", "action": "WARN"},
    {"kind": "METRIC", "threshold": "-0.98", "metric": "beta", "operator": "<=", "action": "HALT"},
]
