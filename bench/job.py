"""What is to be decided: the job that peers share (8 checks, a small row a portfolio: JOB.md), the full one, and more.

A job is a list of limits and a way to write orders and values down. Of the peers' job the right answers are known here,
computed the plain way: no system's rate is printed unless it gave them.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bench.shape import START_MS, SYMBOLS, Draw, Shape, portfolio_id

QUANTITY_MAX = 990
NOTIONAL_MAX = 240_000
EXPOSURE_MAX = 100_000  # times the value: looked at with every order, never reached, not by a hot portfolio either
DRAWDOWN_DAY_MAX = 0.1
DRAWDOWN_MONTH_MAX = 0.2
AGE_MAX_S = 86_400
VALUE = 100_000_000
SECTORS = 10
RESTRICTED = 10  # of 500 symbols
FULL_POSITIONS = 5

Limit = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """Limits, and how an order and a portfolio's value are written."""

    name: str
    limits: tuple[Limit, ...]
    order: Callable[[Draw], bytes]
    value: Callable[[int], bytes]

    def controls(self) -> Iterator[bytes]:
        """The limits as controls."""
        for limit in self.limits:
            yield json.dumps(
                {"type": "SET_LIMIT", **limit, "actor": "bench", "reason": "bench", "ts": START_MS}
            ).encode()


def peers_job(shape: Shape) -> Job:
    """The stated job that every system can do."""
    limits = (
        {"limit_id": "max-quantity", "kind": "MAX_ORDER_QUANTITY", "threshold": QUANTITY_MAX},
        {"limit_id": "max-notional", "kind": "MAX_ORDER_NOTIONAL", "threshold": NOTIONAL_MAX},
        {"limit_id": "position", "kind": "POSITION_SIZE", "threshold": EXPOSURE_MAX},
        {"limit_id": "gross", "kind": "GROSS_EXPOSURE", "threshold": EXPOSURE_MAX},
        {"limit_id": "drawdown-day", "kind": "DRAWDOWN", "threshold": DRAWDOWN_DAY_MAX, "window": "P1D"},
        {"limit_id": "drawdown-month", "kind": "DRAWDOWN", "threshold": DRAWDOWN_MONTH_MAX, "window": "P30D"},
        {"limit_id": "rate", "kind": "ORDER_RATE", "threshold": shape.rate_max, "window": "P1D"},
        {"limit_id": "age", "kind": "VALUE_AGE", "threshold": AGE_MAX_S},
    )
    return Job("peers", tuple({**limit, "warn_ratio": 1} for limit in limits), _short_order, _short_value)


def full_job(shape: Shape) -> Job:
    """All 15 kinds with every order: about one order in ten is refused, one in twenty warned of."""
    rolling = {"window": "P1D"}
    restricted = [f"SYM{number}" for number in range(RESTRICTED)]
    mean = shape.orders / (1 if shape.kind == "hot" else shape.portfolios)
    limits: tuple[Limit, ...] = (
        {"limit_id": "age", "kind": "VALUE_AGE", "threshold": AGE_MAX_S},
        {"limit_id": "collar", "kind": "PRICE_COLLAR", "threshold": 0.0485},
        {"limit_id": "drawdown", "kind": "DRAWDOWN", "threshold": 0.1, "window": "P30D", "adverse_move": 0.05},
        {"limit_id": "duplicate", "kind": "DUPLICATE_ORDER", "threshold": 2, **rolling},
        {"limit_id": "gross", "kind": "GROSS_EXPOSURE", "threshold": EXPOSURE_MAX},
        {"limit_id": "leverage", "kind": "METRIC", "threshold": 3, "metric": "leverage", "operator": ">"},
        {"limit_id": "max-notional", "kind": "MAX_ORDER_NOTIONAL", "threshold": 205_000},
        {"limit_id": "max-quantity", "kind": "MAX_ORDER_QUANTITY", "threshold": QUANTITY_MAX, "warn_ratio": 0.95},
        {"limit_id": "net", "kind": "NET_EXPOSURE", "threshold": EXPOSURE_MAX},
        {"limit_id": "open", "kind": "OPEN_ORDERS", "threshold": 10**9},
        {"limit_id": "position", "kind": "POSITION_SIZE", "threshold": EXPOSURE_MAX},
        {"limit_id": "rate", "kind": "ORDER_RATE", "threshold": shape.rate_max, **rolling},
        {"limit_id": "restricted", "kind": "RESTRICTED_SYMBOL", "threshold": 0, "symbols": restricted},
        {"limit_id": "sector", "kind": "SECTOR_EXPOSURE", "threshold": EXPOSURE_MAX},
        {"limit_id": "turnover", "kind": "TURNOVER", "threshold": int(mean * NOTIONAL_MAX) + 10**6, **rolling},
    )
    return Job("full", tuple({"warn_ratio": 1, **limit} for limit in limits), _long_order, _long_value)


