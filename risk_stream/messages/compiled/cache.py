"""Where compiled code is kept: a folder named by the digest of every source file it was compiled from.

numba's own cache looks only at the file of the function itself: code compiled from an old version of a function that it
calls would go on being used after an upgrade, silently. So the folder's name covers all sources that hold compiled
functions, and the versions of numba and numpy; a change in any of them compiles
anew (about a minute on two cores, once).
"""

import hashlib
import os
import re
import shutil
from pathlib import Path

import numba
import numpy as np

CACHES_KEPT_MAX = 4
"""Folders of earlier sources kept, each about 10 MB, so that switching between two versions does not recompile."""

FOLDER_NAME = re.compile("[0-9a-f]{24}")

ROOMS = ("messages/compiled", "state", "rules", "decide", "kafka/compiled")

MARKS = (b"compiled", b"dtype")
IMPORTS = (b"from ", b"import ")
"""A source without either word outside its imports holds no compiled function, no layout and no constant of one: it
may change without compiling anew, unless such a source imports it. tests/messages/compiled/test_cache.py holds every
source to that."""

DEFINES = (b"\n@compiled", b"\n@intrinsic", b"np.dtype(")
IMPORTED = re.compile(rb"^from risk_stream\.([\w.]+) import (\([^)]*\)|.*)$", re.MULTILINE)


def sources_digest(package: Path) -> str:
    """SHA-256 over names and bytes of the core's sources and the versions of the compiler (about 40 ms)."""
    digest = hashlib.sha256(f"{numba.__version__} {np.__version__}".encode())
    for path in counted_sources(package):
        digest.update(f"\n{path.relative_to(package)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:24]


def counted_sources(package: Path) -> list[Path]:
    """The sources that compiled code may depend on, and all that those with compiled functions or layouts import.

    A number or a text imported from elsewhere (the bound of clock skew, the codes of decisions) is frozen into the
    machine code: were its source not counted, the old value would go on being used.
    """
    counted = {p for room in ROOMS for p in (package / room).rglob("*.py") if is_compiled(p.read_bytes())}
    ahead = [path for path in counted if any(mark in path.read_bytes() for mark in DEFINES)]
    while ahead:
        for path in imported_sources(ahead.pop(), package) - counted:
            counted.add(path)
            ahead.append(path)
    return sorted(counted)


def imported_sources(path: Path, package: Path) -> set[Path]:
    """The sources of the package that a source imports when it is loaded."""
    names: list[str] = []
    for module, members in IMPORTED.findall(path.read_bytes()):
        parent = module.decode().replace(".", "/")
        names += [parent, *(f"{parent}/{member.decode()}" for member in re.findall(rb"\w+", members))]
    return {source for name in names if (source := package / f"{name}.py").is_file()}


def is_compiled(source: bytes) -> bool:
    """Whether compiled code may depend on the source."""
    lines = (line for line in source.splitlines() if not line.startswith(IMPORTS))
    return any(mark in line for line in lines for mark in MARKS)


def cache_folder(package: Path) -> Path:
    """The folder for this version of the sources below the user's cache; RISK_STREAM_COMPILED_DIR moves it.

    Raises RuntimeError saying what to set when it cannot be written.
    """
    cache_home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    root = Path(os.environ.get("RISK_STREAM_COMPILED_DIR") or Path(cache_home) / "risk-stream" / "compiled")
    folder = root / sources_digest(package)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise RuntimeError(
            f"cannot write compiled code to {folder}: {error.strerror}; "
            "set RISK_STREAM_COMPILED_DIR to a folder of yours"
        ) from error
    # Only folders named as ours are: RISK_STREAM_COMPILED_DIR may be a place that holds other things as well.
    ours = (p for p in root.iterdir() if p != folder and FOLDER_NAME.fullmatch(p.name))
    others = sorted(ours, key=lambda p: p.stat().st_mtime, reverse=True)
    for old in others[CACHES_KEPT_MAX - 1 :]:
        shutil.rmtree(old, ignore_errors=True)
    return folder


def use_cache_folder() -> None:
    """Point numba at the folder; called before the first compiled function is defined."""
    setattr(numba.config, "CACHE_DIR", str(cache_folder(Path(__file__).parents[2])))  # noqa: B010 - absent in its stubs
