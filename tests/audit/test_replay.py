"""Every way in which a recorded log can be wrong is found and named; a log as it was written has nothing to find."""

import copy
import json
from collections.abc import Callable

import pytest

from risk_stream.audit.findings import Kind
from risk_stream.audit.journal import Head, chain_after, read_step
from risk_stream.audit.log import (
    CONTROLS,
    DEAD_LETTERS,
    DECISIONS,
    JOURNAL,
    ORDERS,
    VALUES,
    VIOLATIONS,
)
from risk_stream.audit.span import Span, read_mark
from risk_stream.audit.task import Task
from tests.audit.recording import Recording, limit_message, record
from tests.audit.replayed import only, replay


@pytest.fixture(scope="module")
def written() -> Recording:
    """A log as a worker wrote it; do not change it."""
    return record()


@pytest.fixture
def log(written: Recording) -> Recording:
    """A copy to change."""
    return copy.deepcopy(written)


@pytest.mark.parametrize("partition", [0, 1])
def test_a_log_as_written_is_identical(written: Recording, partition: int) -> None:
    """No finding, and everything that was published was compared."""
    result = replay(written, partition)
    assert result.findings == []
    for topic in (DECISIONS, VIOLATIONS, DEAD_LETTERS):
        assert result.published[topic] == len(written.lines(topic, partition))
    assert result.published[DECISIONS] > 150 and result.published[VIOLATIONS] > 20
    assert result.orders == len(written.lines(ORDERS, partition)) and result.orders_waiting == 0
    assert sum(result.codes.values()) == result.published[DECISIONS]


