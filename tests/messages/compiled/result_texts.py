"""Random batches of orders with random results, as the decision loop might leave them."""

import math
from decimal import Decimal
from random import Random

import numpy as np

from risk_stream.messages.compiled.limit_pieces import limit_pieces
from risk_stream.messages.compiled.order_batch import OrderBatch, decode_orders
from risk_stream.messages.compiled.order_row import WELL_FORMED
from risk_stream.messages.compiled.result_row import (
    CODE_INVALID_ORDER,
    CODES,
    DECISION_ROW,
    EVENTS,
    NO_REASON,
    OBSERVED_DOUBLE,
    OBSERVED_NULL,
    OBSERVED_SCALED,
    REASONS,
    SEVERITIES,
    VIOLATION_ROW,
)
from risk_stream.messages.compiled.row_message import Results
from risk_stream.messages.decode import Route
from risk_stream.messages.limit import Action, Limit, Mode, Scope
from risk_stream.messages.limit_kind import LimitKind
from risk_stream.messages.records import records_from
from tests.messages.compiled.order_texts import random_record

LIMIT_IDS = ("max-notional", "a", 'quo"te', "back\\slash", "\u6f22\u5b57", "x" * 64, '\\"' * 32, "\u6f22" * 64)
SECTORS = ("TECH", "", 'he"alth', "\u00e9nergie", "\U0001f600" * 64)
THRESHOLDS = ("0.10", "1000000", "0", "-5.5", "99999999999999999999.123456789", "100")
WHOLE_NUMBERS = (0, 1, -1, 9, 10, 10**8, 10**17, 2**63 - 1, 2**64, -(2**127), 2**127 - 1, 10**27, 10**27 - 1, -(10**36))
DOUBLES = (
    0.0,
    -0.0,
    0.1,
    5e-10,
    1.5e-9,
    2.5e-9,
    -5e-324,
    0.9999999995,
    1e15 + 0.5,
    2.0**53,
    9.2e18,
    1e19,
    -1e300,
    1e308,
)


def random_whole(random: Random) -> int:
    """A 128-bit number of any size."""
    if random.random() < 0.3:
        return random.choice(WHOLE_NUMBERS)
    return random.getrandbits(random.randint(1, 127)) * random.choice((1, -1))


def random_double(random: Random) -> float:
    """A finite double of any size, most of them ratios."""
    if random.random() < 0.3:
        return random.choice(DOUBLES)
    size: float = random.random() * 10.0 ** random.randint(-12, 20)
    return random.choice((1.0, 1.0, -1.0)) * (random.randint(0, 2**20) / 2**14 if random.random() < 0.3 else size)


def random_limit(random: Random) -> Limit:
    """A limit; only what shows in outputs matters."""
    return Limit(
        limit_id=random.choice(LIMIT_IDS),
        kind=random.choice(list(LimitKind)),
        scope=Scope(),
        threshold=Decimal(random.choice(THRESHOLDS)),
        action=random.choice(list(Action)),
        mode=random.choice((Mode.ACTIVE, Mode.SHADOW)),
    )


def random_batch(random: Random, count: int, odd: float) -> OrderBatch:
    """Decoded orders, a few of them invalid or faulty."""
    records = [random_record(random, odd) for _ in range(count)]
    offsets = [random.choice((0, 1042, 10**12, 2**62)) + i for i in range(count)]
    # The times are those a broker gives: what RFC 3339 cannot write is no time of a record.
    timestamps = [record.timestamp if record.timestamp < 2**62 else 2**40 for record in records]
    keys = [record.key for record in records]
    return decode_orders(records_from(offsets, timestamps, keys, [record.value for record in records]), Route(0, 1))


def random_results(random: Random, batch: OrderBatch) -> Results:
    """Decisions and violations for a batch; an order that is not well-formed has no violations."""
    limits = [random_limit(random) for _ in range(random.randint(1, 5))]
    sectors = [sector.encode() for sector in SECTORS]
    sector_at = [sum(map(len, sectors[:i])) for i in range(len(sectors))]
    decisions = np.zeros(batch.rows.size, DECISION_ROW)
    violations: list[np.void] = []
    for i, decision in enumerate(decisions):
        well_formed = batch.rows["status"][i] == WELL_FORMED
        decision["approved"] = well_formed and random.random() < 0.5
        decision["code"] = random.randrange(len(CODES)) if well_formed else CODE_INVALID_ORDER
        decision["limits_evaluated"] = random.choice((0, 9, 2**31 - 1)) if well_formed else 0
        decision["value_offset"] = random.choice((-1, 0, 977, 2**62))
        decision["violation_from"] = len(violations)
        for _ in range(random.choice((0, 0, 1, 3)) if well_formed else 0):
            sector = random.randrange(len(sectors))
            violations.append(random_violation(random, i, len(limits), sector_at[sector], len(sectors[sector])))
        decision["violation_to"] = len(violations)
    rows = np.array(violations, VIOLATION_ROW) if violations else np.zeros(0, VIOLATION_ROW)
    text = np.frombuffer(b"".join(sectors), np.uint8)
    return Results(decisions, rows, text, limit_pieces(limits), random.choice((0, 3, 127)), random.choice((-1, 0, 17)))


def random_violation(random: Random, record: int, limits: int, sector_at: int, sector_len: int) -> np.void:
    """One VIOLATION_ROW."""
    row: np.void = np.zeros(1, VIOLATION_ROW)[0]
    whole = random_whole(random)
    row["record"] = record
    row["limit"] = random.randrange(limits)
    row["event"] = random.randrange(len(EVENTS))
    row["severity"] = random.randrange(len(SEVERITIES))
    row["reason"] = random.choice((NO_REASON, NO_REASON, random.randrange(len(REASONS))))
    row["listed"] = random.random() < 0.7
    row["observed_form"] = random.choice((OBSERVED_NULL, OBSERVED_SCALED, OBSERVED_DOUBLE))
    row["digits"] = random.choice((0, 3, 4, 8))
    row["observed_hi"] = whole >> 64
    row["observed_lo"] = whole & (2**64 - 1)
    row["observed"] = random_double(random)
    row["utilisation"] = math.nan if random.random() < 0.3 else random_double(random)
    row["sector_at"] = sector_at
    row["sector_len"] = sector_len
    return row
