"""`python -m tests.faults.fuzz --decodes N`: spoilt messages and random bytes through every decoder. Exit 0, or 3.

Nothing may raise, everything is a message or a fault, and the scanner of whole batches must say of each order what the
decoder of one says. The seed of a failing batch is printed, with the record.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator

from risk_stream.messages.compiled.order_batch import decode_orders
from risk_stream.messages.compiled.order_row import FAULT, INVALID
from risk_stream.messages.decode import Route, decode_control, decode_order, decode_value
from risk_stream.messages.fault import Fault
from risk_stream.messages.order import InvalidOrder
from risk_stream.messages.records import records_from
from tests.faults.poison import KEY, cases
from tests.faults.traffic import Traffic

BATCH = 500
ROUTE = Route(0, 1)
PIECES = (
    *(bytes([one]) for one in b'"{}[],:\\e-.09 \n\x00\xc3\xff'),
    *(b"\\u", b"1e400", b"NaN", b"null", b"true", b"quantity", b"portfolio_id", b'"side":"BUY"'),
)
SHORT_BYTES = 5_000  # the 900 kB cases are row 8's


def seeds(draw: random.Random) -> list[bytes]:
    """What is spoilt: good traffic of every kind, and the cases of row 8."""
    traffic = Traffic(draw.randrange(1 << 30), 1)
    good = [message.value for message in (*traffic.opening(), *traffic.messages(2_000))]
    return [value for value in (*good, *(case.value for case in cases())) if value and len(value) < SHORT_BYTES]


def spoil(value: bytes, draw: random.Random) -> bytes:
    """A few places changed: bytes flipped, cut out, doubled, or pieces put in."""
    spoilt = bytearray(value)
    for _ in range(draw.choice((0, 1, 1, 1, 2, 3, 8))):
        at = draw.randrange(len(spoilt) + 1)
        match draw.randrange(5):
            case 0 if at < len(spoilt):
                spoilt[at] = draw.randrange(256)
            case 1:
                del spoilt[at : at + draw.randrange(1, 8)]
            case 2:
                spoilt[at:at] = spoilt[at : at + draw.randrange(1, 30)]
            case 3:
                spoilt[at:at] = draw.choice(PIECES)
            case _:
                del spoilt[at:]
    return bytes(spoilt)


def values(seed: int) -> Iterator[bytes]:
    """An endless row of them."""
    draw = random.Random(seed)
    good = seeds(draw)
    while True:
        yield draw.randbytes(draw.randrange(60)) if draw.random() < 0.05 else spoil(draw.choice(good), draw)


def check(batch: list[bytes], now: int, found: Counter[str]) -> None:
    """Decode a batch every way there is; AssertionError with the record that went wrong."""
    keys = [key_of(value) for value in batch]
    rows = decode_orders(records_from(list(range(len(batch))), [now] * len(batch), list(keys), list(batch)), ROUTE)
    for place, (key, value) in enumerate(zip(keys, batch, strict=True)):
        message = decode_order(value, key, now, ROUTE)
        status = int(rows.rows[place]["status"])
        wanted = FAULT if isinstance(message, Fault) else INVALID if isinstance(message, InvalidOrder) else None
        same = status not in (FAULT, INVALID) if wanted is None else (status, rows.faults[place]) == (wanted, message)
        assert same, f"the scanner and the decoder differ, status {status}, {message}: {value!r}"
        found[type(message).__name__] += 1
        for other in (decode_value(value, key, now, ROUTE), decode_control(value, now)):
            found[type(other).__name__] += 1


def key_of(value: bytes) -> bytes | None:
    """The portfolio's own name where there is one, as an honest producer sends it."""
    try:
        name = json.loads(value)["portfolio_id"]
        return name.encode() if isinstance(name, str) else KEY
    except (ValueError, KeyError, TypeError, RecursionError):
        return KEY


def run(decodes: int, seed: int) -> Counter[str]:
    """So many decodes, three of each value."""
    found: Counter[str] = Counter()
    source, now = values(seed), int(time.time() * 1000)
    while found.total() < decodes:
        batch = [next(source) for _ in range(BATCH)]
        try:
            check(batch, now, found)
        except Exception as error:
            raise AssertionError(f"seed {seed}, after {found.total()} decodes: {error!r}") from error
    return found


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="tests.faults.fuzz", description=__doc__)
    parser.add_argument("--decodes", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    try:
        found = run(options.decodes, options.seed)
    except AssertionError as error:
        print(f"failed: {error}", file=sys.stderr)
        return 3
    print(f"{found.total():,} decodes in {time.monotonic() - began:.0f} s: {dict(found.most_common())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
