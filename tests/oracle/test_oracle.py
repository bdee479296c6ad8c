"""The oracle holds a good log for good, and finds and names every kind of damage."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.oracle.handmade import START, Lists, good_logs, journal, record
from tests.oracle.judge import Judge
from tests.oracle.read import Record, Spool


def edit(log: list[Record], place: int, **fields: object) -> None:
    """Change fields of a payload on the log."""
    found = log[place]
    log[place] = found._replace(value=json.dumps(json.loads(found.value or b"") | fields).encode())


def swap(log: list[Record]) -> None:
    """Exchange what the first two records say."""
    log[0], log[1] = log[0]._replace(value=log[1].value), log[1]._replace(value=log[0].value)


def repeat(log: list[Record]) -> None:
    """Append the first record again."""
    log.append(log[0]._replace(offset=99))


def drop_step(logs: Lists) -> None:
    """Take the first step off the journal, the chain rightly made for what is left."""
    logs.journal = journal(((2, 2), (2, 5), 1))


def widen_step(logs: Lists) -> None:
    """Let the second step begin one order too late."""
    logs.journal = journal(((0, 2), (0, 2), 1), ((2, 2), (3, 5), 1))


Damage = Callable[[Lists], object]
DAMAGES: dict[str, tuple[Damage, str, str]] = {
    "decision missing": (lambda logs: logs.decisions.pop(1), "I1", "is missing"),
    "decision twice": (lambda logs: repeat(logs.decisions), "I3", "stands on the log twice"),
    "decision invented": (
        lambda logs: logs.decisions.append(record(9, {"decision_id": "0-9", "code": "OK"})), "I2", "0-9 is invented",
    ),
    "decision changed": (lambda logs: edit(logs.decisions, 0, decision="REJECTED"), "I2", "decision is 'REJECTED'"),
    "limit not counted": (lambda logs: edit(logs.decisions, 0, limits_evaluated=1), "I2", "limits_evaluated is 1"),
    "field added": (lambda logs: edit(logs.decisions, 0, host="node-1"), "I2", "host is 'node-1'"),
    "wrong field named": (lambda logs: edit(logs.decisions, 2, detail="price: > 0"), "I2", "names none of"),
    "decisions reordered": (lambda logs: swap(logs.decisions), "I6", "stands before"),
    "violation missing": (lambda logs: logs.violations.pop(0), "I2", "is missing"),
    "violation twice": (lambda logs: repeat(logs.violations), "I3", "stands on the log twice"),
    "violation invented": (
        lambda logs: logs.violations.append(record(9, {"violation_id": "x:o:0:9"})), "I2", "x:o:0:9 is invented",
    ),
    "violation changed": (lambda logs: edit(logs.violations, 0, observed="0.19"), "I2", "observed is '0.19'"),
    "violations reordered": (lambda logs: swap(logs.violations), "I6", "stands before"),
    "dead letter missing": (lambda logs: logs.dead_letters.pop(), "I1", "dead letter of risk.orders/"),
    "dead letter twice": (lambda logs: repeat(logs.dead_letters), "I3", "dead letter of risk.orders/"),
    "dead letter edited": (lambda logs: edit_letter(logs), "I2", "original key and bytes"),
    "journal edited": (lambda logs: edit(logs.journal, 0, controls=0), "I6", "chain does not hold at seq 0"),
    "journal cut": (drop_step, "I6", "begin at 2, the step before ended at 0"),
    "journal gap": (widen_step, "I6", "orders begin at 3, the step before ended at 2"),
    "journal record lost": (lambda logs: logs.journal.pop(0), "I6", "chain does not hold at seq 1"),
    "journal end lost": (lambda logs: logs.journal.pop(), "I1", "no step holds it"),
    "journal unreadable": (lambda logs: logs.journal.append(record(9, b"?")), "I6", "no journal record"),
}  # fmt: skip


def edit_letter(logs: Lists) -> None:
    """Change the bytes of a dead letter."""
    logs.dead_letters = [logs.dead_letters[0]._replace(value=b"{}")]


def test_a_good_log_passes() -> None:
    """Every answer of the hand-made log is what the oracle computes."""
    verdict = Judge(good_logs()).run()
    assert verdict.findings == {}
    assert verdict.counts == {
        "decisions": 4, "violations": 4, "dead letters": 1, "steps": 2, "orders": 5, "values": 2,
    }  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found_and_named(name: str) -> None:
    """One damage to the good log is found under the invariant it breaks."""
    damage, invariant, words = DAMAGES[name]
    logs = good_logs()
    damage(logs)
    found = Judge(logs).run().findings.get(invariant, [])
    assert any(words in text for text in found), found


def test_records_kept_in_a_file_are_those_that_were_added() -> None:
    """By place, from the end, in slices, and all of them, with or without keys, bytes and headers."""
    records = [*good_logs().violations, Record(7, START, None, None), Record(9, START, b"", b"", (("h", b"\xff"),))]
    spool = Spool()
    for one in records:
        spool.add(one)
    assert list(spool) == records
    assert spool[1:4] == records[1:4] and spool[-1] == records[-1] and spool[9:] == []
    assert spool[-1].headers == records[-1].headers
    with pytest.raises(IndexError):
        spool[len(records)]
