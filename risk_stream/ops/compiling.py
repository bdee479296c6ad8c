"""Compiling the decision core ahead of its use, once a version, by one process; and saying so while it goes on."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

LOCK_NAME = "lock"
COMPILING = "compiling the engine, once for this version (a minute or two)"


def compiled_count() -> int:
    """How many functions of the present sources are compiled; 0 before the first use of this version."""
    from risk_stream.messages.compiled.cache import cache_folder

    return sum(1 for _ in cache_folder(Path(__file__).parents[1]).rglob("*.nbc"))


@contextmanager
def compiling() -> Iterator[None]:
    """Around the import and the first use of the engine. A compilation that was interrupted goes on unannounced."""
    if compiled_count():
        yield
        return
    console = Console(stderr=True)
    if not console.is_terminal:
        console.print(COMPILING)
    with console.status(COMPILING):
        yield


def compile_ahead() -> None:
    """Make sure that all compiled code is there: a second when it was compiled before, one to two minutes when not."""
    # Here, not above: the import alone compiles the codec, and what only counts should not wait for that.
    from risk_stream.messages.compiled.cache import cache_folder

    with (cache_folder(Path(__file__).parents[1]) / LOCK_NAME).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        from risk_stream.decide.warm import warm_up

        warm_up()
