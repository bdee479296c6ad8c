"""Which limits an order meets: the plan's lists against a look at every limit."""

import random
from decimal import Decimal

import orjson
import pytest

from risk_stream.decide.engine import Engine
from risk_stream.messages.control import SetLimit
from risk_stream.messages.limit import Action, Limit, Mode, Scope
from risk_stream.messages.limit_kind import LimitKind
from risk_stream.messages.records import NO_RECORDS, records_from
from risk_stream.rules.book import Controls
from tests.decide.engine_lives import SavedRows
from tests.decide.engine_traffic import SIGNED

FIELDS = {
    "portfolio_id": ["P0", "P1", "P2"],
    "symbol": ["A", "B", "C"],
    "sector": ["T", "U"],
    "strategy_id": ["s", "t"],
    "trader_id": ["x", "y"],
}


@pytest.mark.parametrize(("seed", "count"), [(1, 1), (2, 40), (3, 400)])
def test_every_limit_in_scope_and_no_other(seed: int, count: int) -> None:
    """Each order lists the limits that its fields match, in `limit_id` order, whatever list of the plan they are on."""
    chance = random.Random(seed)
    limits = {}
    for number in range(count):
        scope = Scope(**{name: chance.choice(ones) for name, ones in FIELDS.items() if chance.random() < 0.3})
        mode = chance.choices([Mode.ACTIVE, Mode.PAUSED], [9, 1])[0]
        limit_id = f"{chance.choice('aZé')}{number}"
        limits[limit_id] = Limit(
            limit_id, LimitKind.MAX_ORDER_QUANTITY, scope, Decimal(0), action=Action.WARN, mode=mode
        )
    controls = Controls()
    for offset, limit in enumerate(limits.values()):
        controls.append(offset, SetLimit(limit, *SIGNED))
    orders = [
        {
            "symbol": chance.choice(FIELDS["symbol"]),
            "portfolio_id": chance.choice(FIELDS["portfolio_id"]),
            **{name: chance.choice(ones) for name, ones in FIELDS.items() if chance.random() < 0.6},
            "order_id": f"o{number}",
            "side": "BUY",
            "quantity": "1",
            "price": "1",
        }
        for number in range(200)
    ]
    keys: list[bytes | None] = [order["portfolio_id"].encode() for order in orders]
    values: list[bytes | None] = [orjson.dumps(order) for order in orders]
    records = records_from(list(range(len(orders))), [1_795_341_600_000] * len(orders), keys, values)
    answer = Engine(0, 1, SavedRows()).step(NO_RECORDS, records, controls.plan())
    sectors: dict[tuple[str, str], str] = {}
    for order, payload in zip(orders, answer.decisions.values.as_list(), strict=True):
        symbol = (order["portfolio_id"], order["symbol"])
        if "sector" in order:
            sectors[symbol] = order["sector"]
        known = {**order, "sector": sectors.get(symbol)}
        expected = sorted(
            limit.limit_id
            for limit in limits.values()
            if limit.mode is not Mode.PAUSED
            and all(getattr(limit.scope, name) in (None, known.get(name)) for name in FIELDS)
        )
        decision = orjson.loads(payload or b"")
        assert [one["limit_id"] for one in decision["violations"]] == expected
        assert decision["limits_evaluated"] == len(expected)
