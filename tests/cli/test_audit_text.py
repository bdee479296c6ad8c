"""What replay and what-if print for the eye."""

import pytest

from risk_stream.audit.what_if import ByLimit, Changed, WhatIf
from risk_stream.cli.audit_text import print_what_if


def test_what_if_tells_what_it_could_not_look_at(capsys: pytest.CaptureFixture[str]) -> None:
    """Orders without a recorded decision are in no other number; when there are none, nothing is said."""
    print_what_if(WhatIf(orders=7, not_recorded=3), False)
    assert "without a recorded decision  3\n" in capsys.readouterr().out
    print_what_if(WhatIf(orders=7), False)
    assert "without" not in capsys.readouterr().out


def test_texts_of_the_log_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Ids are whatever somebody wrote."""
    example = Changed("0-1", "o\r1", "P\x1b[2J", "OK", "TURNOVER", ["l\n1"], "1")
    print_what_if(WhatIf(by_limit={"l\n1": ByLimit()}, examples=[example]), False)
    out = capsys.readouterr().out
    assert r"  l\n1: refuses" in out and r"P\x1b[2J o\r1: OK -> TURNOVER (l\n1)" in out
