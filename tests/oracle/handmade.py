"""Small logs made by hand for the oracle's own tests."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from tests.oracle.journal import chained
from tests.oracle.judge import Logs
from tests.oracle.read import Record
from tests.oracle.wire import partition_of, time_text

START = 1_795_000_000_000  # some moment, in ms
PARTITIONS = 4
PORTFOLIO = "alpha"
KEY = PORTFOLIO.encode()
PARTITION = partition_of(KEY, PARTITIONS)


def at(seconds: float) -> str:
    """A time so many seconds after the start."""
    return time_text(START + int(seconds * 1000))


def record(offset: int, fields: dict[str, object] | bytes, **headers: str) -> Record:
    """A record of the portfolio, appended one second per offset after the start."""
    value = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    kept = tuple((name.replace("content_type", "content-type"), text.encode()) for name, text in headers.items())
    return Record(offset, START + offset * 1000, KEY, value, kept)


def order(offset: int, **fields: object) -> Record:
    """An order of the portfolio, o<offset> for 10 ACME at 100 unless told otherwise."""
    plain = {"order_id": f"o{offset}", "portfolio_id": PORTFOLIO, "symbol": "ACME", "side": "BUY", "quantity": 10}
    return record(offset, plain | {"price": "100"} | fields)


def value(offset: int, **fields: object) -> Record:
    """A valuation of the portfolio, 10,000 unless told otherwise."""
    return record(offset, {"portfolio_id": PORTFOLIO, "total_value": "10000"} | fields)


def control(offset: int, **fields: object) -> Record:
    """A control by the desk."""
    return record(offset, {"actor": "desk", "reason": "test"} | fields)._replace(key=None)


def limit(offset: int, limit_id: str, kind: str, threshold: object, **fields: object) -> Record:
    """A SET_LIMIT."""
    return control(offset, type="SET_LIMIT", limit_id=limit_id, kind=kind, threshold=threshold, **fields)


def journal(*steps: tuple[tuple[int, int], tuple[int, int], int]) -> list[Record]:
    """A journal of (values, orders, controls) with a chain that holds."""
    records, chain = [], ""
    for seq, (values, orders, controls) in enumerate(steps):
        fields: dict[str, object] = {
            "seq": seq, "values": list(values), "orders": list(orders), "controls": controls,
            "outputs": hashlib.sha256(b"").hexdigest(),
        }  # fmt: skip
        chain = chained(chain, fields)
        records.append(record(2 * seq, fields | {"chain": chain}))  # every other offset is a transaction's marker
    return records


@dataclass(slots=True)
class Lists(Logs):
    """Logs whose outputs can be edited."""

    journal: list[Record]
    decisions: list[Record]
    violations: list[Record]
    dead_letters: list[Record]


def good_logs() -> Lists:
    """A valuation that crosses a limit, four orders and a broken one, in two steps; all answers written by hand."""
    decisions = [
        _decision(0, "APPROVED", "OK", []),
        _decision(1, "REJECTED", "MAX_ORDER_NOTIONAL", [_LISTED], order_id="o1"),
        _decision(3, "REJECTED", "INVALID_ORDER", [], order_id="o3")
        | {"limits_evaluated": 0, "detail": "quantity: > 0"},
        _decision(4, "REJECTED", "DUPLICATE_ORDER_ID", []) | {"limits_evaluated": 0},
    ]
    by_value = _EVENT | _DRAWN | {
        "violation_id": f"dd:v:{PARTITION}:1", "trigger": "VALUE", "action": "WARN", "order_id": None, "symbol": None,
        "ts": at(1), "inputs": {"order": None, "value": f"{PARTITION}@1", "controls": 1},
    }  # fmt: skip
    by_orders = [_by_order(0, _DRAWN, "WARN"), _by_order(1, _DRAWN, "WARN"), _by_order(1, _LISTED, "REJECT")]
    return Lists(
        partition=PARTITION,
        partitions=PARTITIONS,
        values=[value(0), value(1, total_value=8000)],
        orders=[
            order(0),
            order(1, quantity=20),
            record(2, b"{no"),
            order(3, quantity=0),
            order(4, order_id="o0"),
        ],
        controls=[
            limit(0, "notional", "MAX_ORDER_NOTIONAL", 1500),
            limit(1, "dd", "DRAWDOWN", "0.10", window="P1D", action="WARN", scope={"portfolio_id": PORTFOLIO}),
        ],
        journal=journal(((0, 2), (0, 2), 1), ((2, 2), (2, 5), 1)),
        decisions=[record(place, payload) for place, payload in enumerate(decisions)],
        violations=[_event(place, fields) for place, fields in enumerate([by_value, *by_orders])],
        dead_letters=[_letter(0, record(2, b"{no"), "MALFORMED_JSON", f"risk.orders/{PARTITION}@2")],
    )


_LISTED: dict[str, object] = {
    "limit_id": "notional", "kind": "MAX_ORDER_NOTIONAL", "severity": "HARD_BREACH", "observed": "2000",
    "threshold": "1500", "utilisation": "1.333333333",
}  # fmt: skip
_EVENT: dict[str, object] = {
    "type": "VIOLATION", "event": "DETECTED", "mode": "ACTIVE", "portfolio_id": PORTFOLIO, "sector": None,
    "reason": None,
}  # fmt: skip
_DRAWN: dict[str, object] = {
    "limit_id": "dd", "kind": "DRAWDOWN", "severity": "SOFT_BREACH", "observed": "0.2", "threshold": "0.1",
    "utilisation": "2",
}  # fmt: skip


def _decision(
    offset: int, decision: str, code: str, violations: list[dict[str, object]], order_id: str = "o0"
) -> dict[str, object]:
    told = [_DRAWN, *violations] if code in ("OK", "MAX_ORDER_NOTIONAL") else []
    return {
        "type": "DECISION", "decision_id": f"{PARTITION}-{offset}", "order_id": order_id, "portfolio_id": PORTFOLIO,
        "symbol": "ACME", "decision": decision, "code": code, "violations": told, "limits_evaluated": 2,
        "inputs": {"order": f"{PARTITION}@{offset}", "value": f"{PARTITION}@1", "controls": 1}, "ts": at(offset),
    }  # fmt: skip


def _by_order(offset: int, listed: dict[str, object], action: str) -> dict[str, object]:
    return _EVENT | listed | {
        "violation_id": f"{listed['limit_id']}:o:{PARTITION}:{offset}", "trigger": "ORDER", "action": action,
        "order_id": f"o{offset}", "symbol": "ACME", "ts": at(offset),
        "inputs": {"order": f"{PARTITION}@{offset}", "value": f"{PARTITION}@1", "controls": 1},
    }  # fmt: skip


def _event(offset: int, fields: dict[str, object]) -> Record:
    return record(
        offset, fields, ce_specversion="1.0", ce_id=str(fields["violation_id"]), ce_type="risk_stream.violation.v1",
        ce_source="risk_stream", ce_subject=PORTFOLIO, ce_time=str(fields["ts"]), content_type="application/json",
    )  # fmt: skip


def _letter(offset: int, origin: Record, reason: str, source: str) -> Record:
    headers = (("reason", reason.encode()), ("detail", b"..."), ("source", source.encode()))
    return Record(offset, START, origin.key, origin.value, headers)
