"""Show people that a download is under way: a bar on a terminal, a line now and then elsewhere. Always on stderr."""

import threading
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

LINE_EVERY_FILES = 10


class DownloadProgress:
    """Counts files and bytes, from any thread. Nothing is shown when `files` is 0."""

    def __init__(self, title: str, files: int) -> None:
        self._title, self._files = title, files
        self._done = self._bytes = 0
        self._lock = threading.Lock()
        self._console = Console(stderr=True)
        # The bytes to come are not known beforehand; the files are, so the bar counts files.
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("jars"))
        self._bar = Progress(*columns, console=self._console)
        self._task = self._bar.add_task(title, total=files)

    def __enter__(self) -> Self:
        if self._files and self._console.is_terminal:
            self._bar.start()
        elif self._files:
            self._console.print(f"{self._title}: fetching {self._files} jars, once")
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self._bar.stop()

    def add_bytes(self, count: int) -> None:
        """So many bytes have arrived."""
        with self._lock:
            self._bytes += count
            self._bar.update(self._task, description=f"{self._title} {self._bytes / 1e6:.1f} MB")

    def add_file(self) -> None:
        """One more jar is complete and verified."""
        with self._lock:
            self._done += 1
            self._bar.update(self._task, completed=self._done)
            if not self._console.is_terminal and (self._done % LINE_EVERY_FILES == 0 or self._done == self._files):
                self._console.print(f"{self._title}: {self._done} of {self._files} jars, {self._bytes / 1e6:.1f} MB")
