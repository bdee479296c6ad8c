"""Which field of a value record a key names, and which of the contract's words a text is. As scan_field.py does it."""

import numpy as np
from numba import types

from risk_stream.messages.compiled.jit import POINTER, Bytes, compiled
from risk_stream.messages.compiled.scan_field import UNKNOWN, word_at, word_of

FIELDS = (
    "portfolio_id",
    "order_id",
    "execution_id",
    "symbol",
    "type",
    "side",
    "status",
    "last_quantity",
    "last_price",
    "total_value",
    "cash_flow",
    "sequence",
    "ts",
    "positions",
    "metrics",
)

PORTFOLIO_ID = FIELDS.index("portfolio_id")
ORDER_ID = FIELDS.index("order_id")
EXECUTION_ID = FIELDS.index("execution_id")
SYMBOL = FIELDS.index("symbol")
TYPE = FIELDS.index("type")
SIDE = FIELDS.index("side")
STATUS = FIELDS.index("status")
LAST_QUANTITY = FIELDS.index("last_quantity")
LAST_PRICE = FIELDS.index("last_price")
TOTAL_VALUE = FIELDS.index("total_value")
CASH_FLOW = FIELDS.index("cash_flow")
SEQUENCE = FIELDS.index("sequence")
TS = FIELDS.index("ts")
POSITIONS = FIELDS.index("positions")
METRICS = FIELDS.index("metrics")

TYPES = ("VALUATION", "EXECUTION")
SIDES = ("BUY", "SELL")
STATUSES = ("PARTIALLY_FILLED", "FILLED", "CANCELLED", "EXPIRED", "REJECTED")
WORDS = (*TYPES, *SIDES, *STATUSES)

SIDE_FIRST = len(TYPES)
STATUS_FIRST = SIDE_FIRST + len(SIDES)
PARTIALLY_FILLED = WORDS.index("PARTIALLY_FILLED")
FILLED = WORDS.index("FILLED")

LENGTH_MAX = max(map(len, FIELDS + WORDS))
assert LENGTH_MAX <= 16, "two words must cover a whole text"

FIELD_HEADS, WORD_HEADS = (np.array([word_of(t.encode()) for t in texts], np.uint64) for texts in (FIELDS, WORDS))
FIELD_TAILS, WORD_TAILS = (np.array([word_of(t.encode()[-8:]) for t in texts], np.uint64) for texts in (FIELDS, WORDS))
WORD_LENGTHS = np.array([len(word) for word in WORDS], np.int64)

# At most two fields share a length: CANDIDATES[length] names them, UNKNOWN where there is none.
CANDIDATES = np.full((LENGTH_MAX + 1, 2), UNKNOWN, dtype=np.int64)
for _field, _name in enumerate(FIELDS):
    _taken = CANDIDATES[len(_name)]
    _taken[int((_taken != UNKNOWN).sum())] = _field


@compiled(types.int64, POINTER, types.int64, types.int64, types.int64)
def value_field_of(text: Bytes, at: int, length: int, end: int) -> int:
    """The number of the field that text[at:at + length] names, UNKNOWN when it is none of a value record's."""
    if length > LENGTH_MAX:
        return UNKNOWN
    head = word_at(text, at, length, end)
    tail = word_at(text, at + max(length - 8, 0), length, end)
    for i in range(2):
        field = CANDIDATES[np.uint64(length), i]
        if field != UNKNOWN and FIELD_HEADS[np.uint64(field)] == head and FIELD_TAILS[np.uint64(field)] == tail:
            return int(field)
    return UNKNOWN


@compiled(types.int64, POINTER, types.int64, types.int64, types.int64)
def value_word_of(text: Bytes, at: int, length: int, end: int) -> int:
    """The number of the contract's word that text[at:at + length] is, UNKNOWN when it is none."""
    if length > LENGTH_MAX:
        return UNKNOWN
    head = word_at(text, at, length, end)
    tail = word_at(text, at + max(length - 8, 0), length, end)
    for word in range(len(WORDS)):
        if WORD_LENGTHS[word] == length and WORD_HEADS[word] == head and WORD_TAILS[word] == tail:
            return word
    return UNKNOWN
