"""What the compiled loops write: rows of decisions and violations, and what became of each value record."""

from typing import ClassVar

import numpy as np

from risk_stream.messages.compiled.result_row import DECISION_ROW, VIOLATION_ROW
from risk_stream.state.columns import Columns, ColumnsType, Spec, register
from risk_stream.state.layout import INT32, INT64, Int32s, Int64s, Rows

# VALUE_ROW.status (messages/compiled/value_row.py) after `apply_values`
APPLIED, IGNORED, REPEATED, UNKNOWN_ORDER, OVERFILL, FAULTY = range(6)


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
