"""The compiled encoder of risk pictures against the reference, byte for byte."""

from random import Random
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from risk_stream.messages.compiled.encode_risk import encode_risks, risk_of
from risk_stream.messages.compiled.risk_row import RISK_ROW
from risk_stream.messages.portfolio_risk import encode_portfolio_risk

DRAWDOWNS = (0.0, 0.1, 1.0, 0.25, 1e-10, 5e-10, 2.5e-9, 1 / 3, 123456.789, 2.0**62, 2.0**63, 1e300, float("nan"))
TIMES = (0, 1, 1_795_341_600_000, 253_402_300_799_999, -1, 951_782_400_000)
IDS = ("pf-0000017", "x" * 64, 'q"uote\\', "\u6f22" * 64, "\u00e9")


def random_risks(random: Random, count: int) -> tuple[Any, Any]:
    """Pictures, and the text of their ids."""
    rows = np.zeros(count, RISK_ROW)
    texts = b""
    for i in range(count):
        row: Any = rows[i]
        for name in ("total", "gross", "net"):
            row[f"{name}_hi"], row[f"{name}_lo"] = halves(random)
        for window in range(4):
            row["peak_hi"][window], row["peak_lo"][window] = halves(random)
            row["drawdown"][window] = random.choice((random.random(), *DRAWDOWNS))
        portfolio_id = random.choice(IDS).encode()
        row["portfolio_id_at"], row["portfolio_id_len"] = len(texts), len(portfolio_id)
        texts += portfolio_id
        row["open_count"] = random.randrange(10**6)
        row["value_offset"] = random.randrange(2**63)
        row["ts"] = random.choice(TIMES)
        row["valued"] = random.random() < 0.8
        row["trading_state"] = random.randrange(3)
    return rows, np.frombuffer(texts or b"\0", np.uint8)


def halves(random: Random) -> tuple[int, int]:
    """A 128-bit number of any size as its two words."""
    number = random.randrange(10 ** random.randint(1, 38)) * random.choice((-1, 1))
    return number >> 64, number & (1 << 64) - 1


@given(st.randoms(use_true_random=False), st.integers(0, 8), st.integers(-1, 2**40), st.integers(0, 999))
def test_same_bytes(random: Random, count: int, controls: int, partition: int) -> None:
    """Ordinary pictures, and those that are left to the reference."""
    rows, ids = random_risks(random, count)
    records = encode_risks(rows, ids, partition, controls).events()
    pictures = [risk_of(rows[i], ids, partition, controls) for i in range(count)]
    assert [record.value for record in records] == [encode_portfolio_risk(picture) for picture in pictures]
    assert [record.key for record in records] == [picture.portfolio_id.encode() for picture in pictures]
    assert all(record.headers == [] for record in records)


def test_the_largest() -> None:
    """All numbers at their longest stay within the room that is made for them."""
    rows, _ = random_risks(Random(1), 1000)
    for name in ("total", "gross", "net", "peak"):
        rows[f"{name}_hi"], rows[f"{name}_lo"] = -(2**63), 1
    rows["drawdown"], rows["valued"], rows["trading_state"] = 2.0**62 + 2.0**10 / 3, 1, 1
    rows["value_offset"] = rows["open_count"] = 2**63 - 1
    rows["ts"] = TIMES[2]
    rows["portfolio_id_at"], rows["portfolio_id_len"] = 0, 256
    ids = np.frombuffer(b'"' * 256, np.uint8)
    values = encode_risks(rows, ids, 2**31, 2**63 - 1).values.as_list()
    assert values == [encode_portfolio_risk(risk_of(row, ids, 2**31, 2**63 - 1)) for row in rows]
