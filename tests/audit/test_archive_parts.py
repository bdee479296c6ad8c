"""An archive takes every record of its steps and none of later ones, goes on where it ended, or says why it cannot."""

import asyncio
import copy
import json
import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from risk_stream.audit.archive_log import ArchiveLog
from risk_stream.audit.archive_write import write_segment
from risk_stream.audit.controls_log import read_controls
from risk_stream.audit.findings import Kind
from risk_stream.audit.journal import Step, read_step
from risk_stream.audit.log import (
    CONTROLS,
    DEAD_LETTERS,
    DECISIONS,
    JOURNAL,
    ORDERS,
    OUTPUTS,
    VALUES,
    VIOLATIONS,
    Bounds,
    LogError,
    RecordedLog,
    all_bounds,
)
from risk_stream.audit.manifest import Segment, read_manifest
from risk_stream.audit.replay import replay_partition
from risk_stream.audit.span import Span
from risk_stream.audit.task import PartitionResult, Task
from tests.audit.recording import LIMITS, START_MS, Line, Recording, decide, limit_message, record, traffic

MIDDLE, LAST = 20, 39
"""Steps of partition 0."""


@dataclass
class Trimmed(Recording):
    """A log that retention has been at."""

    firsts: dict[tuple[str, int], int] = field(default_factory=dict)

    async def bounds(self, topic: str, partition: int) -> Bounds:
        """From the first that is kept."""
        first, known = self.firsts.get((topic, partition), 0), await super().bounds(topic, partition)
        return Bounds(first, max(first, known.end))

    def trim(self, topic: str, partition: int, first: int) -> None:
        """Delete what lies before an offset."""
        self.firsts[topic, partition] = first
        self.lines(topic, partition)[:] = [one for one in self.lines(topic, partition) if one.offset >= first]


@pytest.fixture(scope="module")
def written() -> Recording:
    """A log as a worker wrote it; do not change it."""
    return record()


@pytest.fixture
def log(written: Recording) -> Trimmed:
    """A copy to change."""
    return Trimmed(written.partitions, topics=copy.deepcopy(written.topics))


def archive(log: RecordedLog, folder: Path, until_ms: int | None = None) -> Segment | None:
    """Write a segment."""
    return asyncio.run(write_segment(log, folder, 0, until_ms))


def time_of(log: Recording, step: int) -> int:
    """When the broker took a step of partition 0."""
    return log.lines(JOURNAL, 0)[step].timestamp


def replay(log: RecordedLog) -> list[PartitionResult]:
    """Replay all of it."""

    async def work() -> list[PartitionResult]:
        controls = await read_controls(log)
        return [
            await replay_partition(log, controls, one, Task(Span()))
            for one in await all_bounds(log, range(log.partitions))
        ]

    return asyncio.run(work())


def insert(log: Recording, topic: str, at: int, value: bytes) -> None:
    """Put a foreign record between those of partition 0."""
    lines = log.lines(topic, 0)
    for line in lines[at:]:
        line.offset += 1
    lines.insert(at, Line(at, lines[at - 1].timestamp, b"P1", value))


def step_of(log: Recording, number: int) -> Step:
    """A step of partition 0 by its number."""
    step = read_step(log.lines(JOURNAL, 0)[number - 1].value)
    assert step is not None
    return step


def decision_on(offset: int) -> bytes:
    """A forged decision on an order."""
    return json.dumps({"type": "DECISION", "decision_id": f"0-{offset}"}).encode()


@pytest.mark.parametrize("topic", [VIOLATIONS, DEAD_LETTERS])
def test_outputs_lost_before_they_were_archived_are_refused(log: Trimmed, tmp_path: Path, topic: str) -> None:
    """For a replay of the archive would miss them."""
    segment = archive(log, tmp_path, time_of(log, MIDDLE))
    assert segment is not None
    end = next(one.end for one in segment.files if (one.topic, one.partition) == (topic, 0))
    log.trim(topic, 0, end + 2)
    with pytest.raises(LogError, match=f"{topic}/0: .* the archive ends at {end}: 2 offsets are lost"):
        archive(log, tmp_path)


def test_outputs_that_retention_took_after_they_were_archived_are_no_gap(log: Trimmed, tmp_path: Path) -> None:
    """Nor is the end of a transaction behind the last of them, which is no record."""
    archive(log, tmp_path, time_of(log, MIDDLE))
    segment = archive(log, tmp_path)
    assert segment is not None
    log.trim(VIOLATIONS, 0, log.lines(VIOLATIONS, 0)[-1].offset + 1)
    assert archive(log, tmp_path) is None
    assert [one.findings for one in replay(ArchiveLog(tmp_path))] == [[], []]


