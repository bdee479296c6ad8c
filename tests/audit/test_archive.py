"""An archive holds what the log held, in segments that follow each other, and replay reads it as it reads the log."""

import asyncio
import copy
import json
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import pytest

from risk_stream.audit.archive_log import ArchiveLog
from risk_stream.audit.archive_write import write_segment
from risk_stream.audit.columns import from_batch, stored_columns, to_table
from risk_stream.audit.controls_log import read_controls
from risk_stream.audit.findings import Kind
from risk_stream.audit.heads import HeadFile, load_heads, read_heads
from risk_stream.audit.log import DECISIONS, JOURNAL, KEYED, OUTPUTS, Bounds, LogError, all_bounds
from risk_stream.audit.manifest import Segment, read_manifest
from risk_stream.audit.pool import run_partitions, start_loading
from risk_stream.audit.replay import replay_partition
from risk_stream.audit.replay_job import replay_job
from risk_stream.audit.span import Span
from risk_stream.audit.task import PartitionResult, Task
from risk_stream.messages.packed import pack
from risk_stream.messages.records import Recorded
from tests.audit.recording import Recording, record


@pytest.fixture(scope="module")
def written() -> Recording:
    """A log as a worker wrote it; do not change it."""
    return record()


def archive(log: Recording, folder: Path, until_ms: int | None = None) -> Segment | None:
    """Write a segment."""
    return asyncio.run(write_segment(log, folder, 0, until_ms))


def replay(folder: Path) -> list[PartitionResult]:
    """Replay an archive."""

    async def work() -> list[PartitionResult]:
        async with ArchiveLog(folder) as log:
            controls = await read_controls(log)
            bounds = await all_bounds(log, range(log.partitions))
            return [await replay_partition(log, controls, one, Task(Span())) for one in bounds]

    return asyncio.run(work())


def test_an_archive_replays_identically(written: Recording, tmp_path: Path) -> None:
    """Every record comes back as it was: keys, values, timestamps, headers."""
    segment = archive(written, tmp_path)
    assert segment is not None
    stored = {(one.topic, one.partition): one.records for one in segment.files}
    for topic in KEYED:
        assert stored[topic, 0] == len(written.lines(topic, 0))
    results = replay(tmp_path)
    assert [one.findings for one in results] == [[], []]
    assert results[0].published[DECISIONS] == len(written.lines(DECISIONS, 0))


def test_segments_follow_each_other(written: Recording, tmp_path: Path) -> None:
    """Each run adds what is new; a run without anything new adds nothing."""
    middle = written.lines(JOURNAL, 0)[20].timestamp
    for until in (middle, None, None):
        segment = archive(written, tmp_path, until)
    assert segment is None
    manifest = read_manifest(tmp_path)
    assert manifest is not None and len(manifest.segments) == 2
    assert min(one.records for one in manifest.segments[0].files if one.topic == DECISIONS) > 10
    assert [one.findings for one in replay(tmp_path)] == [[], []]


def test_a_cut_in_the_middle_of_the_log_replays_identically(written: Recording, tmp_path: Path) -> None:
    """Outputs of later steps stay out, although they stand on the topics already."""
    archive(written, tmp_path, written.lines(JOURNAL, 0)[20].timestamp)
    results = replay(tmp_path)
    assert [one.findings for one in results] == [[], []]
    assert results[0].published[DECISIONS] < len(written.lines(DECISIONS, 0))


def test_a_changed_record_survives_archiving(written: Recording, tmp_path: Path) -> None:
    """What was wrong on the log is wrong in the archive, and found there."""
    log = copy.deepcopy(written)
    log.lines(DECISIONS, 1)[30].value = None
    archive(log, tmp_path)
    assert [one.counts for one in replay(tmp_path)] == [{}, {Kind.CORRUPTED: 1}]


