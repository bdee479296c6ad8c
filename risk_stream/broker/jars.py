"""The jar cache: fetched once per user, by one process at a time, verified whenever it is used."""

import fcntl
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from risk_stream.broker.errors import BrokerError
from risk_stream.broker.fetch import digest_of, fetch
from risk_stream.broker.lock import Jar, kafka_version, locked_jars
from risk_stream.broker.progress import DownloadProgress

CONNECTIONS_MAX = 4  # enough to hide the latency of 45 small files, few enough for any server


def cache_folder() -> Path:
    """`risk-stream/jars` in the user's cache (XDG_CACHE_HOME, else ~/.cache)."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "risk-stream" / "jars"


def class_path(folder: Path | None = None, jars: tuple[Jar, ...] | None = None) -> list[Path]:
    """Every jar of the broker on disk, each with the digest of the lock file (0.1 s when all are there).

    Missing and damaged ones are fetched; another process that wants them too waits and then finds them.
    """
    folder = folder or cache_folder()
    jars = jars or locked_jars()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if _missing(folder, jars):
            with _only_process(folder):
                _fetch_all(folder, _missing(folder, jars), f"Kafka {kafka_version(jars)}")
    except OSError as error:
        raise BrokerError(
            f"The cache folder {folder} cannot be used: {error}.", "Make room or set XDG_CACHE_HOME to another folder."
        ) from error
    return [folder / jar.filename for jar in jars]


def _missing(folder: Path, jars: tuple[Jar, ...]) -> tuple[Jar, ...]:
    def is_good(jar: Jar) -> bool:
        path = folder / jar.filename
        return path.is_file() and digest_of(path) == jar.sha256

    return tuple(jar for jar in jars if not is_good(jar))


def _fetch_all(folder: Path, jars: tuple[Jar, ...], title: str) -> None:
    with DownloadProgress(title, len(jars)) as progress, ThreadPoolExecutor(CONNECTIONS_MAX) as pool:

        def one(jar: Jar) -> None:
            fetch(jar, folder / jar.filename, progress.add_bytes)
            progress.add_file()

        running = [pool.submit(one, jar) for jar in jars]
        try:
            for future in running:
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def _only_process(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            Console(stderr=True).print("waiting for another process that is fetching the same jars")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