def test_a_transaction_s_end_behind_the_outputs_is_archived_with_them(written: Recording, tmp_path: Path) -> None:
    """When everything has expired a topic begins behind it: that is no gap."""

    class Marked(Trimmed):
        """A log whose outputs end with an offset that holds no record."""

        async def bounds(self, topic: str, partition: int) -> Bounds:
            known = await super().bounds(topic, partition)
            return known._replace(end=known.end + 1) if topic in OUTPUTS and not self.firsts else known

    log = Marked(written.partitions, topics=copy.deepcopy(written.topics))
    segment = archive(log, tmp_path)
    assert segment is not None
    for one in segment.files:
        if one.topic in OUTPUTS:
            log.trim(one.topic, one.partition, one.end)
            assert one.end == len(written.lines(one.topic, one.partition)) + 1
    assert archive(log, tmp_path) is None


def test_the_first_segment_begins_with_what_retention_left(log: Trimmed, tmp_path: Path) -> None:
    """Of outputs; the replay says how many were not kept."""
    log.trim(DECISIONS, 0, 10)
    archive(log, tmp_path)
    results = replay(ArchiveLog(tmp_path))
    assert [one.findings for one in results] == [[], []] and results[0].not_kept == {DECISIONS: 10}


def test_an_output_topic_that_was_empty_at_first_is_missed_all_the_same(log: Trimmed, tmp_path: Path) -> None:
    """It was archived up to its beginning."""
    letters = log.lines(DEAD_LETTERS, 0)
    kept = letters.copy()
    letters.clear()
    archive(log, tmp_path, time_of(log, MIDDLE))
    letters.extend(kept)
    log.trim(DEAD_LETTERS, 0, 2)
    with pytest.raises(LogError, match="2 offsets are lost"):
        archive(log, tmp_path)


@pytest.mark.parametrize("place", [99_999_999, 10**18 - 1])
def test_a_record_that_answers_nothing_does_not_end_the_archive_of_its_topic(
    log: Trimmed, tmp_path: Path, place: int
) -> None:
    """It is archived like any other, for the replay to find."""
    insert(log, DECISIONS, 30, decision_on(place))
    for until in (time_of(log, 4), time_of(log, MIDDLE), None):
        archive(log, tmp_path, until)
    found = replay(ArchiveLog(tmp_path))
    assert [(one.kind, one.offset) for one in found[0].findings] == [(Kind.INVENTED, 30)]
    assert found[0].counts == replay(log)[0].counts and found[0].published == replay(log)[0].published


def test_a_record_that_answers_a_waiting_order_is_archived_with_its_step(log: Trimmed, tmp_path: Path) -> None:
    """It may be of a step that is not in the segment, and what stands behind it, too."""
    place = step_of(log, LAST).orders[1] - 1
    insert(log, DECISIONS, 30, decision_on(place))
    segment = archive(log, tmp_path, time_of(log, MIDDLE))
    assert segment is not None
    assert [one.end for one in segment.files if (one.topic, one.partition) == (DECISIONS, 0)] == [30]
    archive(log, tmp_path)
    assert replay(ArchiveLog(tmp_path))[0].counts == replay(log)[0].counts != {}


def test_outputs_of_steps_that_were_committed_meanwhile_stay_out(written: Recording, tmp_path: Path) -> None:
    """They answer orders that were not there when the end of the orders was asked first."""

    class Growing(Recording):
        """A log whose later steps were taken after the ends of the inputs were asked once."""

        asked = 0

        async def bounds(self, topic: str, partition: int) -> Bounds:
            known, early = await super().bounds(topic, partition), step_of(self, MIDDLE)
            if partition != 0 or topic not in (JOURNAL, ORDERS, VALUES) or self.asked > 2:
                return known
            self.asked += 1
            ends = {JOURNAL: MIDDLE, ORDERS: early.orders[1], VALUES: early.values[1]}
            return known._replace(end=ends[topic])

    archive(Growing(written.partitions, topics=written.topics), tmp_path)
    assert [one.findings for one in replay(ArchiveLog(tmp_path))] == [[], []]
    archive(written, tmp_path)
    results = replay(ArchiveLog(tmp_path))
    assert [one.findings for one in results] == [[], []]
    assert results[0].published[DECISIONS] == len(written.lines(DECISIONS, 0))


def begun_late() -> Trimmed:
    """A log whose first inputs were gone when the worker first started."""
    log, first = Trimmed(1), {VALUES: 50, ORDERS: 1_000}
    for limit in LIMITS:
        log.append(CONTROLS, 0, START_MS, None, limit_message(**limit))
    for topic, key, value, timestamp in traffic(60, 1, 5):
        log.append(topic, 0, timestamp, key, value, gap=0 if log.lines(topic, 0) else first[topic])
    decide(log, 0, random.Random(1), (first[VALUES], first[ORDERS]))
    log.firsts.update({(topic, 0): offset for topic, offset in first.items()})
    return log


def test_inputs_that_were_gone_before_the_first_step_are_not_missed(tmp_path: Path) -> None:
    """The archive begins where the worker did, and goes on."""
    log = begun_late()
    assert archive(log, tmp_path, log.lines(JOURNAL, 0)[3].timestamp) is not None
    assert archive(log, tmp_path) is not None
    results = replay(ArchiveLog(tmp_path))
    assert [one.findings for one in results] == [[]] and results[0].orders == len(log.lines(ORDERS, 0))


