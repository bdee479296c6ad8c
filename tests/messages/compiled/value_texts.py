"""Random records of `portfolio-values`: as order_texts.py makes orders."""

from random import Random

from tests.messages.compiled.odd_values import (
    IDS,
    NUMBERS,
    ODD_IDS,
    ODD_NUMBERS,
    ODD_TIMES,
    ODD_WORDS,
    TIMES,
    words,
)
from tests.messages.compiled.order_texts import Record, disturbed, record_of, with_blanks

VALUATION_NAMES = ("portfolio_id", "type", "total_value", "cash_flow", "positions", "metrics", "sequence", "ts")
EXECUTION_NAMES = (
    "portfolio_id",
    "type",
    "order_id",
    "execution_id",
    "status",
    "symbol",
    "side",
    "last_quantity",
    "last_price",
    "ts",
)
POSITION_NAMES = ("symbol", "quantity", "price", "sector")
OPTIONAL = ("cash_flow", "positions", "metrics", "sequence", "ts", "sector")

STATUSES = words('"PARTIALLY_FILLED" "FILLED" "CANCELLED" "EXPIRED" "REJECTED"')
MONEY = words('0 1 -1 100000 99999999999999.9999 -99999999999999.9999 1234567.25 -0 "0" "-12.5" "1000000.0000" 0.0001')
QUANTITIES = words('0 -100 12.5 -0.00000001 9999999999.99999999 "-7" "0.0" "-9999999999.99999999"')
METRICS = words(
    "0 -0 0.0 -0.0 1 -1.5 0.1 0.30000000000000004 123456789012345678 -0.012345678901234567 2.2250738585072014"
)
SEQUENCES = words("0 1 42 999999999999999 null")

ODD_STATUSES = (
    *words('"filled" "FILLED_" "PARTIALLY_FILLEX" "PARTIALLY_FILLED1" "BUY" "" null 1'),
    '"EXPIRED "',
)
ODD_TYPES = words('"valuation" "VALUATIOM" "EXECUTIONS" "CONTROL" "FILLED" "" null 1 "\\u0056ALUATION"')
ODD_MONEY = words('1.00001 100000000000000 -100000000000000 1e3 01 1. .5 +1 "" "x" null true [1] - -- "-" -01 1.50000')
ODD_METRICS = words('null "1" true [] {} NaN Infinity 1E400 5e-324 1e 1e+ 1e18 1e0001 01 .5 - 1234567890123456789 1.2.')
ODD_SEQUENCES = words('-1 1.0 1.5 "1" 9223372036854775807 9223372036854775808 1e3 01 true')
ODD_LISTS = words('{} [1] [{}] [null] [[]] "a" 1 [,] [{"symbol":"A"}] [{"symbol":"A","quantity":1,"price":1},]')
ODD_NAMES = ("", "a b", "\\u0061", "\u00e9", "x" * 65, "\\n")


def positions_text(random: Random, odd: float) -> str:
    """A snapshot, now and then with a symbol twice."""
    if random.random() < odd:
        return random.choice(ODD_LISTS)
    count = random.choice((0, 1, 2, 3, 20))
    symbols = [f'"S{number}"' for number in random.sample(range(1000), count)]
    if symbols and random.random() < odd:
        symbols[-1] = symbols[0]
    lines = [with_blanks(random, members(random, POSITION_NAMES, odd, {"symbol": symbol}), odd) for symbol in symbols]
    return "[" + random.choice((",", ", ")).join(lines) + "]"


def metrics_text(random: Random, odd: float) -> str:
    """An object of numbers, now and then with a name twice."""
    names = random.sample(IDS, random.choice((0, 1, 2, 5)))
    if names and random.random() < odd:
        names.append(random.choice((names[0], *ODD_NAMES)))
    named = [f'"{name}":{random.choice(ODD_METRICS if random.random() < odd else METRICS)}' for name in names]
    return with_blanks(random, named, odd)


def value_text(random: Random, name: str, odd: float) -> str:
    """The JSON text of a field's value, with probability `odd` one that producers do not send."""
    if name == "positions":
        return positions_text(random, odd)
    if name == "metrics" and random.random() >= odd:
        return metrics_text(random, odd)
    usual, strange = {
        "type": (('"VALUATION"',), ODD_TYPES),
        "total_value": (MONEY, ODD_MONEY),
        "cash_flow": (MONEY, ODD_MONEY),
        "metrics": (("{}",), ODD_LISTS),
        "sequence": (SEQUENCES, ODD_SEQUENCES),
        "ts": (TIMES, ODD_TIMES),
        "status": (STATUSES, ODD_STATUSES),
        "side": (('"BUY"', '"SELL"'), ODD_WORDS),
        "quantity": (QUANTITIES, ODD_NUMBERS),
        "price": (NUMBERS, ODD_NUMBERS),
        "last_quantity": (NUMBERS, ODD_NUMBERS),
        "last_price": (NUMBERS, ODD_NUMBERS),
    }.get(name, ([f'"{one}"' for one in IDS], ODD_IDS))
    return random.choice(strange if random.random() < odd else usual)


def members(random: Random, names: tuple[str, ...], odd: float, given: dict[str, str]) -> list[str]:
    """The members of an object, in some order; `given` are the texts of some."""
    left_out = {name for name in OPTIONAL if random.random() < 0.3}
    if random.random() < odd:
        left_out.add(random.choice(names))
    texts = {name: value_text(random, name, odd) for name in names if name not in left_out}
    listed = [f'"{name}":{given.get(name, text)}' for name, text in texts.items()]
    return disturbed(random, listed, odd)


def random_value(random: Random, odd: float = 0.03) -> Record:
    """A record; `odd` is the probability of each thing that may be strange about it."""
    if random.random() < 0.5:
        listed = members(random, EXECUTION_NAMES, odd, {"type": '"EXECUTION"'} if random.random() >= odd else {})
    else:
        listed = members(random, VALUATION_NAMES, odd, {})
    if random.random() < odd:
        name = random.choice(EXECUTION_NAMES + VALUATION_NAMES)
        listed.append(f'"{name}":{value_text(random, name, odd)}')
    return record_of(random, listed, odd)
