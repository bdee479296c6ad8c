"""`risk-stream limits list|diff|history`: what the controls log says, to the person who asks."""

import json
from pathlib import Path

import pytest

from tests.cli.command import risk_stream
from tests.cli.conftest import Shell
from tests.cli.test_limits import GOOD

pytestmark = pytest.mark.broker

WHO = ("--actor", "joe", "--reason", "drill")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A good limits file."""
    path = tmp_path / "limits.toml"
    path.write_text(GOOD)
    return path


@pytest.fixture
def told(ready_shell: Shell, file: Path) -> Shell:
    """A log with a history: two limits, one changed, one removed, a halt, a refused control, an override."""
    ready_shell.good("limits", "push", str(file))
    file.write_text(GOOD.replace("100_000", "200_000").replace('reason = "limits of 2026"', 'reason = "more room"'))
    ready_shell.good("limits", "push", str(file))
    ready_shell.good("control", "halt", "--all", *WHO)
    ready_shell.good("control", "reduce", "--portfolio", "P1", *WHO)
    ready_shell.good("control", "resume", "--all", *WHO)
    ready_shell.good("control", "remove-limit", "drawdown-1d", *WHO)
    return ready_shell


def set_limit(shell: Shell, **fields: object) -> None:
    """Set one limit."""
    limit = {"type": "SET_LIMIT", "actor": "jane", "reason": "own", "threshold": 5, "kind": "MAX_ORDER_QUANTITY"}
    assert shell.good("publish", "controls", stdin=json.dumps({**limit, **fields}))["sent"] == 1


def test_list_shows_what_is_in_force_and_who_set_it(told: Shell) -> None:
    """The last word on each limit; a removed one is gone."""
    listed = told.good("limits", "list")
    assert listed["version"] == 7
    (limit,) = listed["limits"]
    assert (limit["limit_id"], limit["threshold"], limit["action"]) == ("notional", "200000", "REJECT")
    assert (limit["set_by"]["version"], limit["set_by"]["actor"], limit["set_by"]["reason"]) == (2, "jane", "more room")
    done = told("limits", "list")
    assert done.out.startswith("notional  MAX_ORDER_NOTIONAL, 200000, scope everywhere  (jane, ")
    assert done.err == "1 limits at controls version 7\n"


def test_list_of_one_portfolio(ready_shell: Shell) -> None:
    """Its own limits and those of everybody, not those of others."""
    set_limit(ready_shell, limit_id="all", mode="SHADOW")
    set_limit(ready_shell, limit_id="mine", scope={"portfolio_id": "P1"})
    set_limit(ready_shell, limit_id="other", scope={"portfolio_id": "P2"})
    listed = ready_shell.good("limits", "list", "--portfolio", "P1")
    assert [one["limit_id"] for one in listed["limits"]] == ["all", "mine"]
    assert "mode SHADOW" in ready_shell("limits", "list").out


def test_an_empty_log_lists_nothing(ready_shell: Shell) -> None:
    """Version -1, no limits, exit code 0."""
    assert ready_shell.good("limits", "list") == {"version": -1, "limits": []}


def test_diff_says_what_pushing_would_change(told: Shell, file: Path) -> None:
    """New, changed field by field, and what the file leaves alone; exit code 3. After the push nothing: exit code 0."""
    set_limit(told, limit_id="elsewhere")
    file.write_text(GOOD.replace("threshold = 100_000", 'threshold = "150000.0"\nmode = "SHADOW"'))
    done = told("limits", "diff", str(file), "--json")
    assert done.code == 3
    assert not done.json["same"]
    assert [one["limit_id"] for one in done.json["new"]] == ["drawdown-1d"]
    assert done.json["changed"] == [
        {
            "limit_id": "notional",
            "differences": [
                {"field": "threshold", "before": "200000", "after": "150000"},
                {"field": "mode", "before": "ACTIVE", "after": "SHADOW"},
            ],
        }
    ]
    assert done.json["not_in_file"] == ["elsewhere"]
    shown = told("limits", "diff", str(file))
    assert (shown.code, shown.out.splitlines()) == (
        3,
        [
            "+ drawdown-1d  DRAWDOWN, 0.1, window P1D, scope everywhere",
            "~ notional  threshold 200000 -> 150000, mode ACTIVE -> SHADOW",
        ],
    )
    assert "1 set and not in" in shown.err
    told.good("limits", "push", str(file))
    same = told("limits", "diff", str(file), "--json")
    assert (same.code, same.json["same"]) == (0, True)


def test_diff_of_a_wrong_file_asks_no_broker(file: Path) -> None:
    """Everything that is wrong is named, exit code 1."""
    file.write_text(GOOD.replace("P1D", "P1Y"))
    done = risk_stream("limits", "diff", str(file), env={"RISK_STREAM_BROKER": "127.0.0.1:1"})
    assert (done.code, done.out) == (1, "")
    assert "limits[1].window: " in done.err


def test_history_tells_who_what_when_and_why(told: Shell) -> None:
    """In the order of the log, with the version that decisions name."""
    changes = told.good("limits", "history")["changes"]
    assert [(one["version"], one["what"], one["subject"]) for one in changes] == [
        (0, "SET_LIMIT", "notional"),
        (1, "SET_LIMIT", "drawdown-1d"),
        (2, "SET_LIMIT", "notional"),
        (3, "SET_LIMIT", "drawdown-1d"),
        (4, "HALT", "ALL"),
        (5, "REDUCE", "P1"),
        (6, "RESUME", "ALL"),
        (7, "REMOVE_LIMIT", "drawdown-1d"),
    ]
    assert (changes[2]["actor"], changes[2]["reason"]) == ("jane", "more room")
    assert changes[2]["differences"] == [{"field": "threshold", "before": "100000", "after": "200000"}]
    assert changes[3]["detail"] == "set again, no different"
    lines = told("limits", "history").out.splitlines()
    assert lines[4].endswith("Z  HALT  ALL  the whole firm  (joe: drill)")
    assert "notional  threshold 100000 -> 200000  (jane: more room)" in lines[2]


def test_history_of_one_limit(told: Shell) -> None:
    """Only its own changes; of a limit that never was: exit code 3."""
    changes = told.good("limits", "history", "--limit", "drawdown-1d")["changes"]
    assert [(one["version"], one["what"]) for one in changes] == [
        (1, "SET_LIMIT"),
        (3, "SET_LIMIT"),
        (7, "REMOVE_LIMIT"),
    ]
    never = told("limits", "history", "--limit", "draw")
    assert (never.code, never.out) == (3, "")
    assert "There never was a limit draw" in never.err


def test_a_reason_cannot_overwrite_its_line(ready_shell: Shell) -> None:
    """Its control characters are shown; JSON has them as they are."""
    set_limit(ready_shell, limit_id="own", reason="fine\rforged\x9b")
    for name in ("list", "history"):
        done = ready_shell("limits", name)
        assert "fine\\rforged\\x9b" in done.out
    assert ready_shell.good("limits", "history")["changes"][0]["reason"] == "fine\rforged\x9b"


def test_without_topics_it_is_said(shell: Shell) -> None:
    """With what to do next."""
    for name in ("list", "history"):
        done = shell("limits", name)
        assert done.code == 1
        assert "risk-stream topics create" in done.err
