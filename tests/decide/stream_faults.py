"""Ways to spoil a message, one field at a time, so that two programs must name the same one."""

import random

from tests.decide.stream_json import Raw

Message = dict[str, object]

BAD_NUMBERS: list[object] = [
    *("NaN", "Infinity", "", "1.5.0", " 1", "1e11", "0.000000001", True, [], {}),
    *(Raw("NaN"), Raw("-Infinity"), Raw("1e400"), Raw("-1e-400000"), Raw("1e99999999999999999999")),
]
BAD_IDS: list[object] = ["", "a b", "x" * 65, 7, True, [], "a\tb", "\u2028", "tab\u0000"]

ORDER_FAULTS: dict[str, list[object]] = {
    "symbol": [None, *BAD_IDS],
    "side": [None, "buy", "LONG", 1],
    "quantity": [None, "0", "-1", *BAD_NUMBERS],
    "price": ["0", "-1", *BAD_NUMBERS],
    "order_type": ["STOP", 3, "limit"],
    "reference_price": ["0", "-0.5", *BAD_NUMBERS],
    "sector": BAD_IDS,
    "strategy_id": BAD_IDS,
    "trader_id": BAD_IDS,
    "ts": ["yesterday", "2026-11-22T10:00:00", "2026-13-01T00:00:00Z", -1, Raw("1.5"), 10**16, [], "1700000000000"],
    "order_id": [None, *BAD_IDS],
    "portfolio_id": [None, *BAD_IDS],
}
VALUE_FAULTS: dict[str, list[object]] = {
    "total_value": [None, "0.00001", "100000000000000", *BAD_NUMBERS[:4]],
    "cash_flow": ["0.00001", "-100000000000000", True],
    "positions": [
        *(7, {}, [None], [7], [{"symbol": "A"}]),
        [{"symbol": "A", "quantity": 1, "price": 0}],
        [{"symbol": "A", "quantity": 1, "price": 1, "sector": "a b"}],
        [{"symbol": "A", "quantity": 1, "price": 1}, {"symbol": "A", "quantity": 1, "price": 1}],
    ],
    "metrics": [7, [], {"var": "0.5"}, {"var": True}, {"var": Raw("1e400")}, {"var": Raw("NaN")}],
    "sequence": ["5", Raw("1.5"), True, Raw("9223372036854775808")],
    "ts": ORDER_FAULTS["ts"],
    "type": ["QUOTE", 7, "valuation"],
    "portfolio_id": [None, *BAD_IDS],
}
EXECUTION_FAULTS: dict[str, list[object]] = {
    "order_id": [None, *BAD_IDS],
    "execution_id": [None, *BAD_IDS],
    "status": [None, "DONE", "filled"],
    "symbol": [None, *BAD_IDS],
    "side": [None, "buy"],
    "ts": ORDER_FAULTS["ts"],
}
CONTROL_FAULTS: dict[str, list[object]] = {
    "actor": [None, "", "  ", 7],
    "reason": [None, "", 7],
    "type": [None, "EXPLODE"],
    "ts": ORDER_FAULTS["ts"],
}
MALFORMED: list[bytes | None] = [
    None,
    b"",
    b"{",
    b"[]",
    b"null",
    b'"x"',
    b'{"a":}',
    b"\xff\xfe",
    b'{"a":"\xc3"}',
    b"{}{}",
]


def spoil(chance: random.Random, message: Message, faults: dict[str, list[object]], now: int) -> None:
    """Break one field, or push the time too far ahead."""
    field = chance.choice(list(faults))
    if field == "ts" and chance.random() < 0.3:
        message["ts"] = now + 60_001
    else:
        message[field] = chance.choice(faults[field])
