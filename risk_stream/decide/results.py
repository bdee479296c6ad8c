"""What the compiled loops write: rows of decisions and violations, and what became of each value record."""

from typing import ClassVar

import numpy as np

from risk_stream.messages.compiled.result_row import DECISION_ROW, VIOLATION_ROW
from risk_stream.rules.observation import OBSERVATION
from risk_stream.state.columns import Columns, ColumnsType, Spec, register
from risk_stream.state.layout import INT32, INT64, Int32s, Int64s, Rows

# VALUE_ROW.status (messages/compiled/value_row.py) after `apply_values`
APPLIED, IGNORED, REPEATED, UNKNOWN_ORDER, OVERFILL, FAULTY = range(6)


# Cells of Results.count
VIOLATIONS, ORDERS = range(2)

DECISIONS_FIRST = 256
OBSERVED_FIRST = 16
VIOLATIONS_FIRST = 1024
VIOLATIONS_KEPT = 1 << 14
"""Rows kept for the next batch: a MiB. A batch that violates all of a hundred limits needs 25."""


class Results(Columns):
    """Room for one batch after another: `violations` and `keys` grow with the worst case that a batch can have."""

    SPEC: ClassVar[Spec] = {
        "decisions": (DECISION_ROW, ()),
        "violations": (VIOLATION_ROW, ()),
        "keys": (INT32, ()),  # by a valuation: the symbol's or sector's string; -1
        "count": (INT64, ()),  # violations written; orders judged since the beginning
        "observed": (OBSERVATION, ()),  # by number, what several limits observe of an order
        "observed_by": (INT64, ()),  # count[ORDERS] when it was
    }

    decisions: Rows
    violations: Rows
    keys: Int32s
    count: Int64s
    observed: Rows
    observed_by: Int64s

    def clear(self, orders: int, violations: int, observations: int) -> None:
        """Make room for a batch; the loops write every field of a row that counts. A batch's rows may not be kept."""
        self.count[VIOLATIONS] = 0
        if len(self.violations) > VIOLATIONS_KEPT:
            self.replace("violations", np.zeros(VIOLATIONS_FIRST, VIOLATION_ROW))
            self.replace("keys", np.zeros(VIOLATIONS_FIRST, np.int32))
        self.lengthen("decisions", orders)
        self.lengthen("violations", violations)
        self.lengthen("keys", violations)
        self.lengthen("observed", observations)
        self.lengthen("observed_by", observations)

    def enlarge(self, room: int) -> None:
        """Make room for that many more violations."""
        wanted = int(self.count[VIOLATIONS]) + room
        self.lengthen("violations", wanted)
        self.lengthen("keys", wanted)


class ResultsType(ColumnsType):
    """Results in compiled code."""


register(Results, ResultsType)


def new_results() -> Results:
    """Room for a few, which grows."""
    return Results(
        {
            "decisions": np.zeros(DECISIONS_FIRST, DECISION_ROW),
            "violations": np.zeros(VIOLATIONS_FIRST, VIOLATION_ROW),
            "keys": np.zeros(VIOLATIONS_FIRST, np.int32),
            "count": np.zeros(2, np.int64),
            "observed": np.zeros(OBSERVED_FIRST, OBSERVATION),
            "observed_by": np.zeros(OBSERVED_FIRST, np.int64),
        }
    )
