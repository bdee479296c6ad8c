"""A failure is said in words, with the exit code that belongs to it."""

import errno
import os
import sys
from collections.abc import AsyncIterator, Callable
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from risk_stream.audit.archive_lock import only_run
from risk_stream.cli import archive as archive_command
from risk_stream.cli.failure import report_failure
from risk_stream.cli.main import main
from tests.audit.recording import Recording, record

NUMBERS = (errno.ENOSPC, errno.EACCES, errno.ENOTDIR, errno.EROFS)


@pytest.mark.parametrize("number", NUMBERS)
def test_what_the_disk_refuses_is_said_with_the_path(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, and no traceback."""
    assert report_failure(OSError(number, os.strerror(number), "/archive/orders-0.parquet")) == 1
    told = capsys.readouterr().err
    assert told.startswith("Error: ") and os.strerror(number) in told and "/archive/orders-0.parquet" in told
    assert "run it again" in told


def test_a_killed_process_is_said_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    """Mostly it is memory."""
    assert report_failure(BrokenProcessPool("A process in the process pool was terminated abruptly")) == 1
    assert "--jobs 1" in capsys.readouterr().err


def test_what_nobody_foresaw_keeps_its_traceback() -> None:
    """It is a bug, to be told."""
    with pytest.raises(ZeroDivisionError):
        report_failure(ZeroDivisionError())


@pytest.fixture
def run_archive(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], int]:
    """Runs `archive FOLDER` on a log in memory, from the entry point on; its exit code."""
    log = record(20)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Recording]:
        yield log

    def run(folder: Path) -> int:
        monkeypatch.setattr(archive_command, "open_log", lambda *_: opened)
        monkeypatch.setattr(sys, "argv", ["risk-stream", "archive", str(folder)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return run


def test_a_folder_that_cannot_be_is_said(
    run_archive: Callable[[Path], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command ends as it does with every failure."""
    (tmp_path / "file").touch()
    assert run_archive(tmp_path / "file" / "archive") == 1
    assert f"Not a directory: '{tmp_path}/file/archive'" in capsys.readouterr().err


def test_a_second_archive_at_once_is_said(
    run_archive: Callable[[Path], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the first one is not disturbed."""
    with only_run(tmp_path):
        assert run_archive(tmp_path) == 1
    assert f"{tmp_path}: another `archive` is writing to it" in capsys.readouterr().err
    assert run_archive(tmp_path) == 0
