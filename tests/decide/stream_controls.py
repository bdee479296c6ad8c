"""Random controls: limits of every kind with thresholds near what is observed, and operator commands."""

import random

from tests.decide.stream_numbers import MONEY_MAX, QUANTITY_MAX

Message = dict[str, object]

SYMBOLS = ["ACME", "BETA", "GAMMA", "Ünïcode€", "日本", "a", "Z", "DELTA:1"]
SECTORS = ["TECH", "FOOD", "エネルギー"]
STRATEGIES = ["S1", "S2"]
TRADERS = ["T1", "T2"]
METRICS = ["var", "liquidity ratio", "β"]
LIMIT_IDS = [f"limit-{n}" for n in range(14)] + ["Limit", "_x", "é", "ß-1", "日"]

QUANTITIES = ["0", "0.00000001", "3", "7", "100.5", QUANTITY_MAX]
AMOUNTS = ["0", "0.0001", "25", "60", "250.5", "5000", MONEY_MAX]
COUNTS = ["0", "1", "2", "3", "10", "50"]
RATIOS = ["0", "0.01", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "1e-9", "1000000"]
WINDOWS = ["PT0.06S", "PT0.1S", "PT1S", "PT7.001S", "PT1M", "PT1H", "PT23H59M", "P1D", "P2DT3H", "P7D", "P30D"]

KIND_THRESHOLDS = {
    "MAX_ORDER_QUANTITY": QUANTITIES,
    "MAX_ORDER_NOTIONAL": AMOUNTS,
    "PRICE_COLLAR": RATIOS,
    "RESTRICTED_SYMBOL": ["0", "0", "0", "1"],
    "DUPLICATE_ORDER": COUNTS,
    "ORDER_RATE": COUNTS,
    "TURNOVER": AMOUNTS,
    "OPEN_ORDERS": COUNTS,
    "POSITION_SIZE": RATIOS,
    "SECTOR_EXPOSURE": RATIOS,
    "GROSS_EXPOSURE": RATIOS,
    "NET_EXPOSURE": RATIOS,
    "DRAWDOWN": RATIOS,
    "VALUE_AGE": ["0", "0.001", "1", "60", "3600.5", "100000"],
    "METRIC": ["0", "0.3", "-0.5", "5", "1e30", "-1e-30"],
}


def control(chance: random.Random, portfolios: list[str], order_id: str, now: int) -> Message:
    """Any control, mostly limits; HALT limits are rare and RESUME is frequent, so that orders go on."""
    signed: Message = {"actor": "desk", "reason": "because"}
    draw = chance.random()
    if draw < 0.55:
        return {**limit(chance, portfolios, now), **signed}
    if draw < 0.65:
        return {"type": "REMOVE_LIMIT", "limit_id": chance.choice(LIMIT_IDS), **signed}
    if draw < 0.83:
        target: Message = {"scope": "ALL"} if chance.random() < 0.4 else {"portfolio_id": chance.choice(portfolios)}
        command = chance.choices(["HALT", "REDUCE", "RESUME"], [1, 1, 12])[0]
        return {"type": command, **target, **signed}
    if draw < 0.87:
        return {"type": "REBASE", "portfolio_id": chance.choice(portfolios), **signed}
    return {**override(chance, portfolios, order_id, now), **signed}


def override(chance: random.Random, portfolios: list[str], order_id: str, now: int) -> Message:
    """An override for an order that is about to come, or came; most last long enough."""
    return {
        "type": "OVERRIDE",
        "order_id": order_id,
        "portfolio_id": chance.choice(portfolios),
        "expires_at": max(0, now + chance.choice([-1000, 0, 3_600_000, 90_000_000, 10**10])),
        "requested_by": "trader",
        "approved_by": "officer",
    }


def limit(chance: random.Random, portfolios: list[str], now: int) -> Message:
    """A SET_LIMIT; ids are few, so limits replace one another, with other kinds and scopes too."""
    number = chance.randrange(len(LIMIT_IDS))
    kinds = list(KIND_THRESHOLDS)
    # Mostly the kind that goes with the id, so that levels live on.
    kind = kinds[number % len(kinds)] if chance.random() < 0.85 else chance.choice(kinds)
    message: Message = {
        "type": "SET_LIMIT",
        "limit_id": LIMIT_IDS[number],
        "kind": kind,
        "scope": scope(chance, portfolios),
        "threshold": chance.choice(KIND_THRESHOLDS[kind]),
        "action": chance.choices(["REJECT", "WARN", "HALT", None], [0.7, 7, 0.15, 0.3])[0],
        "mode": chance.choices(["ACTIVE", "SHADOW", "PAUSED", None], [6, 2, 1, 3])[0],
        "warn_ratio": chance.choice([None, None, "0", "0.5", "0.8", "1"]),
        "effective_from": chance.choices([None, max(0, now + chance.choice([-5_000, 0, 3_000, 4_000_000]))], [8, 1])[0],
    }
    if kind in ("POSITION_SIZE", "SECTOR_EXPOSURE", "GROSS_EXPOSURE", "NET_EXPOSURE"):
        message["unit"] = chance.choice([None, "ratio", "amount"])
        if message["unit"] == "amount":
            message["threshold"] = chance.choice(AMOUNTS)
    elif kind in ("DUPLICATE_ORDER", "ORDER_RATE", "TURNOVER"):
        message["window"] = chance.choice(WINDOWS)
    elif kind == "DRAWDOWN":
        message["window"] = chance.choice(["P1D", "P7D", "P30D", "TOTAL"])
        message["adverse_move"] = chance.choice([None, "0", "0.05", "1", "100", "0.00000001"])
    elif kind == "METRIC":
        message["metric"] = chance.choice(METRICS)
        message["operator"] = chance.choice([">", ">", ">=", "<", "<=", "==", "!="])
    elif kind == "RESTRICTED_SYMBOL":
        message["symbols"] = chance.sample(SYMBOLS, chance.randrange(3))
    return message


def scope(chance: random.Random, portfolios: list[str]) -> Message | None:
    """Mostly everywhere or one portfolio."""
    if chance.random() < 0.4:
        return None
    fields: Message = {}
    for name, values, share in (
        ("portfolio_id", portfolios, 0.4),
        ("symbol", SYMBOLS, 0.15),
        ("sector", SECTORS, 0.15),
        ("strategy_id", STRATEGIES, 0.1),
        ("trader_id", TRADERS, 0.1),
    ):
        if chance.random() < share:
            fields[name] = chance.choice(values)
    return fields
