"""The table of bad input: each line as the record it stands for."""

import re
from pathlib import Path
from typing import NamedTuple

from risk_stream.messages.decode import Route
from risk_stream.messages.murmur2 import partition_of

TABLE = Path(__file__).with_name("bad_input.txt")
RECORDED_AT = 1_795_341_600_000
PARTITIONS = 4
ORDER = '{"order_id":"O-1","portfolio_id":"P-1","symbol":"AAPL","side":"BUY","quantity":100,"price":"187.5"'
EXECUTION = (
    '{"type":"EXECUTION","portfolio_id":"P-1","order_id":"O-1","execution_id":"E-1","status":"FILLED",'
    '"symbol":"AAPL","side":"BUY","last_quantity":100,"last_price":"187.5"'
)
LIMIT = (
    '{"type":"SET_LIMIT","limit_id":"L-1","kind":"MAX_ORDER_QUANTITY","threshold":500,"actor":"jane","reason":"policy"'
)
OVERRIDE = (
    '{"type":"OVERRIDE","order_id":"O-1","portfolio_id":"P-1","expires_at":"2026-11-22T11:00:00Z",'
    '"requested_by":"bob","approved_by":"eve","actor":"jane","reason":"policy"'
)
GOOD = {
    "order": ORDER,
    "valuation": '{"portfolio_id":"P-1","total_value":"1000000.00"',
    "execution": EXECUTION,
    "limit": LIMIT,
    "command": '{"actor":"jane","reason":"policy"',
    "override": OVERRIDE,
}


class Case(NamedTuple):
    """One line of the table."""

    message: str
    key: str
    sent: str
    answer: str
    detail: str

    @property
    def value(self) -> bytes:
        """The bytes of the record."""
        if self.sent.startswith("raw:"):
            raw = self.sent.removeprefix("raw:").encode()
            return re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes.fromhex(match[1].decode()), raw)
        return f"{GOOD[self.message]},{self.sent}}}".encode()

    @property
    def record_key(self) -> bytes | None:
        """The key of the record."""
        named = {"": b"P-1", "(moved)": b"P-1", "(empty)": b"", "(none)": None}
        return named[self.key] if self.key in named else self.key.encode()

    @property
    def route(self) -> Route:
        """Where it was read from."""
        home = partition_of(b"P-1", PARTITIONS)
        return Route((home + 1) % PARTITIONS if self.key == "(moved)" else home, PARTITIONS)


def cases() -> list[Case]:
    """The lines of the table that are no comments."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return [Case(*(cell.strip() for cell in line.split("|"))) for line in lines if line and not line.startswith("#")]
