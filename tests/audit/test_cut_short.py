"""A replay that stops before the journal's end: the span's outputs must be there, and so must an anchored head."""

import asyncio
import copy
import json
from collections.abc import Callable

import pytest

from risk_stream.audit.findings import Kind
from risk_stream.audit.journal import Head
from risk_stream.audit.log import DECISIONS, JOURNAL, OUTPUTS, LogError, partition_bounds
from risk_stream.audit.replay_job import PartitionOutcome, replay_job
from risk_stream.audit.span import Mark, Span
from risk_stream.audit.task import Task
from tests.audit.recording import Recording, record
from tests.audit.replayed import before, only, order_of, replay, steps, trimmed

LATER = 10
"""Steps of the journal behind the span."""


@pytest.fixture(scope="module")
def written() -> Recording:
    """A log as a worker wrote it; do not change it."""
    return record()


@pytest.fixture
def log(written: Recording) -> Recording:
    """A copy to change."""
    return copy.deepcopy(written)


@pytest.mark.parametrize("topic", OUTPUTS)
@pytest.mark.parametrize("left", [0, 1])
def test_outputs_lost_at_the_end_of_a_topic_are_found(log: Recording, topic: str, left: int) -> None:
    """One finding, with the number of those that the span's steps published."""
    span = before(log, LATER)
    expected = replay(log, task=Task(span)).published[topic]
    del log.lines(topic, 0)[left:]
    result = replay(log, task=Task(span))
    found = only(result)
    assert (found.kind, found.topic) == (Kind.TRUNCATED, topic)
    assert f"{expected - left} published records are not there" in found.text
    assert result.published[topic] == expected


def test_outputs_lost_behind_or_before_the_span_are_not_told(log: Recording) -> None:
    """The span's own steps have all of theirs."""
    stop = steps(log)[-LATER]
    lines = log.lines(DECISIONS, 0)
    del lines[next(at for at, line in enumerate(lines) if order_of(line) >= stop.orders[0]) :]
    assert replay(log, task=Task(before(log, LATER))).findings == []
    behind = Span(Mark(log.lines(JOURNAL, 0)[-1].timestamp + 1))
    assert replay(log, task=Task(behind)).findings == []


def head_at(log: Recording, from_end: int) -> Head:
    """The head that stands so many steps from the journal's end; 1: the last."""
    step = steps(log)[-from_end]
    return Head(0, step.seq, step.chain)


@pytest.mark.parametrize("from_end", [1, 3, LATER, LATER + 1, LATER + 5])
def test_a_head_is_looked_for_behind_the_span_too(log: Recording, from_end: int) -> None:
    """It is there, or its step has another chain value."""
    head, span = head_at(log, from_end), before(log, LATER)
    assert replay(log, task=Task(span, {0: head})).findings == []
    other = Head(0, head.seq, "f" * 64)
    assert replay(log, task=Task(span, {0: other})).counts == {Kind.OTHER_HEAD: 1}


def test_a_head_behind_the_journal(log: Recording) -> None:
    """The journal has been cut off."""
    found = only(replay(log, task=Task(before(log, LATER), {0: Head(0, 1_000_000, "f" * 64)})))
    assert found.kind is Kind.TRUNCATED and "anchored head is step 1000000" in found.text


def test_the_chain_up_to_the_head_is_checked(log: Recording) -> None:
    """A step rewritten between the span and the head breaks it, although the head itself is as it was."""
    line = log.lines(JOURNAL, 0)[-5]
    line.value = json.dumps({**json.loads(line.value or b""), "outputs": "0" * 64}).encode()
    assert replay(log, task=Task(before(log, LATER))).findings == []
    assert replay(log, task=Task(before(log, LATER), {0: head_at(log, 1)})).counts == {Kind.BROKEN_CHAIN: 1}


def run_job(log: Recording, partition: int, task: Task, progress: Callable[[int], None]) -> PartitionOutcome:
    """As the command has it done."""

    async def work() -> PartitionOutcome:
        return await replay_job(log, await partition_bounds(log, partition), progress, task=task, tallied=True)

    return asyncio.run(work())


def test_the_head_of_a_partition_outside_the_span_is_looked_for(log: Recording) -> None:
    """Its journal is read and nothing of it decided."""
    span, done = Span(Mark(None, 1, 0)), list[int]()
    for head, counts in (
        (head_at(log, 1), {}),
        (Head(0, 5, "0" * 64), {Kind.OTHER_HEAD: 1}),
        (Head(0, 1_000_000, ""), {Kind.TRUNCATED: 1}),
    ):
        result = run_job(log, 0, Task(span, {0: head}), done.append).result
        assert result.counts == counts and result.steps == 0
    assert run_job(log, 1, Task(span, {0: head}), done.append).result.steps > 10
    with pytest.raises(LogError, match="journal/0 is kept from step 6 on"):
        run_job(trimmed(log, JOURNAL, 5), 0, Task(span, {0: head_at(log, 1)}), done.append)
