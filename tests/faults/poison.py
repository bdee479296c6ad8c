"""Records that should harm nobody but themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.faults.traffic import Message

NAME = "pf-1"
KEY = NAME.encode()
ORDER: dict[str, object] = {
    "order_id": "p", "portfolio_id": NAME, "symbol": "ACME", "side": "BUY", "quantity": 1, "price": 100,
}  # fmt: skip
VALUE: dict[str, object] = {"portfolio_id": NAME, "total_value": 100000, "positions": [], "metrics": {"var": 1}}
FILL: dict[str, object] = {
    "type": "EXECUTION", "portfolio_id": NAME, "order_id": "p", "execution_id": "e", "status": "FILLED",
    "symbol": "ACME", "side": "BUY", "last_quantity": 1, "last_price": 1,
}  # fmt: skip
RAW: list[bytes | None] = [
    None, b"", b" ", b"null", b"true", b"7", b'"order"', b"[]", b"[{}]", b"{", b"}", b"{}", b'{"order_id"}',
    b"{'a': 1}", b"\x00", b"\xff", b"\xfe\xff\x00{", b"\xef\xbb\xbf{}",
    '{"order_id": "ü"'.encode("latin-1"), b"{" * 100_000,
    b"[" * 100_000, b'{"a":' * 50_000, b'{"order_id": NaN}', b'{"order_id": Infinity}', b'{"order_id": -Infinity}',
    b'{"order_id": "p", "portfolio_id": "pf-1",}', b'{"order_id": "p" "portfolio_id": "pf-1"}', b'{"a": 01}',
    b'{"a": 1.}', b'{"a": .5}', b'{"a": +1}', b'{"a": "\\x"}', b'{"a": "\\ud800"}', b'{"a": "\n"}', b"a" * 900_000,
    b'{"order_id": "' + b"a" * 900_000 + b'"}', b"1e400", b"\xc0\x80", b'{"a": "\xff"}',
]  # fmt: skip
SPOILT: list[object] = [
    "NaN", "Infinity", "1e400", -1, 0, "", " 1", "1 ", "1,5", "0x10", True, [], {}, [1], {"a": 1}, "ten", "1e-9",
    "0.000000001", 10**10, "10000000000", "1" * 5000, "\x00", "\ud800", "a b", "a" * 65,
]  # fmt: skip


def cases() -> Iterator[Message]:
    """Every case, under the order or record it spoils."""
    for raw in RAW:
        for topic in ("orders", "portfolio-values"):
            yield Message(topic, KEY, raw)
        yield Message("controls", None, raw, 0)
    number = 0
    for topic, base in (("orders", ORDER), ("portfolio-values", VALUE), ("portfolio-values", FILL)):
        for name in base:
            for spoilt in SPOILT:
                number += 1
                fresh = {"order_id": f"p{number}", "execution_id": f"e{number}"}
                fields = base | {field: text for field, text in fresh.items() if field in base} | {name: spoilt}
                yield Message(topic, KEY, json.dumps(fields).encode())
    for number, literal in enumerate((b"NaN", b"1e400", b"-0", b"1E2", b"1e-400", b"0e400", b"1.5e1")):
        text = json.dumps(ORDER | {"order_id": f"n{number}", "quantity": "@"}).encode()
        yield Message("orders", KEY, text.replace(b'"@"', literal))
    for key in (None, b"", b"pf-2", b"\xff", b"a" * 10_000):
        yield Message("orders", key, json.dumps(ORDER).encode(), 0)
        yield Message("portfolio-values", key, json.dumps(VALUE).encode(), 1)
