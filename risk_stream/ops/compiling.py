"""Compiling the decision core ahead of its use: once a version, by one process, while the others wait for it."""

import fcntl
from pathlib import Path

import numba

from risk_stream.decide.warm import warm_up

LOCK_NAME = "lock"


def compile_ahead() -> None:
    """Make sure that all compiled code is there: a second when it was compiled before, one to two minutes when not."""
    with (Path(numba.config.CACHE_DIR) / LOCK_NAME).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        warm_up()
