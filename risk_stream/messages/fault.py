"""A record that cannot be taken as a message: it becomes a dead letter."""

from enum import StrEnum

import msgspec


class FaultReason(StrEnum):
    """Stable codes of dead letters, never reused. The last two are found by the engine, the others by the decoder."""

    MALFORMED_JSON = "MALFORMED_JSON"
    UNUSABLE_ID = "UNUSABLE_ID"
    KEY_MISMATCH = "KEY_MISMATCH"
    WRONG_PARTITION = "WRONG_PARTITION"
    UNKNOWN_TYPE = "UNKNOWN_TYPE"
    INVALID_VALUATION = "INVALID_VALUATION"
    INVALID_EXECUTION = "INVALID_EXECUTION"
    INVALID_CONTROL = "INVALID_CONTROL"
    CLOCK_SKEW = "CLOCK_SKEW"
    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    OVERFILL = "OVERFILL"


class Fault(msgspec.Struct, frozen=True, gc=False):
    """Why a record is a dead letter. `detail` starts with the field at fault: "quantity: must be > 0"."""

    reason: str
    detail: str
