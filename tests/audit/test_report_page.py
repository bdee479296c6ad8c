"""The page says what was and was not compared, carries nothing of the log unescaped, and is written whole or not."""

import json
from pathlib import Path

import pytest

from risk_stream.audit.log import DECISIONS, JOURNAL
from risk_stream.audit.report import ReplayReport, verdicts_of
from risk_stream.audit.report_page import page, write_report
from risk_stream.audit.span import Mark, Span
from risk_stream.audit.task import PartitionResult, Task
from tests.audit.recording import START_MS, record
from tests.audit.replayed import replay, trimmed


def report_of(result: PartitionResult) -> ReplayReport:
    """As the command makes it."""
    return ReplayReport(
        log="memory", version="1", started_ms=START_MS, seconds=1.0, span="all",
        verdicts=verdicts_of([result], []), partitions=[result],
    )  # fmt: skip


def test_a_chain_value_is_escaped() -> None:
    """The journal may hold any text there."""
    log = record()
    line = log.lines(JOURNAL, 0)[-1]
    line.value = json.dumps(
        {**json.loads(line.value or b""), "chain": "<style>.finding{display:none}</style>"}
    ).encode()
    text = page(report_of(replay(log)), [])
    assert "<style>.finding{display:none}" not in text
    assert "&lt;style&gt;.finding{display:none}&lt;/style&gt;" in text


def test_what_was_not_kept_is_on_the_page() -> None:
    """Beside what was compared, which does not count it."""
    log = record()
    count = len(log.lines(DECISIONS, 0))
    report = report_of(replay(trimmed(log, DECISIONS, 10)))
    assert report.identical and report.not_kept == {DECISIONS: 10} and report.published[DECISIONS] == count - 10
    text = page(report, [])
    assert f"{count - 10} decisions" in text
    assert "<dt>Not compared</dt><dd>10 decisions: retention had deleted them</dd>" in text
    assert "<dt>Not compared</dt><dd>none</dd>" in page(report_of(replay(log)), [])


def test_a_span_without_a_step_is_not_called_identical() -> None:
    """Nothing was compared, so nothing was the same."""
    text = page(report_of(replay(record(), task=Task(Span(stop=Mark(1))))), [])
    assert "Replay: no step in the span" in text and "identical" not in text
    assert "no step lies in the span: nothing was decided again and nothing compared" in text


def test_a_page_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing unfinished beside it."""
    path, report = tmp_path / "day.html", report_of(replay(record()))
    path.write_text("old")

    def full(handle: int) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space left"):
            write_report(path, report, [])
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("day.html", "old")]
    write_report(path, report, [])
    assert [one.name for one in tmp_path.iterdir()] == ["day.html"] and "Replay: identical" in path.read_text("utf-8")
