"""What `risk-stream doctor` looks at on this machine; what concerns the cluster is in cluster_checkup.py."""

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from risk_stream.broker.errors import BrokerError
from risk_stream.broker.jars import cache_folder
from risk_stream.broker.java import find_java
from risk_stream.broker.lock import kafka_version, locked_jars

PACKAGE = "risk-stream"
FREE_BYTES_MIN = 1 << 30


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `needed` is False for what only some ways of running want."""

    name: str
    good: bool
    detail: str
    advice: str = ""
    needed: bool = True


def check_machine(data_dir: Path) -> list[Finding]:
    """All findings about this machine (0.2 s, no network)."""
    return [check_versions(), check_data_dir(data_dir), check_java(), check_jars()]


def check_versions() -> Finding:
    """Are the packages that are overridden in places exactly the versions this was written for?"""
    python = f"Python {sys.version.split()[0]}"
    wrong: list[str] = []
    right: list[str] = []
    for text in metadata.requires(PACKAGE) or []:
        requirement = Requirement(text)
        if not str(requirement.specifier).startswith("==") or requirement.marker:
            continue
        installed = metadata.version(requirement.name)
        (right if installed in requirement.specifier else wrong).append(f"{requirement.name} {installed}")
    if wrong:
        return Finding("versions", False, f"not the pinned ones: {', '.join(wrong)}", "Install again: make test.")
    return Finding("versions", True, ", ".join([python, *right]))


def check_data_dir(data_dir: Path) -> Finding:
    """Can files be written where RocksDB and the embedded broker keep theirs, and is there room?"""
    advice = "Make it writable or set RISK_STREAM_DATA_DIR."
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=data_dir) as file:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
        free = shutil.disk_usage(data_dir).free
    except OSError as error:
        return Finding("data folder", False, str(error), advice)
    enough = free >= FREE_BYTES_MIN
    return Finding("data folder", enough, f"{data_dir}, {free / 1e9:.1f} GB free", "" if enough else "Make room.")


def check_java() -> Finding:
    """Could the embedded broker run here?"""
    try:
        java = find_java()
    except BrokerError as error:
        return Finding("java", False, error.problem, error.advice, needed=False)
    return Finding("java", True, f"Java {java.major} ({java.source})", needed=False)


def check_jars() -> Finding:
    """Are the embedded broker's jars in the cache already?"""
    jars, folder = locked_jars(), cache_folder()
    here = sum((folder / jar.filename).is_file() for jar in jars)
    detail = f"Kafka {kafka_version(jars)}, {here} of {len(jars)} jars in {folder}"
    advice = "" if here == len(jars) else "They are fetched by the first `risk-stream broker start`."
    return Finding("embedded broker", here == len(jars), detail, advice, needed=False)