@pytest.mark.parametrize("topic", [DECISIONS, VIOLATIONS, DEAD_LETTERS])
def test_a_corrupted_record(log: Recording, topic: str) -> None:
    """The journal's digest vouches for the replay, so the record was changed after it was published."""
    line = log.lines(topic, 0)[len(log.lines(topic, 0)) // 2]
    assert line.value is not None
    line.value = line.value + b"!" if topic == DEAD_LETTERS else line.value.replace(b"P", b"Q", 1)
    found = only(replay(log))
    assert (found.kind, found.topic, found.offset, found.cause) == (Kind.CORRUPTED, topic, line.offset, "output")


def test_an_unreadable_decision(log: Recording) -> None:
    """It is damaged, not one missing and one invented."""
    line = log.lines(DECISIONS, 0)[60]
    expected, line.value = line.value, b"\xff\x00"
    found = only(replay(log))
    assert found.kind is Kind.CORRUPTED and found.subject == json.loads(expected or b"")["decision_id"]


def test_a_changed_key_and_a_changed_header(log: Recording) -> None:
    """A payload alone is not all of a record."""
    log.lines(DECISIONS, 0)[50].key = b"other"
    log.lines(VIOLATIONS, 0)[5].headers = []
    found = replay(log).findings
    assert [(one.kind, one.text) for one in found] in (
        [(Kind.CORRUPTED, "its key is another"), (Kind.CORRUPTED, "its headers are others")],
        [(Kind.CORRUPTED, "its headers are others"), (Kind.CORRUPTED, "its key is another")],
    )


@pytest.mark.parametrize("topic", [DECISIONS, VIOLATIONS, DEAD_LETTERS])
def test_a_missing_record(log: Recording, topic: str) -> None:
    """One finding, although everything behind it has moved up."""
    lines = log.lines(topic, 0)
    gone = lines.pop(len(lines) // 3)
    found = only(replay(log))
    assert (found.kind, found.topic) == (Kind.MISSING, topic)
    assert found.portfolio_id == (gone.key or b"").decode()


@pytest.mark.parametrize("distance", [0, 1, 40])
def test_a_duplicated_decision(log: Recording, distance: int) -> None:
    """At once, a little later, or steps later."""
    lines = log.lines(DECISIONS, 0)
    lines.insert(60 + distance, copy.copy(lines[59]))
    renumber(log, DECISIONS)
    found = only(replay(log))
    assert (found.kind, found.offset) == (Kind.DUPLICATED, 60 + distance)


def test_a_duplicated_violation_at_the_end(log: Recording) -> None:
    """Behind the last step, too."""
    lines = log.lines(VIOLATIONS, 0)
    lines.append(copy.copy(lines[3]))
    renumber(log, VIOLATIONS)
    assert only(replay(log)).kind is Kind.DUPLICATED


@pytest.mark.parametrize("order", ["0-999999", "7-3", "nonsense"])
@pytest.mark.parametrize("place", [30, -1])
def test_an_invented_decision(log: Recording, order: str, place: int) -> None:
    """For an order that is not there, of another partition, of none; in the middle or at the end."""
    lines = log.lines(DECISIONS, 0)
    made_up = copy.copy(lines[20])
    made_up.value = json.dumps({**json.loads(made_up.value or b""), "decision_id": order}).encode()
    lines.insert(place if place >= 0 else len(lines), made_up)
    renumber(log, DECISIONS)
    found = only(replay(log))
    assert (found.kind, found.subject) == (Kind.INVENTED, order)


def test_a_misplaced_decision(log: Recording) -> None:
    """Two of one step have changed places."""
    step = next(
        one for one in map(read_step, (line.value for line in log.lines(JOURNAL, 0))) if one and one.orders[1] > 90
    )
    lines = log.lines(DECISIONS, 0)
    ids = [int(json.loads(line.value or b"")["decision_id"].split("-")[1]) for line in lines]
    at = next(i for i, offset in enumerate(ids) if offset >= step.orders[0] and ids[i + 1] < step.orders[1])
    lines[at].value, lines[at + 1].value = lines[at + 1].value, lines[at].value
    lines[at].key, lines[at + 1].key = lines[at + 1].key, lines[at].key
    assert only(replay(log)).kind is Kind.MISPLACED


def test_a_changed_limit(log: Recording) -> None:
    """Decisions differ, the digests tell that they were published so, and the first says that a limit is why."""
    log.lines(CONTROLS, 0)[1].value = limit_message(
        limit_id="notional", kind="MAX_ORDER_NOTIONAL", threshold="20000", warn_ratio=0.9
    )
    result = replay(log)
    assert result.counts[Kind.WRONG_DIGEST] > 5
    first = next(one for one in result.findings if one.kind is Kind.CORRUPTED)
    assert first.cause == "limit"


def test_a_changed_order(log: Recording) -> None:
    """The decision tells of another order."""
    line = log.lines(ORDERS, 0)[70]
    line.value = json.dumps({**json.loads(line.value or b""), "symbol": "EVIL"}).encode()
    first = next(one for one in replay(log).findings if one.kind is Kind.CORRUPTED)
    assert first.cause == "input" and first.subject == f"0-{line.offset}"


def test_a_changed_value(log: Recording) -> None:
    """What the portfolio remembers is another from then on."""
    for line in log.lines(VALUES, 0)[10:20]:
        line.value = json.dumps({**json.loads(line.value or b""), "total_value": "60000"}).encode()
    causes = {one.cause for one in replay(log).findings if one.kind is Kind.CORRUPTED and one.topic == DECISIONS}
    assert causes and causes <= {"state", "limit or state"}


def edit(field: str, value: object) -> Callable[[dict[str, object]], None]:
    """An edit of a journal record."""
    return lambda fields: fields.update({field: value})


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        (edit("outputs", "0" * 64), {Kind.BROKEN_CHAIN, Kind.WRONG_DIGEST}),
        (edit("seq", 3), {Kind.BROKEN_CHAIN, Kind.STEP_GAP}),
        (edit("chain", "0" * 64), {Kind.BROKEN_CHAIN}),
        (edit("controls", 2), {Kind.BROKEN_CHAIN, Kind.WRONG_DIGEST, Kind.CONTROLS_BACK}),
        (edit("more", 1), {Kind.UNREADABLE_STEP}),
    ],
)
def test_an_edited_journal_record(
    log: Recording, change: Callable[[dict[str, object]], None], kinds: set[Kind]
) -> None:
    """Its chain does not hold, and what was edited is named."""
    line = log.lines(JOURNAL, 0)[20]
    fields = json.loads(line.value or b"")
    change(fields)
    line.value = json.dumps(fields).encode()
    assert kinds <= set(replay(log).counts)


def test_a_journal_edited_with_its_chain_is_given_away_by_the_anchored_head(log: Recording) -> None:
    """Whoever recomputes the whole chain still cannot change the head that was kept elsewhere."""
    head = replay(log).head
    chain = ""
    for number, line in enumerate(log.lines(JOURNAL, 0)):
        step = read_step(line.value)
        assert step is not None
        fields = json.loads(line.value or b"")
        if number == 20:
            fields["outputs"] = "0" * 64
        changed = read_step(json.dumps(fields).encode())
        assert changed is not None
        fields["chain"] = chain = chain_after(chain, changed)
        line.value = json.dumps(fields).encode()
    assert Kind.BROKEN_CHAIN not in replay(log).counts
    assert head is not None
    assert replay(log, task=Task(Span(), {0: head})).counts[Kind.OTHER_HEAD] == 1


