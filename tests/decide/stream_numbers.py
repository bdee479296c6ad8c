"""Random quantities, prices and money: small ones that collide, odd decimals, and the greatest there are."""

import random
from decimal import Decimal

QUANTITY_MAX = "9999999999.99999999"
MONEY_MAX = "99999999999999.9999"


def quantity(chance: random.Random, extreme: float) -> str:
    """A quantity or price > 0."""
    draw = chance.random()
    if draw < extreme:
        return chance.choice([QUANTITY_MAX, "0.00000001", "9999999999", f"{chance.randrange(1, 10**10)}.00000001"])
    if draw < 0.6:
        return str(chance.randrange(1, 12))
    if draw < 0.8:
        return plain(Decimal(chance.randrange(1, 2_000)) / 100)
    return plain(Decimal(chance.randrange(1, 10**11)) / 10**8)


def position_quantity(chance: random.Random, extreme: float) -> str:
    """A position's quantity: any sign, 0 too."""
    draw = chance.random()
    if draw < 0.1:
        return "0"
    return ("-" if draw < 0.4 else "") + quantity(chance, extreme)


def money(chance: random.Random, extreme: float) -> str:
    """A total value: mostly about 1000, some not positive."""
    draw = chance.random()
    if draw < extreme:
        return chance.choice([MONEY_MAX, "-" + MONEY_MAX, "0.0001", "0"])
    if draw < 0.06:
        return chance.choice(["0", "-5", "-1000.0001"])
    if draw < 0.5:
        return str(chance.randrange(8, 13) * 100)
    return plain(Decimal(chance.randrange(1, 3 * 10**7)) / 10**4)


def plain(value: Decimal) -> str:
    """Without exponent or needless zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
