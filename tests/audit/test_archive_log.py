"""No question is answered from an archive file that is not what was archived."""

import asyncio
import shutil
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from risk_stream.audit import archive_log
from risk_stream.audit.archive_log import ArchiveLog
from risk_stream.audit.archive_write import write_segment
from risk_stream.audit.as_of import as_of
from risk_stream.audit.controls_log import read_controls
from risk_stream.audit.heads import read_heads
from risk_stream.audit.log import CONTROLS, JOURNAL, ORDERS, VALUES, LogError, partition_bounds
from risk_stream.audit.manifest import sha256_of
from risk_stream.audit.span import Span, read_mark
from risk_stream.audit.sweep import SweepTask, sweep
from risk_stream.audit.what_if import WhatIfTask, ask_what_if
from risk_stream.messages.murmur2 import partition_of
from tests.audit.recording import record
from tests.cli.command import risk_stream

PORTFOLIO = "P1"
MINE = partition_of(PORTFOLIO.encode(), 2)


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive; do not change it."""
    folder = tmp_path_factory.mktemp("archived")
    asyncio.run(write_segment(record(), folder, 0))
    return folder


@pytest.fixture
def folder(archived: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(archived, tmp_path / "archive"))


def change(folder: Path, topic: str, partition: int) -> Path:
    """Change the values of a file, which stays a good Parquet file."""
    path = folder / "segment-00001" / f"{topic}-{partition}.parquet"
    table = pq.read_table(path)
    values = [(value or b"").replace(b'": "', b'": "9') for value in table.column("value").to_pylist()]
    at = table.schema.get_field_index("value")
    pq.write_table(table.set_column(at, table.schema.field(at), pa.array(values, pa.binary())), path)
    return path


def ask(folder: Path) -> object:
    """As the command does."""
    return asyncio.run(as_of(ArchiveLog(folder), PORTFOLIO, read_mark("2026-11-22T10:10:00Z")))


@pytest.mark.parametrize("topic", [VALUES, ORDERS, JOURNAL])
def test_a_changed_file_answers_nothing(folder: Path, topic: str) -> None:
    """It is named."""
    path = change(folder, topic, MINE)
    with pytest.raises(LogError, match=f"{path} has another SHA-256"):
        ask(folder)


def test_what_if_and_sweep_answer_nothing_either(folder: Path) -> None:
    """They read the same files."""
    change(folder, VALUES, MINE)
    log = ArchiveLog(folder)
    bounds = asyncio.run(partition_bounds(log, MINE))
    with pytest.raises(LogError, match="another SHA-256"):
        asyncio.run(ask_what_if(log, bounds, lambda _: None, task=WhatIfTask((), Span())))
    with pytest.raises(LogError, match="another SHA-256"):
        asyncio.run(sweep(log, bounds, lambda _: None, task=SweepTask("drawdown-1d", (Decimal(1),), Span())))


def test_changed_controls_and_journals_tell_nothing(folder: Path) -> None:
    """Neither limits nor heads."""
    change(folder, CONTROLS, 0)
    change(folder, JOURNAL, 1)
    with pytest.raises(LogError, match=r"controls-0\.parquet has another SHA-256"):
        asyncio.run(read_controls(ArchiveLog(folder)))
    with pytest.raises(LogError, match=r"journal-1\.parquet has another SHA-256"):
        asyncio.run(read_heads(ArchiveLog(folder)))


def test_a_file_that_is_not_read_does_not_matter(folder: Path, archived: Path) -> None:
    """Only what the answer comes from is hashed."""
    change(folder, VALUES, 1 - MINE)
    assert ask(folder) == ask(archived)


def test_a_file_is_hashed_once(archived: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it is read."""
    hashed: list[str] = []

    def counted(path: Path) -> str:
        hashed.append(path.name)
        return sha256_of(path)

    monkeypatch.setattr(archive_log, "sha256_of", counted)
    log = ArchiveLog(archived)
    for _ in range(3):
        asyncio.run(read_controls(log))
    assert hashed == ["controls-0.parquet"]


def test_a_proof_reads_changed_files_and_names_them(folder: Path) -> None:
    """It tells what else is wrong, and what is not."""
    change(folder, CONTROLS, 0)
    log = ArchiveLog(folder, damaged_too=True)
    assert [one.topic for one in asyncio.run(log.damage())] == [CONTROLS]
    assert asyncio.run(read_controls(log)).end > 0


def test_a_command_says_which_file_and_what_to_do(folder: Path) -> None:
    """Exit code 1, and no answer."""
    change(folder, CONTROLS, 0)
    done = risk_stream("limits", "history", "--archive", str(folder))
    assert done.code == 1 and done.out == ""
    assert "controls-0.parquet has another SHA-256" in done.err and "replay --archive" in done.err
