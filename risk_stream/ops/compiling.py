"""Compiling the decision core ahead of its use: once a version, by one process, while the others wait for it."""

import fcntl
import hashlib
import sys
from pathlib import Path

LOCK_NAME = "lock"


def compile_ahead() -> None:
    """Have all compiled code on disk, and loaded what decides: a second or two when it was compiled before, one to two
    minutes when not."""
    folder = _folder()
    if _done(folder).exists():  # who only loads waits for nobody: another checkout may compile for minutes
        _load()
        return
    with (folder / LOCK_NAME).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _load()
        _done(folder).touch()


def compile_once() -> None:
    """The same, unless it was done before: for processes that load by themselves what they need of it."""
    if not _done(_folder()).exists():
        compile_ahead()


def _load() -> None:
    """What is not on disk yet is compiled by that."""
    from risk_stream.decide.warm import warm_up
    from risk_stream.kafka.compiled.read_records import read_records
    from risk_stream.kafka.compiled.write_records import write_records
    from risk_stream.messages.compiled.header_blocks import put_blocks
    from risk_stream.messages.compiled.jit import load
    from risk_stream.messages.compiled.same_fields import same_fields

    warm_up()
    for beside in (read_records, write_records, put_blocks, same_fields):
        load(beside)


def _folder() -> Path:
    from risk_stream.messages.compiled.cache import cache_folder

    return cache_folder(Path(__file__).parents[1])


def _done(folder: Path) -> Path:
    """The file that says that all of it is there, for this checkout, Python and processor: numba keeps them apart."""
    from llvmlite import binding

    made_for = (Path(__file__), sys.version, binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten())
    return folder / f"compiled-{hashlib.sha256(repr(made_for).encode()).hexdigest()[:24]}"