def test_a_changed_and_a_lost_file_are_named(written: Recording, tmp_path: Path) -> None:
    """By the SHA-256 of the manifest."""
    archive(written, tmp_path)
    changed = tmp_path / "segment-00001" / "decisions-0.parquet"
    changed.write_bytes(changed.read_bytes()[:-1] + b"!")
    (tmp_path / "segment-00001" / "violations-1.parquet").unlink()
    found = asyncio.run(ArchiveLog(tmp_path).damage())
    assert sorted((one.topic, one.partition) for one in found) == [("decisions", 0), ("violations", 1)]


def test_a_gap_to_the_log_is_refused(written: Recording, tmp_path: Path) -> None:
    """When retention was faster than the archive, it says what is lost."""

    class Trimmed(Recording):
        """A log that retention has been at."""

        async def bounds(self, topic: str, partition: int) -> Bounds:
            known = await super().bounds(topic, partition)
            return known._replace(first=100) if topic == "orders" else known

    with pytest.raises(LogError, match="100 offsets are lost"):
        archive(Trimmed(written.partitions, topics=written.topics), tmp_path)


def test_no_archive_is_an_error(tmp_path: Path) -> None:
    """With what to do."""
    with pytest.raises(LogError, match="risk-stream archive"):
        ArchiveLog(tmp_path)


def test_heads_are_the_same_from_log_and_archive(written: Recording, tmp_path: Path) -> None:
    """And can be read back from the file that `head` prints."""
    archive(written, tmp_path)
    heads = asyncio.run(read_heads(written))
    assert heads == asyncio.run(read_heads(ArchiveLog(tmp_path)))
    file = tmp_path / "head.json"
    file.write_text(json.dumps({"prefix": "risk.", "partitions": 2, "heads": [
        {"partition": one.partition, "seq": one.seq, "chain": one.chain} for one in heads]}))  # fmt: skip
    assert load_heads(file, written) == {one.partition: one for one in heads}
    assert HeadFile("risk.", 2, heads).heads == heads


def test_the_query_of_the_docs_runs(written: Recording, tmp_path: Path) -> None:
    """docs/replay.md shows SQL; it is run here over a real archive."""
    archive(written, tmp_path)
    text = Path("risk_stream/docs/replay.md").read_text("utf-8")
    query = text.split("```sql\n")[1].split("```")[0].replace("ARCHIVE", str(tmp_path))
    rows = duckdb.connect().execute(query).fetchall()
    assert rows and sum(row[-1] for row in rows) > 0
    assert set(OUTPUTS) == {"decisions", "violations", "dead-letters"}


def test_processes_find_what_one_finds(written: Recording, tmp_path: Path) -> None:
    """Forked or not, with pandas or without: a forged decision is named, and nothing else."""
    log = copy.deepcopy(written)
    line = log.lines(DECISIONS, 1)[30]
    line.value = (line.value or b"").replace(b"P", b"Q", 1)
    archive(log, tmp_path)
    job, opened = partial(replay_job, task=Task(Span()), tallied=False), partial(ArchiveLog, tmp_path)
    bounds = asyncio.run(all_bounds(opened(), [0, 1]))
    start_loading(ArchiveLog.__module__)
    alone, many = (run_partitions(opened, bounds, job, jobs, lambda _: None) for jobs in (1, 2))
    assert alone == many
    assert [one.kind for outcome in many for one in outcome.result.findings] == [Kind.CORRUPTED]


def test_null_and_empty_survive_a_slice_of_a_column() -> None:
    """A list that begins in the middle of a batch, with nulls and headers."""
    records = pack(
        [(None, b"1", []), (b"", None, [("a", b""), ("b", b"2")]), (b"k", b"", []), (b"l", b"3", [("c", b"4")])]
    )
    table = to_table(DECISIONS, Recorded(np.array([3, 5, 6, 7]), np.array([1, 2, 3, 4]), records))
    batch = table.select(stored_columns(DECISIONS)).to_batches()[0]
    for start, stop in ((0, 4), (1, 3), (2, 3), (3, 4), (2, 2)):
        found = from_batch(batch.slice(start, stop - start))
        assert found.offsets.tolist() == [3, 5, 6, 7][start:stop]
        assert found.timestamps.tolist() == [1, 2, 3, 4][start:stop]
        assert found.packed.events() == records.events()[start:stop]
