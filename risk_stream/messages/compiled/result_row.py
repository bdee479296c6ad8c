"""What the decision loop hands to the encoder: a DECISION_ROW an order, a VIOLATION_ROW a limit warned or violated."""

import numpy as np

from risk_stream.messages.limit import LimitKind

# DECISION_ROW.code is an index in CODES; the code of a kind of limit is CODE_OF_KIND + its place in LimitKind.
CODE_OK = 0
CODE_OVERRIDDEN = 1
CODE_INVALID_ORDER = 2
CODE_DUPLICATE_ORDER_ID = 3
CODE_HALTED = 4
CODE_REDUCING = 5
CODE_NOT_EVALUABLE = 6
CODE_OF_KIND = 7
CODES = (
    "OK",
    "OVERRIDDEN",
    "INVALID_ORDER",
    "DUPLICATE_ORDER_ID",
    "HALTED",
    "REDUCING",
    "NOT_EVALUABLE",
    *(kind.value for kind in LimitKind),
)

# VIOLATION_ROW.event
WARNING = 0
DETECTED = 1
RESOLVED = 2
EVENTS = ("WARNING", "DETECTED", "RESOLVED")

# VIOLATION_ROW.severity
SEVERITY_WARNING = 0
SOFT_BREACH = 1
HARD_BREACH = 2
CRITICAL = 3
SEVERITIES = ("WARNING", "SOFT_BREACH", "HARD_BREACH", "CRITICAL")

# VIOLATION_ROW.reason: why a limit was not evaluable, in the order in which the reasons are checked; -1 is none.
NO_REASON = -1
NO_VALUATION = 0
NO_PRICE = 1
NO_REFERENCE_PRICE = 2
NO_SECTOR = 3
NO_METRIC = 4
TOTAL_VALUE_NOT_POSITIVE = 5
PEAK_NOT_POSITIVE = 6
REASONS = (
    "NO_VALUATION",
    "NO_PRICE",
    "NO_REFERENCE_PRICE",
    "NO_SECTOR",
    "NO_METRIC",
    "TOTAL_VALUE_NOT_POSITIVE",
    "PEAK_NOT_POSITIVE",
)

# VIOLATION_ROW.observed_form: which of its fields holds the observed value
OBSERVED_NULL = 0
OBSERVED_SCALED = 1
OBSERVED_DOUBLE = 2

DECISION_ROW = np.dtype(
    [
        ("value_offset", np.int64),  # last applied record of portfolio-values, -1 before the first
        ("limits_evaluated", np.int32),
        ("violation_from", np.int32),  # half-open range of the VIOLATION_ROW array
        ("violation_to", np.int32),
        ("code", np.int16),  # index in CODES
        ("approved", np.int8),
    ],
    align=True,
)

VIOLATION_ROW = np.dtype(
    [
        ("observed_hi", np.int64),  # with observed_lo a 128-bit two's complement number in units of 10^-digits
        ("observed_lo", np.uint64),
        ("observed", np.float64),
        ("utilisation", np.float64),  # NaN is null
        ("record", np.int32),  # row of the order
        ("limit", np.int32),  # index in the plan, that is in LimitPieces
        ("sector_at", np.int32),  # byte range of the sector text; length 0 is null
        ("sector_len", np.int32),
        ("event", np.int8),
        ("severity", np.int8),
        ("reason", np.int8),
        ("listed", np.int8),  # 1: appears in the decision; SHADOW limits do not
        ("observed_form", np.int8),
        ("digits", np.int8),  # of a scaled number: 8 quantity, 4 money, 3 age in seconds, 0 count
    ],
    align=True,
)
