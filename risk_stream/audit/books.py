"""The controls log with other limits in it, for questions of "what if".

The added limits stand before the recorded controls, so every recorded offset, and with it every controls version, moves
up by their number: the same distance in the books before and after the change, so that halts, resumes, overrides and
rebases keep their order.
"""

from collections.abc import Sequence

from risk_stream.audit.controls_log import ControlsLog
from risk_stream.messages.control import RemoveLimit, SetLimit
from risk_stream.messages.fault import Fault, FaultReason
from risk_stream.rules.book import Controls

_NOTHING = Fault(FaultReason.INVALID_CONTROL, "left out")
"""A refused control changes nothing but the version."""


def with_added(controls: ControlsLog, limits: Sequence[SetLimit]) -> Controls:
    """The recorded controls, and these limits from the beginning."""
    book = Controls()
    for offset, limit in enumerate(limits):
        book.append(offset, limit)
    for offset, control in controls.history:
        book.append(offset + len(limits), control)
    return book


def with_room(controls: ControlsLog, shift: int) -> Controls:
    """The recorded controls alone, moved up as far as those of another book."""
    book = Controls()
    for offset in range(shift):
        book.append(offset, _NOTHING)
    for offset, control in controls.history:
        book.append(offset + shift, control)
    return book


def with_limits_replaced(controls: ControlsLog, limits: Sequence[SetLimit]) -> Controls:
    """These limits instead of all recorded ones; halts, overrides and rebases as they were."""
    book = Controls()
    for offset, limit in enumerate(limits):
        book.append(offset, limit)
    for offset, control in controls.history:
        book.append(offset + len(limits), _NOTHING if isinstance(control, SetLimit | RemoveLimit) else control)
    return book
