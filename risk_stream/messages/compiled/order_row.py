"""ORDER_ROW: one order as a row of numbers, its strings as byte ranges of the batch's text."""

import numpy as np

# What is known of a row: the first three are final, NEEDS_EXACT is what the scanner leaves to the exact decoder.
WELL_FORMED = 0
INVALID = 1
FAULT = 2
NEEDS_EXACT = 3

BUY = 0
SELL = 1

# In the order of the contract. `<name>_at` is the first byte in the batch's text, `<name>_len` 0 means absent.
TEXT_FIELDS = ("order_id", "portfolio_id", "symbol", "sector", "strategy_id", "trader_id")

ORDER_ROW = np.dtype(
    [
        ("status", np.int8),
        ("side", np.int8),
        ("market", np.int8),
        ("has_price", np.int8),  # 0 for MARKET, whose own price is validated and then ignored
        ("has_reference", np.int8),
        ("quantity", np.int64),  # units of 10^-8, as are price and reference
        ("price", np.int64),
        ("reference", np.int64),
        ("ts", np.int64),  # epoch ms, the order's own or else the record's
        ("offset", np.int64),
        ("timestamp", np.int64),  # epoch ms, the record's
        *((f"{name}_{part}", np.int32) for name in TEXT_FIELDS for part in ("at", "len")),
        ("order_h1", np.uint64),  # hash128 of the id's bytes
        ("order_h2", np.uint64),
        ("portfolio_h1", np.uint64),
        ("portfolio_h2", np.uint64),
    ],
    align=True,
)
