"""Which field of an order a key names: by its length and its first and last eight bytes, all compared as words."""

import numpy as np
from numba import types

from risk_stream.messages.compiled.hash128 import eight_bytes
from risk_stream.messages.compiled.jit import POINTER, Bytes, compiled
from risk_stream.messages.compiled.order_row import TEXT_FIELDS

FIELDS = (*TEXT_FIELDS, "quantity", "price", "reference_price", "side", "order_type", "ts")

ORDER_ID = FIELDS.index("order_id")
PORTFOLIO_ID = FIELDS.index("portfolio_id")
SYMBOL = FIELDS.index("symbol")
SECTOR = FIELDS.index("sector")
STRATEGY_ID = FIELDS.index("strategy_id")
TRADER_ID = FIELDS.index("trader_id")
QUANTITY = FIELDS.index("quantity")
PRICE = FIELDS.index("price")
REFERENCE_PRICE = FIELDS.index("reference_price")
SIDE = FIELDS.index("side")
ORDER_TYPE = FIELDS.index("order_type")
TS = FIELDS.index("ts")
UNKNOWN = -1

LENGTH_MAX = max(map(len, FIELDS))
assert LENGTH_MAX <= 16, "two words must cover a whole key"


def word_of(text: bytes) -> int:
    """Up to eight bytes as a little-endian number, the missing ones 0."""
    return int.from_bytes(text[:8], "little")


HEADS = np.array([word_of(name.encode()) for name in FIELDS], dtype=np.uint64)
TAILS = np.array([word_of(name.encode()[-8:]) for name in FIELDS], dtype=np.uint64)
MASKS = np.array([(1 << 8 * n) - 1 for n in range(9)], dtype=np.uint64)

# At most two fields share a length: CANDIDATES[length] names them, UNKNOWN where there is none.
CANDIDATES = np.full((LENGTH_MAX + 1, 2), UNKNOWN, dtype=np.int64)
for _field, _name in enumerate(FIELDS):
    _taken = CANDIDATES[len(_name)]
    _taken[int((_taken != UNKNOWN).sum())] = _field

BUY_WORD = np.uint64(word_of(b"BUY"))
SELL_WORD = np.uint64(word_of(b"SELL"))
LIMIT_WORD = np.uint64(word_of(b"LIMIT"))
MARKET_WORD = np.uint64(word_of(b"MARKET"))


@compiled(types.uint64, POINTER, types.int64, types.int64, types.int64)
def word_at(text: Bytes, at: int, length: int, end: int) -> np.uint64:
    """The first eight bytes of text[at:at + length], the missing ones 0; nothing is read from `end` on."""
    length = min(length, 8)
    if at + 8 <= end:
        word: np.uint64 = eight_bytes(text, at) & MASKS[np.uint64(length)]
        return word
    word = np.uint64(0)
    for i in range(length):
        word |= np.uint64(text[at + i]) << np.uint64(8 * i)
    return word


@compiled(types.int64, POINTER, types.int64, types.int64, types.int64)
def field_of(text: Bytes, at: int, length: int, end: int) -> int:
    """The number of the field that text[at:at + length] names, UNKNOWN when it is none of an order's."""
    if length > LENGTH_MAX:
        return UNKNOWN
    head = word_at(text, at, length, end)
    tail = word_at(text, at + max(length - 8, 0), length, end)
    for i in range(2):
        field = CANDIDATES[np.uint64(length), i]
        if field != UNKNOWN and HEADS[np.uint64(field)] == head and TAILS[np.uint64(field)] == tail:
            return int(field)
    return UNKNOWN
