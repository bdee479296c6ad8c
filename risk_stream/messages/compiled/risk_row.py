"""RISK_ROW: the risk picture of a portfolio as a row of numbers."""

import numpy as np

WINDOWS = 4
"""P1D, P7D, P30D, TOTAL."""

RISK_ROW = np.dtype(
    [
        ("peak_hi", np.int64, (WINDOWS,)),  # money, as all sums here
        ("peak_lo", np.uint64, (WINDOWS,)),
        ("drawdown", np.float64, (WINDOWS,)),  # NaN: no positive peak
        ("total_hi", np.int64),
        ("total_lo", np.uint64),
        ("gross_hi", np.int64),
        ("gross_lo", np.uint64),
        ("net_hi", np.int64),
        ("net_lo", np.uint64),
        ("open_count", np.int64),
        ("value_offset", np.int64),  # of the last applied record of portfolio-values
        ("ts", np.int64),  # that record's, epoch ms
        ("portfolio_id_at", np.int64),  # byte range of a text that comes with the rows
        ("portfolio_id_len", np.int64),
        ("valued", np.int8),  # 0 before the first valuation: then sums and drawdowns mean nothing
        ("trading_state", np.int8),
    ],
    align=True,
)