def test_a_dropped_journal_record(log: Recording) -> None:
    """The ranges have a gap, the steps too."""
    del log.lines(JOURNAL, 0)[20]
    assert {Kind.STEP_GAP, Kind.BROKEN_CHAIN} <= set(replay(log).counts)


def test_a_truncated_journal(log: Recording) -> None:
    """The outputs of the steps that were cut off give it away; so does an anchored head, if those went too."""
    head = replay(log).head
    assert head is not None
    del log.lines(JOURNAL, 0)[-4:]
    findings = replay(log).findings
    assert {one.kind for one in findings} == {Kind.TRUNCATED} and {one.topic for one in findings} == {JOURNAL}
    task = Task(Span(), {0: Head(0, head.seq, head.chain)})
    assert any("anchored head" in one.text for one in replay(log, task=task).findings)


@pytest.mark.parametrize("topic", [DECISIONS, VIOLATIONS])
def test_truncated_outputs(log: Recording, topic: str) -> None:
    """One finding, with the number of records that are gone."""
    del log.lines(topic, 0)[-7:]
    found = only(replay(log))
    assert (found.kind, found.topic) == (Kind.TRUNCATED, topic) and "7 published records" in found.text


@pytest.mark.parametrize("topic", [ORDERS, VALUES, CONTROLS])
def test_truncated_inputs(log: Recording, topic: str) -> None:
    """Replay goes as far as the inputs do, and says where they end."""
    del log.lines(topic, 0)[-1:]
    result = replay(log)
    found = next(one for one in result.findings if one.kind is Kind.TRUNCATED)
    assert found.topic == topic


def test_orders_that_wait_are_no_finding(log: Recording) -> None:
    """A worker that is stopped has left them for later."""
    last = log.lines(ORDERS, 0)[-1]
    for number in range(3):
        log.append(ORDERS, 0, last.timestamp, last.key, b"later %d" % number)
    result = replay(log)
    assert result.findings == [] and result.orders_waiting == 3


def test_a_span_tells_only_of_its_steps(log: Recording) -> None:
    """State is built from the beginning all the same."""
    early, late = log.lines(DECISIONS, 0)[20], log.lines(DECISIONS, 0)[120]
    for line in (early, late):
        line.value = (line.value or b"").replace(b"P", b"Q", 1)
    offset = json.loads(late.value or b"")["inputs"]["order"]
    assert only(replay(log, task=Task(Span(start=read_mark(offset))))).offset == late.offset
    between = json.loads(log.lines(DECISIONS, 0)[60].value or b"")["inputs"]["order"]
    assert only(replay(log, task=Task(Span(stop=read_mark(between))))).offset == early.offset
    assert len(replay(log).findings) == 2


def test_one_portfolio(log: Recording) -> None:
    """Only its differences are told."""
    lines = log.lines(DECISIONS, 0)
    other = next(line for line in lines if line.key != lines[30].key)
    for line in (lines[30], other):
        line.value = (line.value or b"").replace(b"P", b"Q", 1)
    task = Task(Span(), portfolio=(lines[30].key or b"").decode())
    assert only(replay(log, task=task)).offset == lines[30].offset


def test_a_decision_with_another_key_is_of_both_portfolios(log: Recording) -> None:
    """Of the one it was taken from, too."""
    line = log.lines(DECISIONS, 0)[5]
    key = (line.key or b"").decode()
    line.key = b"PX"
    for portfolio, count in ((key, 1), ("PX", 1), ("PY", 0)):
        assert len(replay(log, task=Task(Span(), portfolio=portfolio)).findings) == count


def test_decisions_without_any_journal_and_orders(log: Recording) -> None:
    """Nothing published them, and no order is there that they could answer."""
    for topic in (JOURNAL, ORDERS, VALUES):
        log.lines(topic, 1).clear()
    assert set(replay(log, 1).counts) == {Kind.INVENTED}


def renumber(log: Recording, topic: str) -> None:
    """Offsets without gaps, as if the topic had been written so."""
    for offset, line in enumerate(log.lines(topic, 0)):
        line.offset = offset
