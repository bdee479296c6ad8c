"""A replay that begins with an archived state finds what one from step 1 finds; only a proven state is stored."""

import asyncio
import copy
import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from risk_stream.audit import state_rows, walk
from risk_stream.audit.archive_log import ArchiveLog
from risk_stream.audit.archive_starts import Look, look_at
from risk_stream.audit.archive_state import StateOutcome, StateTask, find_state_task, store_state
from risk_stream.audit.archive_write import write_segment
from risk_stream.audit.controls_log import read_controls
from risk_stream.audit.findings import Kind
from risk_stream.audit.journal import Head, read_step
from risk_stream.audit.log import (
    CONTROLS,
    DEAD_LETTERS,
    DECISIONS,
    JOURNAL,
    OUTPUTS,
    VIOLATIONS,
    Bounds,
    LogError,
    all_bounds,
    partition_bounds,
)
from risk_stream.audit.manifest import Manifest, StateFile, read_manifest, sha256_of, write_manifest
from risk_stream.audit.replay import replay_partition
from risk_stream.audit.report import ReplayReport, verdicts_of
from risk_stream.audit.report_page import page
from risk_stream.audit.scratch import ScratchRows
from risk_stream.audit.span import Mark, Span
from risk_stream.audit.start import StartedFrom
from risk_stream.audit.state_rows import read_rows, write_rows
from risk_stream.audit.task import PartitionResult, Task
from risk_stream.cli import archive as archive_command
from risk_stream.decide.engine import Engine
from risk_stream.messages.instant import format_time
from tests.audit.recording import Line, Recording, limit_message, record
from tests.cli.command import risk_stream

SEGMENTS = 3
FEW = 20
"""Records decided before rows are saved, where portfolios shall leave memory."""


def command(kind: str, **fields: object) -> bytes:
    """A control."""
    return json.dumps({"type": kind, "actor": "jane", "reason": "test", **fields}).encode()


LATER = (
    limit_message(limit_id="notional", kind="MAX_ORDER_NOTIONAL", threshold="40000", warn_ratio=0.9),
    command("HALT", portfolio_id="P3"),
    command("REBASE", portfolio_id="P5"),
    b'{"type":"HALT"}',
    command("RESUME", portfolio_id="P3"),
    limit_message(limit_id="drawdown-1d", kind="DRAWDOWN", threshold="0.1", window="P1D"),
    command("REBASE", portfolio_id="P1"),
    b'{"type":"RESUME"}',
)


@pytest.fixture(scope="module")
def written() -> Recording:
    """A log as a worker wrote it, with controls all along; do not change it."""
    return record(600, later=LATER)


