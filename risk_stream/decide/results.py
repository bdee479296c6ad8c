"""What the compiled loops write: rows of decisions and violations, and what became of each value record."""

from typing import ClassVar

import numpy as np

from risk_stream.messages.compiled.result_row import DECISION_ROW, VIOLATION_ROW
from risk_stream.state.columns import Columns, ColumnsType, Spec, register
from risk_stream.state.layout import INT32, INT64, Int32s, Int64s, Rows

# VALUE_ROW.status after `apply_values`
APPLIED, IGNORED, REPEATED, UNKNOWN_ORDER, OVERFILL, FAULTY = range(6)

VALUATION, EXECUTION, FAULT = range(3)

VALUE_ROW = np.dtype(
    [
        ("offset", np.int64),
        ("ts", np.int64),
        ("total", np.int64),  # money; |x| < 10^18 fits
        ("cash_flow", np.int64),
        ("sequence", np.int64),
        ("quantity", np.int64),  # of a fill, 10^-8
        ("price", np.int64),
        ("order_h1", np.uint64),
        ("order_h2", np.uint64),
        ("execution_h1", np.uint64),
        ("execution_h2", np.uint64),
        ("symbol_at", np.int32),  # byte ranges of the batch's text
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
        ("quantity", np.int64),
        ("price", np.int64),
        ("symbol_at", np.int32),
        ("symbol_len", np.int32),
        ("sector_at", np.int32),
        ("sector_len", np.int32),
    ],
    align=True,
)

METRIC_ROW = np.dtype([("h1", np.uint64), ("h2", np.uint64), ("value", np.float64)], align=True)

RISK_ROW = np.dtype(
    [
        ("peak_hi", np.int64, (4,)),
        ("peak_lo", np.uint64, (4,)),
        ("drawdown", np.float64, (4,)),  # NaN: no positive peak
        ("gross_hi", np.int64),
        ("gross_lo", np.uint64),
        ("net_hi", np.int64),
        ("net_lo", np.uint64),
        ("trading_state", np.int8),
    ],
    align=True,
)


class Results(Columns):
    """Room for one batch: `violations` and `keys` grow with the worst case that the batch can have."""

    SPEC: ClassVar[Spec] = {
        "decisions": (DECISION_ROW, ()),
        "violations": (VIOLATION_ROW, ()),
        "keys": (INT32, ()),  # by a valuation: the symbol's or sector's string; -1
        "count": (INT64, ()),  # [0]: violations written
    }

    decisions: Rows
    violations: Rows
    keys: Int32s
    count: Int64s

    def enlarge(self, room: int) -> None:
        """Make room for that many more violations, at least doubling it."""
        used = int(self.count[0])
        for name in ("violations", "keys"):
            old = self.arrays[name]
            larger = np.zeros(2 * (used + room), old.dtype)
            larger[:used] = old[:used]
            self.replace(name, larger)


class ResultsType(ColumnsType):
    """Results in compiled code."""


register(Results, ResultsType)


def new_results(orders: int, violations: int) -> Results:
    """Empty results for a batch."""
    return Results(
        {
            "decisions": np.zeros(orders, DECISION_ROW),
            "violations": np.zeros(violations, VIOLATION_ROW),
            "keys": np.zeros(violations, np.int32),
            "count": np.zeros(1, np.int64),
        }
    )
