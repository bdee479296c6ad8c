"""Rows of the fault matrix in their short form, one after the other over one broker; the campaign has all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.faults.campaign import campaign
from tests.faults.rows import ROWS
from tests.faults.stage import Stage

SHORT = (1, 4, 5, 8, 15, 16, 17, 18)
"""The rows whose short form is short and needs no quiet machine: pauses and wrong clocks wait for session timeouts."""

HERE = [row for row in ROWS if row.number in SHORT and (not row.privileged or os.geteuid() == 0)]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """A broker of the module's own: it will be hurt."""
    with Stage() as made:
        yield made


@pytest.mark.broker
@pytest.mark.timeout(900)  # the first one compiles
@pytest.mark.parametrize("row", HERE, ids=lambda row: f"{row.number}-{row.name.replace(' ', '-')}")
def test_nothing_final_changes(stage: Stage, row: object) -> None:
    """The oracle finds every invariant to hold after the fault."""
    (result,) = campaign([stage], [row], runs=1)  # type: ignore[list-item]
    assert result.outcome.injected > 0
    assert result.outcome.findings == []
