"""One run at a time writes to an archive: another would take its unfinished files for its own. Readers need no lock."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from risk_stream.audit.log import LogError


@contextmanager
def only_run(folder: Path) -> Iterator[None]:
    """Hold the folder. LogError when another run does; a lock ends with its process, however that ends."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LogError(
                f"{folder}: another `archive` is writing to it; run this one again when it is done"
            ) from None
        yield
