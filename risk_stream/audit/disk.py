"""Files that are still there after a power loss: contents first, then the entry in the folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def make_folder(folder: Path) -> None:
    """Make it with the parents that it lacks; nothing when it is there."""
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in made:
        sync(one.parent)


def replace(new: Path, path: Path) -> None:
    """Put a finished file, or a folder of synced ones, in its place at once."""
    sync(new)
    new.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Wait until a file's bytes, or a folder's entries, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """What the disk refuses inside names this file: pyarrow's errors name none."""
    try:
        yield
    except (ConnectionError, TimeoutError):  # of a broker that is read meanwhile
        raise
    except OSError as error:
        error.filename = error.filename or str(path)
        raise
