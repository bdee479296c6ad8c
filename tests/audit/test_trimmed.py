"""A log whose first records retention has deleted: what is left is compared; a journal must have its beginning."""

import json

import pytest

from risk_stream.audit.findings import Kind
from risk_stream.audit.identity import Identity, Place
from risk_stream.audit.log import DECISIONS, JOURNAL, ORDERS, OUTPUTS, VALUES, VIOLATIONS, LogError
from risk_stream.audit.span import Span
from risk_stream.audit.task import Task
from risk_stream.audit.trimmed import Beginning
from tests.audit.recording import Recording, record
from tests.audit.replayed import Trimmed, before, replay, steps, trimmed

FOREIGN = (
    b"junk",
    json.dumps({"decision_id": "nonsense"}).encode(),
    json.dumps({"decision_id": "0-99999999"}).encode(),
)


@pytest.fixture(scope="module")
def written() -> Recording:
    """A log as a worker wrote it; do not change it."""
    return record()


@pytest.mark.parametrize("topic", OUTPUTS)
def test_what_is_left_is_compared_and_what_is_not_is_counted(written: Recording, topic: str) -> None:
    """Together they are all that was published, in a span too."""
    for span in (Span(), before(written, 10)):
        whole = replay(written, task=Task(span)).published[topic]
        result = replay(trimmed(written, topic, 2), task=Task(span))
        assert result.findings == [] and result.not_kept == {topic: 2}
        assert result.published[topic] == whole - 2


def test_only_the_records_of_the_span_are_counted(written: Recording) -> None:
    """What went before it is nobody's question."""
    result = replay(trimmed(written, DECISIONS, 5), task=Task(Span(before(written, 10).stop)))
    assert result.not_kept == {} and result.findings == []


@pytest.mark.parametrize("value", FOREIGN)
@pytest.mark.parametrize("is_short", [False, True])
def test_a_foreign_first_record_hides_nothing_behind_it(written: Recording, value: bytes, is_short: bool) -> None:
    """Forged decisions behind it are found, each by its name."""
    log = trimmed(written, DECISIONS, 10)
    lines = log.lines(DECISIONS, 0)
    lines[0].value = value
    forged = [line for line in lines[1:] if b'"REJECTED"' in (line.value or b"")]
    for line in forged:
        line.value = (line.value or b"").replace(b'"REJECTED"', b'"APPROVED"')
    result = replay(log, task=Task(before(log, 1) if is_short else Span()))
    assert len(forged) - 10 < result.counts[Kind.CORRUPTED] <= len(forged) + 1
    assert result.not_kept == {DECISIONS: 11} and set(result.counts) <= {Kind.CORRUPTED, Kind.INVENTED}


@pytest.mark.parametrize("value", FOREIGN)
@pytest.mark.parametrize("topic", [DECISIONS, VIOLATIONS])
def test_a_foreign_record_alone_is_not_taken_for_a_beginning(written: Recording, topic: str, value: bytes) -> None:
    """Nothing tells that retention took what is not there."""
    log = trimmed(written, topic, 3)
    del log.lines(topic, 0)[1:]
    log.lines(topic, 0)[0].value = value
    result = replay(log, task=Task(before(log, 10)))
    assert result.counts.keys() & {Kind.MISSING, Kind.TRUNCATED} and result.not_kept == {}


def test_a_topic_of_which_nothing_is_left(written: Recording) -> None:
    """Nothing of it was compared, and the count says so."""
    count = len(written.lines(DECISIONS, 0))
    result = replay(trimmed(written, DECISIONS, count))
    assert result.findings == [] and result.not_kept == {DECISIONS: count} and result.published[DECISIONS] == 0


@pytest.mark.parametrize("left", [0, 3])
def test_a_journal_without_its_beginning_is_refused(written: Recording, left: int) -> None:
    """Whether some of it is left or nothing is."""
    count = len(steps(written)) - left
    match = f"kept from step {count + 1} on" if left else "no step is left"
    with pytest.raises(LogError, match=match):
        replay(trimmed(written, JOURNAL, count))


def test_a_journal_that_never_had_a_step_is_replayed() -> None:
    """There is nothing in it that could be missing."""
    result = replay(Trimmed(1))
    assert (result.steps, result.findings) == (0, [])


def order(offset: int) -> Identity:
    """Of the decision on an order."""
    return Identity(f"0-{offset}", Place(ORDERS, offset))


def test_where_a_topic_begins() -> None:
    """Before the first record of a step that is left, at it, or behind none that says so."""
    ends = {ORDERS: 100, VALUES: 100}
    index, handled = {"0-10": 0, "0-11": 1, "0-12": 2}, {ORDERS: (10, 13), VALUES: (0, 0)}

    def first(*left: Identity | None) -> int | None:
        return Beginning(left, ends).first_kept(index, handled)

    assert first() is None
    assert first(order(13)) is None
    assert first(order(11), order(12)) == 1
    assert first(None, order(12), order(11)) == 1
    assert first(None) == first(order(9)) == first(order(100)) == first(Identity("x", None)) == 0
