"""The story that a controls log tells, record by record, refused ones too."""

import asyncio
import json

from risk_stream.audit.changes import Change, limits_in_force, story
from risk_stream.audit.controls_log import ControlsLog, read_controls
from risk_stream.audit.log import CONTROLS
from tests.audit.recording import START_MS, Line, Recording


def controls_of(*messages: dict[str, object]) -> ControlsLog:
    """The log of these messages, 10 ms apart, each signed unless it says otherwise."""
    log = Recording(1)
    log.topics[(CONTROLS, 0)] = [
        Line(offset, START_MS + 10 * offset, None, json.dumps({"actor": "jane", "reason": "why", **one}).encode())
        for offset, one in enumerate(messages)
    ]
    return asyncio.run(read_controls(log))


LIMIT: dict[str, object] = {
    "type": "SET_LIMIT",
    "limit_id": "L",
    "kind": "ORDER_RATE",
    "threshold": 5,
    "window": "PT1M",
}


def told(*messages: dict[str, object]) -> list[Change]:
    """What the log says of them."""
    return list(story(controls_of(*messages)))


def test_every_sort_of_record_is_told() -> None:
    """What, of whom, and in words what was different afterwards."""
    override = {"type": "OVERRIDE", "order_id": "O", "portfolio_id": "P", "expires_at": START_MS}
    changes = told(
        LIMIT,
        {**LIMIT, "kind": "TURNOVER", "scope": {"symbol": "A", "trader_id": "T"}},
        {"type": "REMOVE_LIMIT", "limit_id": "L"},
        {"type": "REMOVE_LIMIT", "limit_id": "L"},
        {"type": "HALT", "portfolio_id": "P"},
        {"type": "REBASE", "portfolio_id": "P"},
        {**override, "requested_by": "bob", "approved_by": "eve"},
        {"type": "HALT", "scope": "ALL", "actor": ""},
    )
    assert [(one.version, one.what, one.subject, one.detail) for one in changes] == [
        (0, "SET_LIMIT", "L", "new: ORDER_RATE, 5, window PT60S, scope everywhere"),
        (1, "SET_LIMIT", "L", "kind ORDER_RATE -> TURNOVER, scope everywhere -> symbol=A trader_id=T"),
        (2, "REMOVE_LIMIT", "L", "removed"),
        (3, "REMOVE_LIMIT", "L", "was not set"),
        (4, "HALT", "P", "this portfolio"),
        (5, "REBASE", "P", "peaks start again at its current value"),
        (6, "OVERRIDE", "O", "portfolio P, until 2026-11-22T10:00:00.000Z, asked for by bob, approved by eve"),
        (7, "REFUSED", None, "INVALID_CONTROL: actor: must be text that is not blank; it changed nothing"),
    ]
    assert {one.actor for one in changes[:7]} == {"jane"}
    assert [one.taken_at - START_MS for one in changes] == [10 * number for number in range(8)]


def test_a_number_written_otherwise_is_no_change() -> None:
    """0.10 is 0.1, PT60S is PT1M."""
    changes = told(LIMIT, {**LIMIT, "threshold": "5.0", "window": "PT60S"})
    assert changes[1].detail == "set again, no different"


def test_in_force_is_what_the_workers_fold() -> None:
    """A limit set again is the newer one; a removed or refused one is not there."""
    controls = controls_of(
        LIMIT,
        {**LIMIT, "limit_id": "gone"},
        {**LIMIT, "threshold": 7},
        {"type": "REMOVE_LIMIT", "limit_id": "gone"},
        {**LIMIT, "limit_id": "bad", "threshold": -1},
    )
    (one,) = limits_in_force(controls)
    assert (one.version, one.control.limit.threshold_text) == (2, "7")
    assert [row["uid"] for row in controls.book.plan().arrays.limits] == [0]  # the plan of the same log has it alone
