"""On the path of a worker, this makes its wall clock wrong by CLOCK_SHIFT_SECONDS, with a jump now and then."""

import os
import time

_SHIFT = float(os.environ.get("CLOCK_SHIFT_SECONDS", "0"))
_time, _time_ns = time.time, time.time_ns
JUMP_EVERY_SECONDS, JUMP_SECONDS = 7, 60


def _wrong() -> float:
    return _SHIFT + (JUMP_SECONDS if int(time.monotonic()) // JUMP_EVERY_SECONDS % 2 else 0)


def _shifted_time() -> float:
    return _time() + _wrong()


def _shifted_time_ns() -> int:
    return _time_ns() + int(_wrong() * 1e9)


time.time, time.time_ns = _shifted_time, _shifted_time_ns
