"""`risk-stream limits`: a file of limits, checked and put in force."""

from pathlib import Path

import pytest

from tests.cli.command import risk_stream
from tests.cli.conftest import Shell

GOOD = """
actor = "jane"
reason = "limits of 2026"

[[limits]]
limit_id = "notional"
kind = "MAX_ORDER_NOTIONAL"
threshold = 100_000

[[limits]]
limit_id = "drawdown-1d"
kind = "DRAWDOWN"
threshold = 0.10
window = "P1D"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A good limits file."""
    path = tmp_path / "limits.toml"
    path.write_text(GOOD)
    return path


def test_validate(file: Path) -> None:
    """A good file is said to be good, without a broker."""
    done = risk_stream("limits", "validate", str(file))
    assert (done.code, done.out) == (0, f"{file}: 2 limits, all valid\n")
    assert risk_stream("limits", "validate", str(file), "--json").json["limits"] == 2


def test_every_mistake_is_named_with_its_path(file: Path) -> None:
    """Unknown keys and wrong values are all told at once (exit code 1)."""
    file.write_text(GOOD.replace("threshold = 100_000", "treshold = 1").replace('"P1D"', '"P1Y"'))
    done = risk_stream("limits", "validate", str(file))
    assert (done.code, done.out) == (1, "")
    assert "limits[0].treshold: unknown key" in done.err
    assert "limits[1].window: " in done.err
    report = risk_stream("limits", "validate", str(file), "--json")
    assert (report.code, report.json["valid"]) == (1, False)
    assert len(report.json["errors"]) >= 3


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file is named."""
    done = risk_stream("limits", "validate", str(tmp_path / "none.toml"))
    assert done.code == 1
    assert "none.toml" in done.err


@pytest.mark.broker
def test_push_sends_all_or_nothing(file: Path, ready_shell: Shell) -> None:
    """A good file becomes SET_LIMITs; of one with a mistake nothing is sent."""
    assert ready_shell.good("limits", "push", str(file))["sent"] == 2
    file.write_text(GOOD.replace("P1D", "P1Y"))
    done = ready_shell("limits", "push", str(file))
    assert (done.code, done.out) == (1, "")
    assert "limits[1].window: " in done.err
    assert "Nothing was sent." in done.err


@pytest.mark.broker
def test_shadow_sends_copies_that_decide_nothing(file: Path, ready_shell: Shell) -> None:
    """As many as the file has, under ids of their own."""
    assert ready_shell.good("limits", "shadow", str(file))["sent"] == 2


def test_shadow_refuses_an_id_that_would_become_too_long(file: Path) -> None:
    """Nothing is sent then, and the id is named."""
    file.write_text(GOOD.replace("drawdown-1d", "d" * 60))
    done = risk_stream("limits", "shadow", str(file))
    assert done.code == 1
    assert "d~shadow: too long" in done.err
