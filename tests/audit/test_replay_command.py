"""`replay` over an archive: wrong usage is told before the work, and the verdict whatever becomes of the report."""

import asyncio
import json
import shutil
from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner

from risk_stream.audit import report_page
from risk_stream.audit.archive_log import ArchiveLog
from risk_stream.audit.archive_write import write_segment
from risk_stream.audit.findings import Kind
from risk_stream.audit.heads import read_heads
from risk_stream.audit.log import CONTROLS, DECISIONS
from risk_stream.audit.manifest import read_manifest, write_manifest
from risk_stream.cli.failure import ANSWER_IS_NO, DONE, FAILED, USAGE
from risk_stream.cli.replay import command
from tests.audit.recording import record


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive; do not change it."""
    folder = tmp_path_factory.mktemp("stored")
    assert asyncio.run(write_segment(record(), folder, 0)) is not None
    return folder


@pytest.fixture
def folder(stored: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(stored, tmp_path / "archive"))


def run(folder: Path, *options: str) -> tuple[int, str, str]:
    """Exit code, stdout, and what went to stderr or would."""
    found = CliRunner().invoke(command, ["--archive", str(folder), "--jobs", "1", *options], standalone_mode=False)
    if isinstance(found.exception, click.ClickException):
        return found.exception.exit_code, found.stdout, found.exception.format_message()
    assert found.exception is None, found.exception
    return found.return_value, found.stdout, found.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--from", "9@5"), "there is no partition 9: the log has 2"),
        (("--to", "2@5", "--sweep", "notional=1:2:3"), "there is no partition 2"),
        (("--from", "2030-01-01T00:00:00Z", "--to", "2020-01-01T00:00:00Z"), "nothing lies from 2030-01-01"),
        (("--from", "0@6", "--to", "0@5"), "nothing lies from 0@6 to 0@5"),
        (("--report", "nowhere/day.html"), "nowhere is no folder that can be written to"),
        (("--report", "/dev/null"), "it is there, and no file"),
    ],
)
def test_wrong_usage(stored: Path, options: tuple[str, ...], words: str) -> None:
    """Nothing is replayed."""
    code, out, err = run(stored, *options)
    assert code == USAGE and words in err and out == ""


@pytest.mark.parametrize("options", [("--from", "0@99999999"), ("--to", "1795341600")])
def test_a_span_without_a_step_is_said(stored: Path, options: tuple[str, ...]) -> None:
    """In words, in JSON beside it."""
    code, out, _ = run(stored, *options)
    assert code == DONE and out.endswith("no step lies in the span: nothing was decided again and nothing compared\n")
    code, out, err = run(stored, *options, "--json")
    assert code == DONE and json.loads(out)["identical"] and "no step lies in the span" in err
    assert "no step" not in run(stored)[1]


def test_the_verdict_is_told_although_the_report_cannot_be_written(
    stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit code is that of a failure, the words say that the answer stands."""

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(report_page, "write_report", full)
    code, out, err = run(stored, "--report", str(tmp_path / "day.html"))
    assert code == FAILED and "completeness" in out
    assert err == "the answer stands, but its report could not be written: No space left on device"


def test_files_that_the_manifest_names_no_more_are_missed(folder: Path) -> None:
    """Its heads still say where the journal ended."""
    manifest = read_manifest(folder)
    assert manifest is not None
    [segment] = manifest.segments
    files = [one for one in segment.files if one.partition != 0 or one.topic == CONTROLS]
    manifest.segments[0] = msgspec.structs.replace(segment, files=files)
    write_manifest(folder, manifest)
    code, out, _ = run(folder, "--json")
    [found] = json.loads(out)["partitions"][0]["findings"]
    assert code == ANSWER_IS_NO and found["kind"] == Kind.TRUNCATED
    assert found["text"] == f"it ends with step 0, the archive's manifest says with step {segment.heads[0].seq}"


def test_every_head_is_looked_for_whatever_the_span(stored: Path, tmp_path: Path) -> None:
    """That of a partition outside it, too."""
    heads = asyncio.run(read_heads(ArchiveLog(stored)))
    file = tmp_path / "head.json"
    for chain, expected in ((heads[0].chain, DONE), ("f" * 64, ANSWER_IS_NO)):
        named = [msgspec.structs.replace(heads[0], chain=chain), heads[1]]
        file.write_bytes(msgspec.json.encode({"prefix": "risk.", "partitions": 2, "heads": named}))
        code, out, _ = run(stored, "--head", str(file), "--to", "1@40", "--json")
        told = json.loads(out)
        assert code == expected
        assert told["verdicts"]["integrity"]["holds"] == (expected == DONE)
        assert [one["steps"] > 0 for one in told["partitions"]] == [False, True]
        assert told["partitions"][1]["published"][DECISIONS] > 10
