"""Named places where a test may kill the process with SIGKILL, as a power cut would. Inert in production.

Two variables of the environment must agree before anything can happen: RISK_STREAM_ENABLE_FAULT_INJECTION must be
"yes-in-a-test", and RISK_STREAM_FAILPOINTS must name a point: `name:count` kills at the count-th passing (from 1).
"""

import os
import signal
from collections.abc import Mapping

NAMES = (
    "step.before_begin",
    "step.before_compute",
    "step.after_compute",
    "step.before_publish",
    "step.after_begin",
    "step.after_produce",
    "step.after_offsets",
    "step.after_commit",
    "step.after_record",
    "snapshot.before_cut",
    "snapshot.after_cut",
    "snapshot.before_begin",
    "snapshot.after_begin",
    "snapshot.after_produce",
    "snapshot.after_commit",
    "snapshot.before_store",
    "snapshot.after_store",
    "takeover.before_fence",
    "takeover.after_fence",
    "takeover.after_open",
    "takeover.after_changelog",
    "takeover.after_replay",
    "takeover.after_seek",
)

_CONSENT = "yes-in-a-test"


def parse(environment: Mapping[str, str]) -> dict[str, int]:
    """The armed points with the passings left before each kills; empty without consent. Raises ValueError on a typo."""
    if environment.get("RISK_STREAM_ENABLE_FAULT_INJECTION") != _CONSENT:
        return {}
    armed: dict[str, int] = {}
    for item in filter(None, environment.get("RISK_STREAM_FAILPOINTS", "").split(",")):
        name, _, count = item.partition(":")
        if name not in NAMES:
            raise ValueError(f"RISK_STREAM_FAILPOINTS: unknown point {name!r}")
        armed[name] = int(count or "1")
    return armed


_armed = parse(os.environ)


def failpoint(name: str) -> None:
    """Die here when this point is armed and its count is reached; otherwise cost one look at an empty dict."""
    if not _armed:
        return
    left = _armed.get(name)
    if left is None:
        return
    if left > 1:
        _armed[name] = left - 1
        return
    os.kill(os.getpid(), signal.SIGKILL)
