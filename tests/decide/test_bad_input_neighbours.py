"""Every line of the table of bad input through the engine: it is answered as the table says, its neighbours as if it
had never been there, to the byte."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import pytest

from risk_stream.decide.engine import Engine, StepOutput
from risk_stream.messages.decode import decode_control
from risk_stream.messages.murmur2 import partition_of
from risk_stream.messages.packed import Event
from risk_stream.messages.records import Records, records_from
from risk_stream.rules.book import Controls
from tests.messages.bad_input import PARTITIONS, RECORDED_AT, Case, cases
from tests.scenarios.engine_adapter import MemoryRows, decision_of

BAD = [case for case in cases() if case.answer != "ok"]
TOPICS = {"order": "orders", "valuation": "values", "execution": "values"}
Line = tuple[int, bytes | None, bytes | None]
"""Offset, key and value."""

LIMITS = (
    b'{"type":"SET_LIMIT","limit_id":"L-1","kind":"OPEN_ORDERS","threshold":3,"actor":"jane","reason":"policy"}',
    b'{"type":"SET_LIMIT","limit_id":"L-2","kind":"GROSS_EXPOSURE","threshold":0.0001,"action":"WARN",'
    b'"actor":"jane","reason":"policy"}',
)


def order(portfolio: str, number: int) -> bytes:
    """A good order; every other counts as open."""
    return (
        f'{{"order_id":"N-{number}","portfolio_id":"{portfolio}","symbol":"AAPL","side":"BUY","quantity":{number + 1},'
        f'"price":"187.5"}}'
    ).encode()


def valuation(portfolio: str, number: int) -> bytes:
    """A good valuation with a position."""
    return (
        f'{{"portfolio_id":"{portfolio}","total_value":"{1_000_000 - number}",'
        f'"positions":[{{"symbol":"AAPL","quantity":{number + 10},"price":"187.5"}}]}}'
    ).encode()


@cache
def neighbours(partition: int) -> tuple[str, str]:
    """Two portfolios of a partition: the bad input's own one, where it lives there, and another."""
    names = [name for n in range(1, 200) if partition_of((name := f"P-{n}").encode(), PARTITIONS) == partition]
    return names[0], names[1]


class Answer(NamedTuple):
    """What a step published."""

    decisions: list[Event]
    violations: list[Event]
    dead_letters: list[Event]
    portfolio_risk: list[Event]


def answer_of(step: StepOutput) -> Answer:
    """Its records, one by one."""
    return Answer(
        *(topic.events() for topic in (step.decisions, step.violations, step.dead_letters, step.portfolio_risk))
    )


def answers(case: Case, *, with_bad: bool) -> tuple[Answer, Answer]:
    """Two steps: good before, the bad one, good after; then more orders, which show what was remembered."""
    partition = case.route.partition
    own, other = neighbours(partition)
    good: dict[str, list[Line]] = {
        "orders": [
            (0, own.encode(), order(own, 0)),
            (2, own.encode(), order(own, 2)),
            (3, other.encode(), order(other, 3)),
        ],
        "values": [(0, own.encode(), valuation(own, 0)), (2, own.encode(), valuation(own, 2))],
        "controls": [(0, None, LIMITS[0]), (2, None, LIMITS[1])],
    }
    if with_bad:
        topic = TOPICS.get(case.message, "controls")
        good[topic].insert(1, (1, case.record_key, case.value))
    book = Controls()
    for offset, _, value in good["controls"]:
        book.append(offset, decode_control(value, RECORDED_AT))
    engine = Engine(partition, PARTITIONS, MemoryRows())
    first = engine.step(records(good["values"]), records(good["orders"]), book.plan())
    later = [(n, own.encode(), order(own, n)) for n in range(4, 7)]
    second = engine.step(records([(3, other.encode(), valuation(other, 3))]), records(later), book.plan())
    return answer_of(first), answer_of(second)


@cache
def undisturbed(partition: int) -> tuple[Answer, Answer]:
    """What the neighbours are answered without any bad input."""
    return answers(next(case for case in BAD if case.route.partition == partition), with_bad=False)


def records(lines: Sequence[Line]) -> Records:
    """As the engine takes them."""
    return records_from(
        [one[0] for one in lines], [RECORDED_AT] * len(lines), [one[1] for one in lines], [one[2] for one in lines]
    )


@pytest.mark.parametrize("case", BAD, ids=lambda case: f"{case.message}: {case.sent[:60]}")
def test_neighbours_are_answered_as_if_it_had_not_been_there(case: Case) -> None:
    """Decisions, violations, risk pictures and all later answers, byte for byte; and its own answer is the table's."""
    (first, second), (expected, after) = answers(case, with_bad=True), undisturbed(case.route.partition)
    assert second.decisions == after.decisions
    assert second.violations == after.violations
    assert second.portfolio_risk == after.portfolio_risk
    assert first.violations == expected.violations
    assert first.portfolio_risk == expected.portfolio_risk
    assert expected.dead_letters == []
    own = [one for one in first.decisions if one not in expected.decisions]
    assert [one for one in first.decisions if one in expected.decisions] == expected.decisions
    if case.answer == "INVALID_ORDER":
        (decision,) = (decision_of(one.value or b"") for one in own)
        assert (decision["code"], decision["detail_field"]) == (case.answer, case.detail.split(":")[0])
        assert first.dead_letters == []
        return
    assert own == []
    if case.message not in TOPICS:  # the owner of the partition answers for the controls log, not the engine
        assert first.dead_letters == []
        return
    (letter,) = first.dead_letters
    headers = dict(letter.headers)
    assert (letter.key, letter.value) == (case.record_key, case.value)
    assert (headers["reason"].decode(), headers["detail"].decode()) == (case.answer, case.detail)


def test_the_neighbours_would_notice() -> None:
    """A good order in the same place changes later answers: the test can fail."""
    case = Case("order", "", '"quantity":7', "ok", "")
    (_, second), (_, after) = answers(case, with_bad=True), undisturbed(case.route.partition)
    assert second.decisions != after.decisions
