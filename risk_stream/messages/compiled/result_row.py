"""What the decision loop hands to the encoder: a DECISION_ROW an order, a VIOLATION_ROW a limit warned or violated."""

import numpy as np

from risk_stream.messages.decision import DECISION_CODES, NotEvaluable, Severity
from risk_stream.messages.violation import ViolationEvent

# DECISION_ROW.code is an index in CODES; the code of a kind of limit is CODE_OF_KIND + its place in LimitKind.
CODES = DECISION_CODES
CODE_OK = CODES.index("OK")
CODE_OVERRIDDEN = CODES.index("OVERRIDDEN")
CODE_INVALID_ORDER = CODES.index("INVALID_ORDER")
CODE_DUPLICATE_ORDER_ID = CODES.index("DUPLICATE_ORDER_ID")
CODE_HALTED = CODES.index("HALTED")
CODE_REDUCING = CODES.index("REDUCING")
CODE_NOT_EVALUABLE = CODES.index("NOT_EVALUABLE")
CODE_OF_KIND = CODE_NOT_EVALUABLE + 1

# VIOLATION_ROW.event
EVENTS = tuple(ViolationEvent)
WARNING = EVENTS.index(ViolationEvent.WARNING)
DETECTED = EVENTS.index(ViolationEvent.DETECTED)
RESOLVED = EVENTS.index(ViolationEvent.RESOLVED)

# VIOLATION_ROW.severity
SEVERITIES = tuple(Severity)
SEVERITY_WARNING = SEVERITIES.index(Severity.WARNING)
SOFT_BREACH = SEVERITIES.index(Severity.SOFT_BREACH)
HARD_BREACH = SEVERITIES.index(Severity.HARD_BREACH)
CRITICAL = SEVERITIES.index(Severity.CRITICAL)

# VIOLATION_ROW.reason: why a limit was not evaluable, in the order in which the reasons are checked; -1 is none.
NO_REASON = -1
REASONS = tuple(NotEvaluable)
NO_VALUATION = REASONS.index(NotEvaluable.NO_VALUATION)
NO_PRICE = REASONS.index(NotEvaluable.NO_PRICE)
NO_REFERENCE_PRICE = REASONS.index(NotEvaluable.NO_REFERENCE_PRICE)
NO_SECTOR = REASONS.index(NotEvaluable.NO_SECTOR)
NO_METRIC = REASONS.index(NotEvaluable.NO_METRIC)
TOTAL_VALUE_NOT_POSITIVE = REASONS.index(NotEvaluable.TOTAL_VALUE_NOT_POSITIVE)
PEAK_NOT_POSITIVE = REASONS.index(NotEvaluable.PEAK_NOT_POSITIVE)

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
