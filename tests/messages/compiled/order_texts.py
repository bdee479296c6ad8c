"""Random records of `orders`: mostly what producers send, now and then anything that looks a little like it."""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from risk_stream.messages.murmur2 import partition_of
from tests.messages.compiled.odd_values import (
    BLANKS,
    BYTES,
    IDS,
    NUMBERS,
    ODD_BLANKS,
    ODD_IDS,
    ODD_MEMBERS,
    ODD_NUMBERS,
    ODD_TIMES,
    ODD_WORDS,
    TIMES,
    TIMESTAMP,
    UNKNOWN_MEMBERS,
)

PARTITIONS = 4

NAMES = (
    "order_id",
    "portfolio_id",
    "symbol",
    "side",
    "quantity",
    "price",
    "order_type",
    "reference_price",
    "sector",
    "strategy_id",
    "trader_id",
    "ts",
)
OPTIONAL = ("order_type", "reference_price", "sector", "strategy_id", "trader_id", "ts")


class Record(NamedTuple):
    """A record as the decoders take it."""

    value: bytes | None
    key: bytes | None
    timestamp: int


def value_text(random: Random, name: str, odd: float) -> str:
    """The JSON text of a field's value, with probability `odd` one that producers do not send."""
    strange = random.random() < odd
    if name in ("quantity", "price", "reference_price"):
        if not strange and random.random() < 0.5:
            whole = random.randrange(10 ** random.randint(1, 10))
            return f"{whole}.{random.randrange(1, 10 ** random.randint(1, 8))}"
        return random.choice(ODD_NUMBERS if strange else NUMBERS)
    if name == "ts":
        return random.choice(ODD_TIMES if strange else TIMES)
    if name == "side":
        return random.choice(ODD_WORDS if strange else ('"BUY"', '"SELL"'))
    if name == "order_type":
        return random.choice(ODD_WORDS if strange else ('"LIMIT"', '"MARKET"', "null"))
    return random.choice(ODD_IDS) if strange else f'"{random.choice(IDS)}"'


def order_members(random: Random, odd: float) -> list[str]:
    """The members of an order object, in some order."""
    left_out = {name for name in OPTIONAL if random.random() < 0.3}
    if random.random() < odd:
        left_out.add(random.choice(NAMES))
    return disturbed(
        random, [f'"{name}":{value_text(random, name, odd)}' for name in NAMES if name not in left_out], odd
    )


def disturbed(random: Random, members: list[str], odd: float) -> list[str]:
    """The members in some order, perhaps with others that are unknown, odd or there twice."""
    if random.random() < 0.3:
        members.append(random.choice(UNKNOWN_MEMBERS))
    if random.random() < odd:
        members.append(random.choice(ODD_MEMBERS))
    if random.random() < odd:
        members.append(random.choice(members))
    if random.random() < 0.3:
        random.shuffle(members)
    return members


def with_blanks(random: Random, members: Sequence[str], odd: float) -> str:
    """The object, perhaps with white space (or what is none to JSON) between its parts."""
    if random.random() < 0.6:
        return "{" + ",".join(members) + "}"
    choices = BLANKS + ODD_BLANKS if random.random() < odd else BLANKS
    blanks = iter(lambda: random.choice(choices), None)
    spaced = [
        next(blanks) + m.replace('":', '"' + next(blanks) + ":" + next(blanks), 1) + next(blanks) for m in members
    ]
    return next(blanks) + "{" + ",".join(spaced) + "}" + next(blanks)


def mutate(random: Random, text: bytes) -> bytes:
    """One byte changed, dropped or put in, or the end cut off."""
    at = random.randrange(len(text) + 1)
    put = bytes([random.choice(BYTES)])
    return random.choice(
        (text[:at] + put + text[at + 1 :], text[:at] + text[at + 1 :], text[:at] + put + text[at:], text[:at])
    )


def random_record(random: Random, odd: float = 0.03) -> Record:
    """A record; `odd` is the probability of each thing that may be strange about it."""
    return record_of(random, order_members(random, odd), odd)


def record_of(random: Random, members: Sequence[str], odd: float) -> Record:
    """A record of these members, perhaps with bytes that changed, another key or an odd timestamp."""
    value = with_blanks(random, members, odd).encode()
    portfolio = next((m for m in members if m.startswith('"portfolio_id":"')), '"portfolio_id":"pf-00017"')
    key: bytes | None = portfolio.split(":", 1)[1].strip('"').encode()
    if random.random() < odd:
        value = mutate(random, value)
    if random.random() < odd:
        key = random.choice((None, b"", b"other", b"\xff"))
    timestamp = random.choice((0, -1, TIMESTAMP - 10**9, 2**62)) if random.random() < odd else TIMESTAMP
    return Record(None if random.random() < odd / 10 else value, key, timestamp)


def route_of(record: Record) -> int:
    """The partition that the record's key belongs to."""
    return partition_of(record.key or b"", PARTITIONS)
