"""Compiling the decision core ahead of its use: once a version, by one process, while the others wait for it."""

import fcntl
from pathlib import Path

LOCK_NAME = "lock"


def compile_ahead() -> None:
    """Make sure that all compiled code is there: a second when it was compiled before, one to two minutes when not."""
    # Here, not above: the import alone compiles the codec, and the lock has to cover that too.
    from risk_stream.messages.compiled.cache import cache_folder

    with (cache_folder(Path(__file__).parents[1]) / LOCK_NAME).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        from risk_stream.decide.warm import warm_up

        warm_up()
