"""Seeded schedules of crashes, aborts, lost disks and sleeping owners lose and change nothing."""

from __future__ import annotations

from tests.simulation.__main__ import run

SCHEDULES = 150  # about 0.1 s each; `python -m tests.simulation --schedules N` runs more


def test_nothing_final_changes_under_any_schedule() -> None:
    """The failing seed is in the message."""
    events = run(0, SCHEDULES)
    assert events["Crashed"] >= 2 * SCHEDULES and events["Fenced"] and events["Aborted"] and events["disk lost"]