@pytest.mark.parametrize("topic", [ORDERS, VALUES])
def test_inputs_that_the_first_step_needs_are_missed(tmp_path: Path, topic: str) -> None:
    """Retention has taken them since."""
    log = begun_late()
    start = log.firsts[topic, 0]
    log.trim(topic, 0, start + 2)
    with pytest.raises(LogError, match=f"{topic}/0: .* its first step needs it from {start} on: 2 offsets are lost"):
        archive(log, tmp_path)


def test_inputs_are_missed_where_the_first_step_cannot_be_read(tmp_path: Path) -> None:
    """It is not known from where on it needs them."""
    log = begun_late()
    log.lines(JOURNAL, 0)[0].value = b"{"
    with pytest.raises(LogError, match="offsets are lost"):
        archive(log, tmp_path)


def test_inputs_kept_from_anywhere_are_nothing_to_archive_without_a_step(tmp_path: Path) -> None:
    """The worker will begin with the first that is kept then."""
    log = begun_late()
    for topic in (JOURNAL, *OUTPUTS):
        log.lines(topic, 0).clear()
    assert archive(log, tmp_path) is None


@pytest.mark.parametrize("topic", [JOURNAL, ORDERS, VALUES, DECISIONS, VIOLATIONS])
def test_a_log_that_is_shorter_than_the_archive_is_refused(log: Trimmed, tmp_path: Path, topic: str) -> None:
    """It was cut off, or made anew."""
    archive(log, tmp_path)
    del log.lines(topic, 0)[-3:]
    end = log.lines(topic, 0)[-1].offset + 1
    with pytest.raises(LogError, match=rf"^{topic}/0 of memory: it ends at {end}, the archive at \d+\. {tmp_path} is"):
        archive(log, tmp_path)


def test_shorter_controls_are_refused(log: Trimmed, tmp_path: Path) -> None:
    """And so are those whose beginning is gone."""
    archive(log, tmp_path, time_of(log, MIDDLE))
    lines = log.lines(CONTROLS, 0)
    last = lines.pop()
    with pytest.raises(LogError, match=f"{CONTROLS}/0 of memory: it ends at"):
        archive(log, tmp_path)
    lines.append(last)
    log.firsts[CONTROLS, 0] = last.offset + 2
    with pytest.raises(LogError, match=f"{CONTROLS}/0: .*1 offsets are lost"):
        archive(log, tmp_path)


@pytest.mark.parametrize("is_head_kept", [True, False])
def test_a_longer_log_of_the_same_name_is_refused(log: Trimmed, tmp_path: Path, is_head_kept: bool) -> None:
    """The archived head is not in it, or what follows does not continue it."""
    archive(log, tmp_path)
    other = Trimmed(2, topics=record(1_000, seed=5).topics)
    if not is_head_kept:
        for partition in range(2):
            other.trim(JOURNAL, partition, len(log.lines(JOURNAL, partition)))
    with pytest.raises(LogError, match=rf"{JOURNAL}/0 of memory: the archived step {LAST} is not where it stood"):
        archive(other, tmp_path)


@pytest.mark.parametrize("is_head_kept", [True, False])
def test_the_same_log_is_continued_with_and_without_the_archived_head(
    log: Trimmed, tmp_path: Path, is_head_kept: bool
) -> None:
    """A flaw in the next step is archived too, where the head shows that it is the same log."""
    archive(log, tmp_path, time_of(log, MIDDLE))
    if is_head_kept:
        line = log.lines(JOURNAL, 0)[MIDDLE]
        line.value = (line.value or b"").replace(b'"chain":"', b'"chain":"0')
    else:
        log.trim(JOURNAL, 0, MIDDLE)
    archive(log, tmp_path)
    assert replay(ArchiveLog(tmp_path))[0].counts == ({Kind.BROKEN_CHAIN: 2} if is_head_kept else {})


NUMBERS: list[dict[str, object]] = [
    {"seq": 10**20},
    {"seq": -5},
    {"values": [0, 10**20]},
    {"orders": [5, -3]},
    {"controls": 10**20},
    {"controls": -9},
]


@pytest.mark.parametrize("at", [5, LAST])
@pytest.mark.parametrize("numbers", NUMBERS)
def test_a_step_with_impossible_numbers_is_archived_as_the_log_has_it(
    log: Trimmed, tmp_path: Path, at: int, numbers: dict[str, object]
) -> None:
    """The replay of the archive finds what that of the log does, however it was cut."""
    fields = json.loads(log.lines(JOURNAL, 0)[at - 1].value or b"")
    insert(log, JOURNAL, at, json.dumps({**fields, **numbers}).encode())
    for until in (time_of(log, at + 1 if at < LAST else MIDDLE), None):
        archive(log, tmp_path, until)
    found, wanted = replay(ArchiveLog(tmp_path)), replay(log)
    assert [(one.counts, one.published) for one in found] == [(one.counts, one.published) for one in wanted]
    assert found[0].counts
    manifest = read_manifest(tmp_path)
    assert manifest is not None and all(one.end >= one.start for part in manifest.segments for one in part.files)
