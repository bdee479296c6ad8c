"""Say that the engine is being compiled, while it is: the first command that needs it waits for that, once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

COMPILING = "compiling the engine, once for this version (a minute or two)"


def compiled_count() -> int:
    """How many functions of the present sources are compiled; 0 before the first use of this version."""
    from risk_stream.messages.compiled.cache import cache_folder

    return sum(1 for _ in cache_folder(Path(__file__).parents[1]).rglob("*.nbc"))


@contextmanager
def compile_notice() -> Iterator[None]:
    """Around the import and the first use of the engine. A compilation that was interrupted goes on unannounced."""
    if compiled_count():
        yield
        return
    console = Console(stderr=True)
    if not console.is_terminal:
        console.print(COMPILING)
    with console.status(COMPILING):
        yield
