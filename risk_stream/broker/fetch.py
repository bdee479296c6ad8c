"""Fetch one jar with jgo and check its digest before anything can use it."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from jgo.constants import default_maven_repo
from jgo.maven import MavenContext, PythonResolver

from risk_stream.broker.errors import BrokerError
from risk_stream.broker.lock import Jar
from risk_stream.broker.repositories import REPOSITORY_VARIABLE, remote_repositories

ATTEMPTS_MAX = 3
TIMEOUT_S = 30  # without a byte from the server; a slow line is no failure

NO_NETWORK_ADVICE = (
    "The broker's jars are fetched once, then kept. Check the network (HTTPS_PROXY is respected), name a mirror in "
    f"{REPOSITORY_VARIABLE}, or use an existing Kafka: RISK_STREAM_BROKER=host:port."
)


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(jar: Jar, target: Path, on_bytes: Callable[[int], None]) -> None:
    """Put `jar` at `target` in one step, complete and verified: from a local Maven repository, else downloaded.

    `on_bytes` hears of every chunk that arrives. Raises BrokerError; leaves nothing half done behind.
    """
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetching-") as folder:
        local = default_maven_repo() / jar.path
        if local.is_file() and digest_of(local) == jar.sha256:
            staged = Path(shutil.copy(local, folder))
        else:
            staged = _download(jar, Path(folder), on_bytes)
            actual = digest_of(staged)
            if actual != jar.sha256:
                raise BrokerError(
                    f"Wrong checksum: {jar} has SHA-256 {actual}, the lock file says {jar.sha256}. It was thrown away.",
                    "Something between here and the repository changed the file (a proxy, a mirror). Try again from "
                    "another network; if it stays, do not use that repository.",
                )
        os.replace(staged, target)


def _download(jar: Jar, folder: Path, on_bytes: Callable[[int], None]) -> Path:
    @contextmanager
    def progress(_filename: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield on_bytes

    resolver = PythonResolver(progress_callback=progress)
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            # A folder per attempt: jgo takes it for granted that the file is not there yet.
            context = MavenContext(resolver, folder / str(attempt), [], remote_repositories(), timeout=TIMEOUT_S)
            artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
            path: Path = artifact.resolve()
            return path
        except requests.RequestException as error:
            if attempt == ATTEMPTS_MAX:
                raise BrokerError(
                    f"No network: {jar} could not be fetched ({_cause(error)}).", NO_NETWORK_ADVICE
                ) from error
        except RuntimeError as error:  # jgo's word for "no repository has it"
            raise BrokerError(f"No configured repository handed out {jar}.", NO_NETWORK_ADVICE) from error
    raise AssertionError("the last attempt returns or raises")


def _cause(error: BaseException) -> str:
    """The innermost reason, which names the host and what it did; the outer layers only repeat it."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return str(error) or type(error).__name__
