"""The broker of this package keeps what it acknowledged; one stop in order, of the thirty that a person can run."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.acknowledged import run


@pytest.mark.broker
def test_a_broker_that_is_stopped_keeps_what_it_acknowledged(capsys: pytest.CaptureFixture[str]) -> None:
    """Some transactions came through, and none was lost."""
    assert asyncio.run(run(1, kill=False)) == 0
    said = capsys.readouterr().out
    assert "round 1" in said
    assert "round 1: 0 transactions" not in said