@pytest.fixture(scope="module")
def stored(written: Recording, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its archive in segments, each with its states; do not change it."""
    folder = tmp_path_factory.mktemp("stored")
    for until in cuts(written):
        archive(written, folder, until)
        assert store(folder).findings == []
    return folder


@pytest.fixture
def folder(stored: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(stored, tmp_path / "archive"))


@pytest.fixture
def evictions(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Rows are saved every few records; how many portfolios left memory each time."""
    seen: list[int] = []
    save = walk._save

    def counted(engine: Engine, rows: ScratchRows) -> None:
        before = engine.resident_count
        save(engine, rows)
        seen.append(before - engine.resident_count)

    monkeypatch.setattr(walk, "_save", counted)
    monkeypatch.setattr(walk, "SAVE_RECORDS", FEW)
    monkeypatch.setattr(walk, "CROWDED_SAVE_RECORDS", FEW)
    return seen


def cuts(log: Recording) -> list[int | None]:
    """Times that part the log, epoch ms; None: its end."""
    lines = log.lines(JOURNAL, 0)
    return [*(lines[part * len(lines) // SEGMENTS].timestamp for part in range(1, SEGMENTS)), None]


def archive(log: Recording, folder: Path, until_ms: int | None = None) -> None:
    """Add a segment."""
    assert asyncio.run(write_segment(log, folder, 0, until_ms)) is not None


def task_of(folder: Path, resident_max: int = 10_000) -> StateTask:
    """What is to be proven and stored."""
    task = find_state_task(folder, resident_max)
    assert task is not None
    return task


def store_task(task: StateTask) -> StateOutcome:
    """Do it."""
    return store_state(task, asyncio.run(all_bounds(ArchiveLog(task.folder), task.partitions)), 1, lambda _: None)


def store(folder: Path, resident_max: int = 10_000) -> StateOutcome:
    """Store the state of the last segment."""
    return store_task(task_of(folder, resident_max))


def manifest_of(folder: Path) -> Manifest:
    """It must be there."""
    manifest = read_manifest(folder)
    assert manifest is not None
    return manifest


def state_of(folder: Path, segment: int, partition: int) -> StateFile:
    """An archived state."""
    return next(one for one in manifest_of(folder).segments[segment - 1].states if one.head.partition == partition)


def rename(folder: Path, segment: int, state: StateFile) -> None:
    """Put another state into the manifest."""
    manifest = manifest_of(folder)
    states = manifest.segments[segment - 1].states
    states[[one.head.partition for one in states].index(state.head.partition)] = state
    write_manifest(folder, manifest)


def behind(folder: Path, segment: int) -> Span:
    """From the first moment on that no step up to a segment's end lies in."""
    return Span(Mark(1 + max(one.committed_ms for one in manifest_of(folder).segments[segment - 1].states)))


class Replayed(msgspec.Struct):
    """A replay of all partitions, and what was found when the archive was looked at."""

    look: Look
    results: list[PartitionResult]
    records: int
    """Orders and values decided."""


def replay(
    folder: Path,
    span: Span,
    from_state: bool = True,
    heads: dict[int, Head] | None = None,
    resident_max: int = 10_000,
) -> Replayed:
    """As the command does."""
    heads = heads or {}
    records: list[int] = []

    async def work() -> Replayed:
        async with ArchiveLog(folder) as log:
            look = look_at(log, span, heads) if from_state else Look(await log.damage(), {}, 0)
            controls = await read_controls(log)
            task = Task(span, heads, None, resident_max, look.starts)
            results = [
                await replay_partition(log, controls, await partition_bounds(log, one), task, (), records.append)
                for one in span.partitions(log.partitions)
            ]
            return Replayed(look, results, sum(records))

    return asyncio.run(work())


def without_start(results: list[PartitionResult]) -> list[PartitionResult]:
    """The results alone."""
    return [msgspec.structs.replace(one, started_from=None) for one in results]


def started(results: list[PartitionResult]) -> list[int | None]:
    """The segments whose states they began with; None: step 1."""
    return [one.started_from.segment if one.started_from else None for one in results]


@pytest.mark.parametrize("segment", [1, 2])
def test_a_state_gives_what_step_1_gives(stored: Path, segment: int) -> None:
    """Counts, codes, records compared, head: all is equal, and the steps before the state were not decided."""
    span = behind(stored, segment)
    short, whole = replay(stored, span), replay(stored, span, from_state=False)
    assert without_start(short.results) == whole.results
    assert [one.findings for one in short.results] == [[], []] and short.look.damage == []
    starts = [StartedFrom(segment, state_of(stored, segment, one).head.seq) for one in range(2)]
    assert [one.started_from for one in short.results] == starts
    assert [one.started_from for one in whole.results] == [None, None]
    assert short.records < whole.records * (SEGMENTS - segment + 0.5) / SEGMENTS
    assert all(one.published[DECISIONS] > 30 and one.published[VIOLATIONS] > 5 for one in short.results)
    assert short.results[0].published[DEAD_LETTERS] > 1


def test_controls_change_behind_every_state(stored: Path) -> None:
    """Else the tests here would not see a wrong controls version."""
    versions = [state_of(stored, segment, 0).controls for segment in range(1, SEGMENTS + 1)]
    assert versions == sorted(set(versions)) and len(versions) == SEGMENTS


def test_portfolios_that_left_memory_are_in_the_state(
    written: Recording, stored: Path, tmp_path: Path, evictions: list[int]
) -> None:
    """Stored and replayed with two portfolios in memory: the same results, and rows of the same keys."""
    for until in cuts(written):
        archive(written, tmp_path, until)
        assert store(tmp_path, resident_max=2).findings == []
    span = behind(stored, 2)
    assert replay(tmp_path, span, resident_max=2).results == replay(stored, span).results
    assert sum(evictions) > 50
    for partition in range(2):
        keys = [
            [key for part in read_rows(one / state_of(one, SEGMENTS, partition).path) for key, _ in part]
            for one in (tmp_path, stored)
        ]
        assert keys[0] == keys[1] == sorted(set(keys[0])) and len(keys[0]) > 12


def test_the_same_log_gives_the_same_bytes(written: Recording, stored: Path, tmp_path: Path) -> None:
    """A state is determined by the log, where it was cut, and the settings."""
    for until in cuts(written):
        archive(written, tmp_path, until)
        store(tmp_path)
    assert manifest_of(tmp_path).segments[-1].states == manifest_of(stored).segments[-1].states


def test_a_segment_without_a_state_gets_one_later(written: Recording, stored: Path, tmp_path: Path) -> None:
    """The last one does, replayed from step 1 on; when it has one there is nothing to do."""
    for until in cuts(written):
        archive(written, tmp_path, until)
    task = task_of(tmp_path)
    assert task.starts == {} and task.segment == SEGMENTS
    outcome = store_task(task)
    assert outcome.steps == sum(len(written.lines(JOURNAL, one)) for one in range(2))
    assert [len(one.states) for one in manifest_of(tmp_path).segments] == [0, 0, 2]
    assert find_state_task(tmp_path, 10_000) is None
    for partition in range(2):
        whole, parts = state_of(tmp_path, SEGMENTS, partition), state_of(stored, SEGMENTS, partition)
        assert (whole.head, whole.controls, whole.rows) == (parts.head, parts.controls, parts.rows)


def test_an_archive_without_segments_has_no_state(tmp_path: Path) -> None:
    """Nor is there anything to replay."""
    assert find_state_task(tmp_path, 10_000) is None


def changed(line: Line) -> None:
    """Forge a record."""
    line.value = (line.value or b"").replace(b"P", b"Q", 1)


def test_a_forged_decision_behind_the_state_is_found(written: Recording, tmp_path: Path) -> None:
    """As from step 1; and its segment gets no state, nor does any later one."""
    log = copy.deepcopy(written)
    forged = log.lines(DECISIONS, 1)[-5]
    changed(forged)
    for until in cuts(log):
        archive(log, tmp_path, until)
        outcome = store(tmp_path)
    assert outcome.findings_total == 1 and outcome.states == []
    assert [(one.kind, one.offset, one.partition) for one in outcome.findings] == [(Kind.CORRUPTED, forged.offset, 1)]
    assert [len(one.states) for one in manifest_of(tmp_path).segments] == [2, 2, 0]
    assert list((tmp_path / f"segment-{SEGMENTS:05}").glob("state*")) == []
    span = behind(tmp_path, 2)
    short, whole = replay(tmp_path, span), replay(tmp_path, span, from_state=False)
    assert started(short.results) == [2, 2]
    assert without_start(short.results) == whole.results
    assert [one.counts for one in short.results] == [{}, {Kind.CORRUPTED: 1}]


def test_no_state_is_stored_behind_a_finding(written: Recording, tmp_path: Path) -> None:
    """The first segment has one, so the second is never proven."""
    log = copy.deepcopy(written)
    changed(log.lines(DECISIONS, 0)[10])
    for until in cuts(log):
        archive(log, tmp_path, until)
        assert store(tmp_path).findings_total == 1
    assert [one.states for one in manifest_of(tmp_path).segments] == [[], [], []]


def test_a_missing_decision_at_the_segment_end_keeps_the_state_out(written: Recording, tmp_path: Path) -> None:
    """It is found behind the last step, when the rows are written already."""
    log = copy.deepcopy(written)
    del log.lines(DECISIONS, 0)[-3:]
    archive(log, tmp_path)
    outcome = store(tmp_path)
    assert [one.kind for one in outcome.findings] == [Kind.TRUNCATED] and outcome.states == []
    assert manifest_of(tmp_path).segments[-1].states == []


def test_a_journal_that_is_not_the_manifest_s_keeps_the_state_out(written: Recording, tmp_path: Path) -> None:
    """The head that was archived must be where the replay ends."""
    archive(written, tmp_path)
    manifest = manifest_of(tmp_path)
    manifest.segments[0].heads[0] = msgspec.structs.replace(manifest.segments[0].heads[0], chain="0" * 64)
    write_manifest(tmp_path, manifest)
    outcome = store(tmp_path)
    assert [one.kind for one in outcome.findings] == [Kind.OTHER_HEAD] and outcome.states == []


@pytest.mark.parametrize("harm", [lambda path: path.unlink(), lambda path: path.write_bytes(b"PAR1")])
def test_a_damaged_state_is_a_finding_and_step_1_is_where_it_begins(
    folder: Path, harm: Callable[[Path], object]
) -> None:
    """For its partition alone; the results are right all the same."""
    harm(folder / state_of(folder, 2, 0).path)
    found = replay(folder, behind(folder, 2))
    assert [(one.kind, one.topic, one.partition) for one in found.look.damage] == [(Kind.WRONG_DIGEST, "state", 0)]
    assert started(found.results) == [None, 2]
    assert [one.findings for one in found.results] == [[], []]


def test_a_damaged_state_is_not_built_upon(written: Recording, tmp_path: Path) -> None:
    """The next state of its partition is replayed from step 1 on, and says so."""
    first, second, _ = cuts(written)
    archive(written, tmp_path, first)
    store(tmp_path)
    (tmp_path / state_of(tmp_path, 1, 0).path).write_bytes(b"")
    archive(written, tmp_path, second)
    task = task_of(tmp_path)
    assert list(task.starts) == [1] and [one.partition for one in task.damage] == [0]
    assert store_task(task).findings_total == 0
    assert started(replay(tmp_path, behind(tmp_path, 2)).results) == [2, 2]


def tamper(folder: Path, change: Callable[[dict[bytes, bytes]], None]) -> None:
    """Change rows of partition 0's second state, and the manifest with them."""
    state = state_of(folder, 2, 0)
    path = folder / state.path
    rows = {key: value for part in read_rows(path) for key, value in part}
    change(rows)
    count = write_rows(path, sorted(rows.items()))
    forged = msgspec.structs.replace(state, rows=count, bytes=path.stat().st_size, sha256=sha256_of(path))
    rename(folder, 2, forged)


def drop_all_of_one(rows: dict[bytes, bytes]) -> None:
    """A portfolio is forgotten."""
    name = next(key[1:] for key in rows if key.startswith(b"P"))
    for key in [key for key in rows if key[1:].split(b"\0")[0] == name]:
        del rows[key]


def swap_two(rows: dict[bytes, bytes]) -> None:
    """Two portfolios change places, with all their rows."""
    first, second = [key[1:] for key in rows if key.startswith(b"P")][:2]
    other = {first: second, second: first}
    moved = {
        key[:1] + other[name] + key[1 + len(name) :]: value
        for key, value in rows.items()
        if (name := key[1:].split(b"\0")[0]) in other
    }
    for key in [key for key in rows if key[1:].split(b"\0")[0] in other]:
        del rows[key]
    rows.update(moved)


@pytest.mark.parametrize("change", [drop_all_of_one, swap_two])
@pytest.mark.parametrize("late", [False, True])
def test_a_forged_state_is_found_although_the_manifest_agrees(
    folder: Path, change: Callable[[dict[bytes, bytes]], None], late: bool
) -> None:
    """The journal's digests do not, in the span or between the state and the span."""
    tamper(folder, change)
    span = Span(Mark(state_of(folder, 3, 0).committed_ms + 1)) if late else behind(folder, 2)
    if late:  # as if the third state had not been stored
        manifest = manifest_of(folder)
        manifest.segments[2] = msgspec.structs.replace(manifest.segments[2], states=[])
        write_manifest(folder, manifest)
    found = replay(folder, span)
    assert found.look.damage == [] and found.results[0].started_from is not None
    assert found.results[0].counts[Kind.WRONG_DIGEST] > 0 and found.results[1].counts == {}
    assert (found.results[0].steps == 0) == late
    assert replay(folder, span, from_state=False).results[0].counts == {}


def test_rows_that_cannot_be_loaded_end_the_replay_with_words(folder: Path) -> None:
    """Naming the file."""
    tamper(folder, lambda rows: rows.update({key: value + b"!" for key, value in rows.items() if key[:1] == b"P"}))
    with pytest.raises(LogError, match=r"segment-00002/state-0\.parquet: step \d+: main row of"):
        replay(folder, behind(folder, 2))


def test_a_state_of_another_layout_is_not_used(folder: Path) -> None:
    """Another version of the program wrote it: that partition begins with step 1."""
    state = state_of(folder, 2, 0)
    rename(folder, 2, msgspec.structs.replace(state, layout=state.layout + 1))
    found = replay(folder, behind(folder, 2))
    assert started(found.results) == [None, 2]
    assert [one.findings for one in found.results] == [[], []] and found.look.damage == []


def test_the_chain_is_checked_from_the_state_on(folder: Path) -> None:
    """A state whose head is another does not continue."""
    state = state_of(folder, 2, 0)
    rename(folder, 2, msgspec.structs.replace(state, head=msgspec.structs.replace(state.head, chain="0" * 64)))
    assert replay(folder, behind(folder, 2)).results[0].counts == {Kind.BROKEN_CHAIN: 1}


def test_a_state_is_used_only_if_no_step_of_the_span_is_in_it(stored: Path) -> None:
    """To the millisecond, and to the order; without --from there is none."""
    state = state_of(stored, 2, 0)

    def segments(start: Mark | None) -> list[int | None]:
        return started(replay(stored, Span(start)).results)

    assert segments(None) == [None, None]
    assert segments(Mark(state.committed_ms + 1))[0] == 2
    assert segments(Mark(state.committed_ms))[0] == 1
    assert segments(Mark(None, 0, state.orders)) == [2]
    assert segments(Mark(None, 0, state.orders - 1)) == [1]
    assert segments(Mark(0)) == [None, None]


def test_the_latest_time_in_a_state_counts_not_its_last(written: Recording, tmp_path: Path) -> None:
    """A broker's clock that was set back does not hide a step of the span."""
    log = copy.deepcopy(written)
    first, last = log.lines(JOURNAL, 0)[5], log.lines(JOURNAL, 0)[-1]
    first.timestamp = last.timestamp + 1_000
    archive(log, tmp_path)
    store(tmp_path)
    assert state_of(tmp_path, 1, 0).committed_ms == first.timestamp
    assert replay(tmp_path, Span(Mark(first.timestamp))).results[0].started_from is None


def test_an_anchored_head_is_looked_for_from_a_state_before_it(written: Recording, stored: Path) -> None:
    """Behind one it could not be seen; at the state's own step it is compared with the state's."""
    steps = [step for line in written.lines(JOURNAL, 0) if (step := read_step(line.value)) is not None]
    span = behind(stored, 2)
    last = state_of(stored, 1, 0).head
    for step, segment in ((steps[last.seq], 1), (steps[last.seq - 1], 1), (steps[last.seq - 2], None)):
        for chain, counts in ((step.chain, {}), ("0" * 64, {Kind.OTHER_HEAD: 1})):
            result = replay(stored, span, heads={0: Head(0, step.seq, chain)}).results[0]
            assert started([result]) == [segment]
            assert result.counts == counts


def delete(folder: Path, segments: int, *, controls: bool = False, states: bool = True) -> int:
    """Delete the files of the first segments, but those of the controls; how many."""
    count = 0
    for number in range(1, segments + 1):
        for path in (folder / f"segment-{number:05}").iterdir():
            is_state, is_controls = path.name.startswith("state-"), path.name.startswith(CONTROLS)
            if (not is_state or states) and (not is_controls or controls):
                path.unlink()
                count += 1
    return count


def test_early_files_may_be_deleted_when_a_state_is_behind_them(folder: Path, stored: Path) -> None:
    """A span behind it is replayed; one that would need them is refused, as is one without the state."""
    count = delete(folder, 1) + delete(folder, 2, states=False)
    span = behind(folder, 2)
    found = replay(folder, span)
    assert found.results == replay(stored, span).results
    assert found.look.damage == [] and found.look.files_not_needed == count
    for start, from_state in ((behind(folder, 1), True), (Span(), True), (span, False)):
        with pytest.raises(LogError, match="is not there"):
            replay(folder, start, from_state)
    assert len(asyncio.run(ArchiveLog(folder).damage())) == count
    place = Span(Mark(None, 1, state_of(folder, 2, 1).orders))
    assert replay(folder, place).look.damage == []


def test_controls_are_needed_from_the_first_on(folder: Path) -> None:
    """Without them no limit is known, whatever the state."""
    delete(folder, 1, controls=True)
    assert [one.topic for one in look_at(ArchiveLog(folder), behind(folder, 2), {}).damage] == [CONTROLS]
    with pytest.raises(LogError, match="controls-0"):
        replay(folder, behind(folder, 2))


def test_a_changed_early_file_is_a_finding_all_the_same(folder: Path) -> None:
    """What is there must be what was archived."""
    (folder / "segment-00001" / "orders-0.parquet").write_bytes(b"")
    found = replay(folder, behind(folder, 2))
    assert [(one.topic, one.partition) for one in found.look.damage] == [("orders", 0)]


def test_an_archive_goes_on_without_its_early_files(written: Recording, tmp_path: Path, stored: Path) -> None:
    """Segments and states are added behind what was deleted."""
    first, second, _ = cuts(written)
    archive(written, tmp_path, first)
    store(tmp_path)
    delete(tmp_path, 1, states=False)
    archive(written, tmp_path, second)
    assert store(tmp_path).findings_total == 0
    assert manifest_of(tmp_path).segments[1].states == manifest_of(stored).segments[1].states


def test_a_partition_without_new_steps_has_its_state_in_every_segment(written: Recording, tmp_path: Path) -> None:
    """So that earlier segments can go."""
    log = copy.deepcopy(written)
    for until in cuts(log):
        archive(log, tmp_path, until)
        store(tmp_path)
        done = state_of(tmp_path, len(manifest_of(tmp_path).segments), 1).journal
        del log.lines(JOURNAL, 1)[done:]
    assert [one.head for one in manifest_of(tmp_path).segments[2].states] == [
        state_of(tmp_path, 3, 0).head,
        state_of(tmp_path, 1, 1).head,
    ]
    delete(tmp_path, 2)
    results = replay(tmp_path, behind(tmp_path, 3)).results
    assert started(results) == [3, 3]
    assert [one.findings for one in results] == [[], []]


class Trimmed(Recording):
    """A log whose first outputs are gone."""

    async def bounds(self, topic: str, partition: int) -> Bounds:
        """From the first that is there."""
        known = await super().bounds(topic, partition)
        return known._replace(first=self.lines(topic, partition)[0].offset) if topic in OUTPUTS else known


def trimmed(written: Recording, steps: int) -> Trimmed:
    """Without the decisions of partition 0's first steps."""
    log = Trimmed(written.partitions, topics=copy.deepcopy(written.topics))
    last = read_step(log.lines(JOURNAL, 0)[steps - 1].value)
    assert last is not None
    decisions = log.lines(DECISIONS, 0)
    decisions[:] = [line for line in decisions if order_of(line) >= last.orders[1]]
    return log


def order_of(decision: Line) -> int:
    """The offset of the order that it answers."""
    return int(json.loads(decision.value or b"")["decision_id"].split("-")[1])


def test_a_decision_that_is_missing_first_behind_the_state_was_not_taken_by_retention(
    written: Recording, tmp_path: Path
) -> None:
    """For there are decisions before it."""
    log = trimmed(written, 5)
    archive(log, tmp_path, cuts(log)[0])
    store(tmp_path)
    decided = state_of(tmp_path, 1, 0).orders
    behind_it = [line for line in log.lines(DECISIONS, 0) if order_of(line) >= decided]
    step = next(step for line in log.lines(JOURNAL, 0) if (step := read_step(line.value)) and step.orders[1] > decided)
    gone = [line for line in behind_it if order_of(line) < step.orders[1]]
    for line in gone:
        log.lines(DECISIONS, 0).remove(line)
    archive(log, tmp_path)
    result = replay(tmp_path, behind(tmp_path, 1)).results[0]
    assert result.counts == {Kind.MISSING: len(gone)} and result.started_from is not None


@pytest.mark.parametrize("steps", [5, 25])
def test_outputs_that_retention_took_are_not_missed(written: Recording, tmp_path: Path, steps: int) -> None:
    """Those of the first steps, fewer than the first segment has or more; the digests prove the steps."""
    log = trimmed(written, steps)
    for until in cuts(log):
        archive(log, tmp_path, until)
        assert store(tmp_path).findings == []
    assert (state_of(tmp_path, 1, 0).head.seq < steps) == (steps == 25)
    for segment in (1, 2):
        span = behind(tmp_path, segment)
        short, whole = (replay(tmp_path, span, from_state).results[0] for from_state in (True, False))
        assert short.findings == [] and short.started_from is not None
        assert msgspec.structs.replace(short, started_from=None, not_kept=whole.not_kept) == whole


def test_a_manifest_without_states_reads_as_one(written: Recording, tmp_path: Path) -> None:
    """The entry is optional."""
    archive(written, tmp_path)
    path = tmp_path / "manifest.json"
    fields = json.loads(path.read_text())
    for segment in fields["segments"]:
        del segment["states"]
    path.write_text(json.dumps(fields))
    assert manifest_of(tmp_path).segments[0].states == []


def test_rows_come_back_in_groups_of_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None, a few, and more than a group holds by number or by bytes."""
    monkeypatch.setattr(state_rows, "GROUP_ROWS", 5)
    monkeypatch.setattr(state_rows, "GROUP_BYTES", 60)
    path = tmp_path / "rows"
    for count in (0, 4, 5, 17):
        rows = [(b"%03d" % number, b"\0" * number) for number in range(count)]
        assert write_rows(path, rows) == count
        assert [row for part in read_rows(path) for row in part] == rows
    path.write_bytes(b"PAR1")
    with pytest.raises(LogError, match="rows"):
        list(read_rows(path))


def test_the_command_says_what_it_began_with(stored: Path) -> None:
    """In JSON, in words and on the page; with processes of their own; and it can be told to begin with step 1."""
    start = behind(stored, 2).start
    assert start is not None and start.time_ms is not None
    options = ("replay", "--archive", str(stored), "--from", format_time(start.time_ms), "--jobs", "2")
    told = risk_stream(*options, "--json").json
    seqs = [state_of(stored, 2, one).head.seq for one in range(2)]
    assert told["identical"] and [one["started_from"] for one in told["partitions"]] == [
        {"segment": 2, "step": seq} for seq in seqs
    ]
    words = risk_stream(*options)
    assert words.code == 0 and f"partition 1 began with the state of segment 2, behind step {seqs[1]}\n" in words.out
    assert "it is not proven here" in words.out
    told = risk_stream(*options, "--json", "--no-archived-state").json
    assert told["identical"] and [one["started_from"] for one in told["partitions"]] == [None, None]


def test_the_archive_command_stores_a_state_or_says_why_not(
    written: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 0, and 3 with the finding; a second run has nothing to do."""
    log = copy.deepcopy(written)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Recording]:
        yield log

    monkeypatch.setattr(archive_command, "open_log", lambda *_: opened)

    def run(name: str, *options: str) -> Result:
        arguments = [str(tmp_path / name), "--state", "--jobs", "1", *options]
        return CliRunner().invoke(archive_command.command, arguments, standalone_mode=False)

    good = run("good", "--json")
    assert good.return_value == 0
    stored = json.loads(good.stdout)["state"]
    assert stored["findings_total"] == 0 and [one["head"]["partition"] for one in stored["states"]] == [0, 1]
    again = run("good")
    assert again.return_value == 0 and "is there already" in again.stderr and "unnamed" not in again.stderr
    (tmp_path / "good" / "manifest.json").unlink()
    assert "good/unnamed-1: stood in a segment's place" in run("good").stderr
    changed(log.lines(DECISIONS, 1)[30])
    bad = run("bad")
    assert bad.return_value == 3
    assert "CORRUPTED decisions/1@" in bad.stderr and "1 found in" in bad.stderr and "no state was stored" in bad.stderr
    assert [one.states for one in manifest_of(tmp_path / "bad").segments] == [[]]
    log.topics.clear()
    none = run("none")
    assert none.return_value == 0 and "there is no step yet, so no state to store" in none.stderr


def test_the_page_says_what_it_began_with(stored: Path) -> None:
    """Beside each partition, and on top."""
    results = replay(stored, behind(stored, 2)).results
    report = ReplayReport(
        log="x", version="1", started_ms=0, seconds=1.0, span="all", verdicts=verdicts_of(results, []),
        partitions=results,
    )  # fmt: skip
    text = page(report, [])
    assert "from the archived states on" in text and "from the first step on" not in text
    assert f"state of segment 2, behind step {state_of(stored, 2, 0).head.seq}" in text
