"""VALUE_ROW, POSITION_ROW, METRIC_ROW: a record of `portfolio-values`, a line of its snapshot, one of its metrics."""

import numpy as np

# VALUE_ROW.type: the first three are final, NEEDS_EXACT is what the scanner leaves to the exact decoder.
VALUATION, EXECUTION, FAULT, NEEDS_EXACT = range(4)

VALUE_ROW = np.dtype(
    [
        ("offset", np.int64),
        ("timestamp", np.int64),  # epoch ms, the record's
        ("ts", np.int64),  # epoch ms, the message's own or else the record's
        ("total", np.int64),  # money; |x| < 10^18 fits
        ("cash_flow", np.int64),
        ("sequence", np.int64),
        ("quantity", np.int64),  # of a fill, 10^-8
        ("price", np.int64),
        ("portfolio_h1", np.uint64),  # hash128 of the id's bytes
        ("portfolio_h2", np.uint64),
        ("order_h1", np.uint64),
        ("order_h2", np.uint64),
        ("execution_h1", np.uint64),
        ("execution_h2", np.uint64),
        ("portfolio_id_at", np.int32),  # byte ranges of the batch's text
        ("portfolio_id_len", np.int32),
        ("symbol_at", np.int32),
        ("symbol_len", np.int32),
        ("positions_from", np.int32),  # -1: no snapshot
        ("positions_to", np.int32),
        ("metrics_from", np.int32),
        ("metrics_to", np.int32),
        ("slot", np.int32),
        ("type", np.int8),
        ("side", np.int8),
        ("fills", np.int8),  # PARTIALLY_FILLED or FILLED
        ("closes", np.int8),  # anything but PARTIALLY_FILLED
        ("has_sequence", np.int8),
        ("status", np.int8),
    ],
    align=True,
)

POSITION_ROW = np.dtype(
    [
        ("quantity", np.int64),  # 10^-8, as is price
        ("price", np.int64),
        ("symbol_at", np.int32),
        ("symbol_len", np.int32),
        ("sector_at", np.int32),
        ("sector_len", np.int32),  # 0: absent
    ],
    align=True,
)

METRIC_ROW = np.dtype([("h1", np.uint64), ("h2", np.uint64), ("value", np.float64)], align=True)
