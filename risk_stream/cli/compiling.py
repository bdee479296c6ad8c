"""Say that the engine is being compiled, while it is: the first command that needs it waits for that, once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

COMPILING = "compiling the engine, once for this version (a minute or two)"


def compiled_folder() -> Path:
    """Where the compiled code of these sources lies."""
    from risk_stream.messages.compiled.cache import cache_folder

    return cache_folder(Path(__file__).parents[1])


def is_compiled(folder: Path) -> bool:
    """Whether anything was compiled before; compiling the rest after an interruption is announced as little as a
    warm start: it looks the same from here."""
    return next(folder.rglob("*.nbi"), None) is not None


@contextmanager
def compiling() -> Iterator[None]:
    """Around the import and the first use of the engine."""
    if is_compiled(compiled_folder()):
        yield
        return
    console = Console(stderr=True)
    if not console.is_terminal:
        console.print(COMPILING)
    with console.status(COMPILING):
        yield
