"""Log lines: for the eye or for a collector, always on stderr."""

import json
import logging
from collections.abc import Iterator

import pytest

from risk_stream.ops.load import load_settings
from risk_stream.ops.logging import configure_logging


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level


def test_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """One object a line, with the traceback inside it."""
    configure_logging(load_settings({"RISK_STREAM_LOG_FORMAT": "json"}))
    try:
        raise ValueError("no\nsuch thing")
    except ValueError:
        logging.getLogger("x").exception("it %s", "failed")
    written = capsys.readouterr()
    assert written.out == ""
    (line,) = written.err.splitlines()
    parsed = json.loads(line)
    assert (parsed["level"], parsed["logger"], parsed["message"]) == ("ERROR", "x", "it failed")
    assert parsed["time"].endswith("Z")
    assert "such thing" in parsed["error"]


def test_a_text_of_others_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """What does not print is escaped, on a line for the eye."""
    configure_logging(load_settings({}))
    logging.getLogger("x").warning("violation %s", "a\x1b[2Jb\nc")
    assert capsys.readouterr().err.endswith("WARNING x violation a\\x1b[2Jb\\nc\n")


def test_text_lines_from_the_level_on(capsys: pytest.CaptureFixture[str]) -> None:
    """Less severe lines are left out."""
    configure_logging(load_settings({"RISK_STREAM_LOG_LEVEL": "WARNING"}))
    logging.getLogger("x").info("unseen")
    logging.getLogger("x").warning("seen")
    written = capsys.readouterr().err
    assert "unseen" not in written
    assert "WARNING x seen" in written
