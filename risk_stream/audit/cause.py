"""Why a decision or an event is another than replay gives: where an auditor has to look first.

output          the journal's digest is that of the replay: the record was changed after it was published
input           the order or value at its place is another, or was handled elsewhere
limit           the limits or commands in force were others
state           same order, same limits: something earlier of the portfolio differs
limit or state  the log names a violation that was not there then, and both can be why
"""

import json
from collections.abc import Mapping
from typing import Any

from risk_stream.messages.limit_kind import LimitKind

OUTPUT, INPUT, LIMIT, STATE, LIMIT_OR_STATE = "output", "input", "limit", "state", "limit or state"

_OF_THE_ORDER = ("order_id", "portfolio_id", "symbol", "ts", "detail", "trigger")
_BY_THE_ORDER_ALONE = {LimitKind.MAX_ORDER_QUANTITY, LimitKind.MAX_ORDER_NOTIONAL, LimitKind.RESTRICTED_SYMBOL}
"""What these observe is on the order: no state can have changed it."""


def cause_of(recorded: bytes | None, expected: bytes | None, digest_holds: bool, thresholds: Mapping[str, str]) -> str:
    """The cause of a difference between two payloads, either of which may be absent.

    `digest_holds`: replay gave the digest that the journal names. `thresholds`: limit_id to the threshold in force now.
    """
    if digest_holds:
        return OUTPUT
    was, now = _fields(recorded), _fields(expected)
    if not was or not now:
        return INPUT if not now else STATE
    if any(was.get(name) != now.get(name) for name in _OF_THE_ORDER):
        return INPUT
    inputs = [fields.get("inputs") or {} for fields in (was, now)]
    if inputs[0].get("controls") != inputs[1].get("controls"):
        return LIMIT
    if inputs[0] != inputs[1] or "INVALID_ORDER" in (was.get("code"), now.get("code")):
        return INPUT
    return _limit_or_state(was, now, thresholds)


def _limit_or_state(was: dict[str, Any], now: dict[str, Any], thresholds: Mapping[str, str]) -> str:
    before, after = _listed(was), _listed(now)
    if any(thresholds.get(limit_id) != one.get("threshold") for limit_id, one in before.items()):
        return LIMIT
    if was.get("limits_evaluated") != now.get("limits_evaluated"):
        return LIMIT
    new = [one for limit_id, one in after.items() if limit_id not in before]
    if any(one.get("kind") in _BY_THE_ORDER_ALONE for one in new):
        return LIMIT
    if any(before[limit_id] != after.get(limit_id) for limit_id in before):
        return STATE
    return LIMIT_OR_STATE if new else STATE


def _listed(fields: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The limits that a decision lists, or the one that an event is about."""
    found = fields.get("violations", [fields])
    return {one["limit_id"]: one for one in found if isinstance(one, dict) and "limit_id" in one}


def _fields(payload: bytes | None) -> dict[str, Any]:
    try:
        found = json.loads(payload or b"")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