def many_limits_job(shape: Shape, count: int) -> Job:
    """The peers' job with its limits repeated under other ids until there are `count`."""
    base = peers_job(shape)
    limits = (base.limits[number % len(base.limits)] for number in range(count))
    named = tuple({**limit, "limit_id": f"{limit['limit_id']}-{number}"} for number, limit in enumerate(limits))
    return Job(f"{count} limits", named, base.order, base.value)


def right_answers(shape: Shape) -> bytearray:
    """The peers' job done the plain way: 1 where order number i is approved (3 us an order)."""
    answers = bytearray(shape.orders)
    attempts: dict[int, int] = {}
    for draw in shape.draws():
        attempts[draw.portfolio] = count = attempts.get(draw.portfolio, 0) + 1
        answers[draw.number] = (
            draw.quantity <= QUANTITY_MAX
            and draw.quantity * draw.price_cents <= NOTIONAL_MAX * 100
            and count <= shape.rate_max
        )
    return answers


def _short_order(draw: Draw) -> bytes:
    return (
        f'{{"order_id":"o{draw.number:010d}","portfolio_id":"{portfolio_id(draw.portfolio)}","symbol":"SYM{draw.symbol}",'
        f'"side":"{"BUY" if draw.buy else "SELL"}","quantity":{draw.quantity},'
        f'"price":{draw.price_cents / 100},"ts":{draw.ts}}}'
    ).encode()


def _long_order(draw: Draw) -> bytes:
    # The reference price differs by -5 % to +5 % from the price, evenly spread.
    reference = draw.price_cents * (9500 + draw.number * 7919 % 1001) // 10000
    return (
        f'{{"order_id":"o{draw.number:010d}","portfolio_id":"{portfolio_id(draw.portfolio)}","symbol":"SYM{draw.symbol}",'
        f'"side":"{"BUY" if draw.buy else "SELL"}","quantity":{draw.quantity},"price":{draw.price_cents / 100},'
        f'"reference_price":{reference / 100},"sector":"SECTOR{draw.symbol % SECTORS}",'
        f'"strategy_id":"strategy-{draw.number % 7}","trader_id":"trader-{draw.number % 31}","ts":{draw.ts}}}'
    ).encode()


def _short_value(portfolio: int) -> bytes:
    return _value(portfolio, 1, {})


def _long_value(portfolio: int) -> bytes:
    return _value(portfolio, FULL_POSITIONS, {"metrics": {"leverage": 1.5, "var_99": 0.02}})


def _value(portfolio: int, held: int, more: dict[str, Any]) -> bytes:
    symbols = [(portfolio + i * 7) % SYMBOLS for i in range(held)]
    positions = [
        {"symbol": f"SYM{n}", "quantity": 100, "price": "100.5", "sector": f"SECTOR{n % SECTORS}"} for n in symbols
    ]
    fields = {"portfolio_id": portfolio_id(portfolio), "total_value": VALUE, "positions": positions, "ts": START_MS}
    return json.dumps(fields | more).encode()
