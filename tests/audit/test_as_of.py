"""As-of shows what recorded decisions and risk pictures hold, behind all that had been taken by then, or refuses."""

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from risk_stream.audit.archive_log import ArchiveLog
from risk_stream.audit.archive_write import write_segment
from risk_stream.audit.as_of import AsOf, as_of
from risk_stream.audit.controls_log import read_controls
from risk_stream.audit.log import (
    CONTROLS,
    DECISIONS,
    JOURNAL,
    ORDERS,
    VALUES,
    Bounds,
    LogError,
    RecordedLog,
    partition_bounds,
)
from risk_stream.audit.manifest import read_manifest, write_manifest
from risk_stream.audit.replay import replay_partition
from risk_stream.audit.span import Mark, Span, read_mark
from risk_stream.audit.task import Task
from risk_stream.audit.walk import Done
from risk_stream.cli import as_of as command
from risk_stream.cli.failure import CommandError
from risk_stream.kafka.journal import beginning, encode, end_after, next_record
from risk_stream.messages.instant import format_time
from risk_stream.messages.murmur2 import partition_of
from tests.audit.recording import LIMITS, START_MS, Recording, limit_message, record

MINUTE_MS = 60_000
END_MS = START_MS * 2


@pytest.fixture(scope="module")
def written() -> Recording:
    """A log as a worker wrote it; do not change it."""
    return record()


def decisions(log: Recording) -> list[dict[str, object]]:
    """Every recorded decision."""
    return [json.loads(line.value or b"") for p in range(log.partitions) for line in log.lines(DECISIONS, p)]


def look(log: RecordedLog, portfolio: str, at: Mark) -> AsOf:
    """As of."""
    return asyncio.run(as_of(log, portfolio, at))


class Pictures:
    """Collects risk pictures and decisions of every portfolio."""

    def __init__(self) -> None:
        self.last: dict[str, dict[str, object]] = {}
        self.approved: dict[str, int] = {}

    def step(self, done: Done) -> None:
        """Keep the last picture of each."""
        for key, value in done.output.portfolio_risk.pairs():
            self.last[(key or b"").decode()] = json.loads(value or b"")


def test_as_of_the_end_is_the_last_picture(written: Recording) -> None:
    """Total value, peaks and exposures are those last published, for every portfolio."""
    seen = Pictures()

    async def work() -> None:
        controls = await read_controls(written)
        for partition in range(written.partitions):
            await replay_partition(written, controls, await partition_bounds(written, partition), Task(Span()), (seen,))

    asyncio.run(work())
    for portfolio, picture in seen.last.items():
        view = look(written, portfolio, Mark(END_MS)).portfolio
        assert view is not None
        assert view.total_value == picture["total_value"] and view.peaks["TOTAL"] == picture["peaks"]["TOTAL"]  # type: ignore[index]
        assert view.gross_exposure == picture["gross_exposure"] and view.net_exposure == picture["net_exposure"]
        assert {one.limit_id for one in view.limits} == {str(one["limit_id"]) for one in LIMITS}


def test_as_of_an_order_explains_its_decision(written: Recording) -> None:
    """What a limit on the drawdown or the rate had observed is what it shows."""
    checked = 0
    for decision in decisions(written)[::7]:
        for listed in decision["violations"]:  # type: ignore[attr-defined]
            if listed["limit_id"] not in ("drawdown-1d", "rate") or listed["observed"] is None:
                continue
            place = str(decision["inputs"]["order"])  # type: ignore[index]
            view = look(written, str(decision["portfolio_id"]), read_mark(place)).portfolio
            assert view is not None
            shown = next(one for one in view.limits if one.limit_id == listed["limit_id"])
            counted = int(listed["observed"]) - 1 if listed["limit_id"] == "rate" else listed["observed"]
            assert shown.observed == str(counted)
            checked += 1
    assert checked > 10


def test_as_of_before_anything(written: Recording) -> None:
    """Nothing had been heard of it."""
    assert look(written, "P1", Mark(START_MS - 1)).portfolio is None


def test_as_of_a_place_elsewhere(written: Recording) -> None:
    """An order of another partition says nothing about the portfolio."""
    with pytest.raises(LogError, match="is on partition"):
        look(written, "P1", Mark(None, 7, 1))


def halt(at_ms: int) -> tuple[str, int, int, None, bytes]:
    """A control that halts the firm, as Recording.append takes it."""
    message = {"type": "HALT", "scope": "ALL", "actor": "jane", "reason": "test"}
    return CONTROLS, 0, at_ms, None, json.dumps(message).encode()


def test_controls_that_no_step_has_seen(written: Recording) -> None:
    """Limits and trading state are those of the last control that the broker had taken, and its version is told."""
    log = copy.deepcopy(written)
    last_ms = max(log.lines(JOURNAL, one)[-1].timestamp for one in range(log.partitions))
    version = log.append(*halt(last_ms + 1000))
    log.append(CONTROLS, 0, last_ms + 2000, None, limit_message(**{**LIMITS[1], "threshold": "7"}))
    found = [look(log, "P1", Mark(last_ms + ms)) for ms in (999, 1000, 2000)]
    views = [one.portfolio for one in found]
    assert [one.controls for one in found] == [version - 1, version, version + 1]
    assert [view and view.trading_state for view in views] == ["ACTIVE", "HALTED", "HALTED"]
    thresholds = [one.threshold for view in views if view for one in view.limits if one.limit_id == "notional"]
    assert thresholds == ["45000", "45000", "7"]


def backlog() -> Recording:
    """A value and an order a minute, and a halt in the fifth, all handled late: all values and one order, the rest."""
    log = Recording(1)
    log.append(CONTROLS, 0, START_MS, None, limit_message(limit_id="open", kind="OPEN_ORDERS", threshold=100))
    for minute in range(6):
        value = {"portfolio_id": "P1", "total_value": 1000 + minute}
        order = {
            "order_id": f"o{minute}",
            "portfolio_id": "P1",
            "symbol": "A",
            "side": "BUY",
            "quantity": 1,
            "price": 1,
        }
        log.append(VALUES, 0, START_MS + minute * MINUTE_MS, b"P1", json.dumps(value).encode())
        log.append(ORDERS, 0, START_MS + minute * MINUTE_MS + 1000, b"P1", json.dumps(order).encode())
    log.append(*halt(START_MS + 4 * MINUTE_MS))
    end = beginning(0, 0)
    for values, orders, controls in (((0, 6), (0, 1), 0), ((6, 6), (1, 6), 1)):
        step = next_record(end, values, orders, controls, "0" * 64)
        log.append(JOURNAL, 0, START_MS + 10 * MINUTE_MS, None, encode(step))
        end = end_after(step)
    return log


@pytest.mark.parametrize(
    ("at_ms", "total_value", "open_orders", "state", "decided_later"),
    [
        (0, "1000", 0, "ACTIVE", 0),
        (1000, "1000", 1, "ACTIVE", 1),
        (3 * MINUTE_MS + 500, "1003", 3, "ACTIVE", 3),
        (3 * MINUTE_MS + 1000, "1003", 4, "ACTIVE", 4),
        (5 * MINUTE_MS, "1005", 1, "HALTED", 0),
        (20 * MINUTE_MS, "1005", 1, "HALTED", 0),
    ],
)
def test_a_time_in_a_backlog(at_ms: int, total_value: str, open_orders: int, state: str, decided_later: int) -> None:
    """All that the broker had taken by then counts and nothing later, of every step; what that changes is told."""
    found = look(backlog(), "P1", Mark(START_MS + at_ms))
    view = found.portfolio
    assert view is not None
    assert (view.total_value, view.open_orders, view.trading_state) == (total_value, open_orders, state)
    assert found.decided_later == decided_later and found.undecided == 0


def test_a_time_is_behind_the_last_value_taken_by_then(written: Recording) -> None:
    """Wherever steps cut it: here values run ahead of orders."""
    for number in range(12):
        key = f"P{number}".encode()
        lines = written.lines(VALUES, partition_of(key, written.partitions))
        own = [line for line in lines if line.key == key]
        for line, following in list(pairwise(own))[::4]:
            for at_ms in (line.timestamp, following.timestamp - 1):
                view = look(written, key.decode(), Mark(at_ms)).portfolio
                assert view is not None and view.value_offset == line.offset


def test_records_that_no_step_has_handled(written: Recording) -> None:
    """Those of the portfolio are counted, once they were taken."""
    log = copy.deepcopy(written)
    partition = partition_of(b"P1", log.partitions)
    last_ms = log.lines(JOURNAL, partition)[-1].timestamp
    for key in (b"P1", b"P1", b"other"):
        log.append(ORDERS, partition, last_ms + 1000, key, b"{}")
    log.append(VALUES, partition, last_ms + 2000, b"P1", b"{}")
    assert [look(log, "P1", Mark(last_ms + ms)).undecided for ms in (999, 1000, 2000)] == [0, 2, 3]


@dataclass
class Trimmed(Recording):
    """A recording from which retention may take first records."""

    firsts: dict[tuple[str, int], int] = field(default_factory=dict)

    async def bounds(self, topic: str, partition: int) -> Bounds:
        """From the first record kept."""
        kept = await super().bounds(topic, partition)
        return kept._replace(first=self.firsts.get((topic, partition), 0))

    def trim(self, topic: str, partition: int, count: int) -> None:
        """Take the first records."""
        self.firsts[topic, partition] = self.lines(topic, partition)[count - 1].offset + 1
        del self.lines(topic, partition)[:count]


def alter_chain(log: Trimmed, partition: int) -> None:
    """Another digest in a journal record."""
    line = log.lines(JOURNAL, partition)[5]
    step = json.loads(line.value or b"")
    line.value = json.dumps({**step, "outputs": "0" * 64}).encode()


DAMAGES: dict[str, tuple[Callable[[Trimmed, int], object], str]] = {
    "values trimmed": (lambda log, p: log.trim(VALUES, p, 20), "RANGE_GAP.*portfolio-values"),
    "orders trimmed": (lambda log, p: log.trim(ORDERS, p, 20), "RANGE_GAP.*orders"),
    "journal trimmed": (lambda log, p: log.trim(JOURNAL, p, 4), "kept from step 5 on"),
    "journal gone": (lambda log, p: log.trim(JOURNAL, p, len(log.lines(JOURNAL, p))), "no step is left"),
    "a step gone": (lambda log, p: log.lines(JOURNAL, p).pop(5), "STEP_GAP"),
    "chain broken": (alter_chain, "BROKEN_CHAIN"),
    "orders cut off": (lambda log, p: log.lines(ORDERS, p).clear(), "TRUNCATED orders"),
    "controls cut off": (lambda log, p: log.lines(CONTROLS, 0).clear(), "TRUNCATED controls"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_log_that_is_not_whole(written: Recording, damage: str) -> None:
    """Is refused, as a time and as a place, and what is wrong is named."""
    log, partition = Trimmed(written.partitions, topics=copy.deepcopy(written.topics)), partition_of(b"P1", 2)
    last = log.lines(ORDERS, partition)[-1].offset
    harm, words = DAMAGES[damage]
    harm(log, partition)
    for at in (Mark(END_MS), Mark(None, partition, last)):
        with pytest.raises(LogError, match=words):
            look(log, "P1", at)


def test_what_is_broken_behind_the_moment_does_not_matter(written: Recording) -> None:
    """A step that was altered later is another question."""
    log, partition = copy.deepcopy(written), partition_of(b"P1", 2)
    log.lines(JOURNAL, partition)[-1].value = b"{"
    at = Mark(START_MS + 5 * MINUTE_MS)
    assert look(log, "P1", at) == look(written, "P1", at)


def test_a_place_without_a_decided_order(written: Recording) -> None:
    """Behind the end, in a gap of the offsets, and behind the journal's last step: each in its own words."""
    log, partition = copy.deepcopy(written), partition_of(b"P1", 2)
    offsets = [line.offset for line in log.lines(ORDERS, partition)]
    gap = next(offset for offset in range(offsets[-1]) if offset not in offsets)
    with pytest.raises(LogError, match=f"orders/{partition}@{gap}: no order has this offset"):
        look(log, "P1", Mark(None, partition, gap))
    with pytest.raises(LogError, match="there is no such order"):
        look(log, "P1", Mark(None, partition, offsets[-1] + 1))
    last = log.append(ORDERS, partition, END_MS, b"P1", b"{}")
    with pytest.raises(LogError, match="not decided yet"):
        look(log, "P1", Mark(None, partition, last))


def archived(log: Recording, folder: Path, until_ms: int | None = None) -> ArchiveLog:
    """The log with one more segment in an archive."""
    assert asyncio.run(write_segment(log, folder, 0, until_ms)) is not None
    return ArchiveLog(folder)


@pytest.mark.parametrize("share", [3, 2, 1])
def test_an_archive_answers_as_the_log_does_or_refuses(written: Recording, tmp_path: Path, share: int) -> None:
    """Up to the time that it names, and not a millisecond later."""
    journal = written.lines(JOURNAL, 1)
    until_ms = journal[len(journal) // share].timestamp if share > 1 else None
    archive, later_ms = archived(written, tmp_path, until_ms), journal[-1].timestamp + 60_000
    for portfolio in ("P1", "P2", "P3"):
        partition = partition_of(portfolio.encode(), written.partitions)
        known_ms = archive.known_ms(partition)
        assert known_ms is not None
        for at_ms in (known_ms - 20_000, known_ms):
            assert look(archive, portfolio, Mark(at_ms)) == look(written, portfolio, Mark(at_ms))
        words = f"partition {partition} .* up to {format_time(known_ms)}, not up to {format_time(later_ms)}"
        with pytest.raises(LogError, match=words):
            look(archive, portfolio, Mark(later_ms))
        with pytest.raises(LogError, match=words.rpartition(",")[0]):
            look(archive, portfolio, Mark(known_ms + 1))
    reached = written.lines(JOURNAL, 0)[-1].timestamp
    assert (archive.known_ms(0) == reached) == (share == 1)


def test_an_archive_of_a_backlog_is_known_up_to_what_waited(tmp_path: Path) -> None:
    """An order that no archived step has handled ends it, however late that step was; the next segment goes on."""
    log = backlog()
    step = log.lines(JOURNAL, 0).pop()
    archive = archived(log, tmp_path)
    waited_ms = START_MS + MINUTE_MS + 1000
    assert look(archive, "P1", Mark(waited_ms - 1)) == look(log, "P1", Mark(waited_ms - 1))
    with pytest.raises(LogError, match=f"up to {format_time(waited_ms - 1)}, not"):
        look(archive, "P1", Mark(waited_ms))
    log.lines(JOURNAL, 0).append(step)
    end = Mark(step.timestamp)
    assert look(archived(log, tmp_path), "P1", end) == look(log, "P1", end)


def test_an_archive_that_names_no_time_answers_for_what_it_goes_beyond(written: Recording, tmp_path: Path) -> None:
    """An older version wrote none: a time with a value and an order behind it is known all the same."""
    archived(written, tmp_path)
    manifest = read_manifest(tmp_path)
    assert manifest is not None
    manifest.segments[0].known_ms.clear()
    write_manifest(tmp_path, manifest)
    at = Mark(START_MS + 5 * MINUTE_MS)
    assert look(ArchiveLog(tmp_path), "P1", at) == look(written, "P1", at)
    with pytest.raises(LogError, match="does not say up to when it holds all of partition"):
        look(ArchiveLog(tmp_path), "P1", Mark(END_MS))


def test_the_command_says_at_which_controls_and_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """In words and in JSON; with exit code 3 when nothing had been heard, 1 when it cannot be answered."""
    log = backlog()
    log.append(ORDERS, 0, START_MS + 3 * MINUTE_MS, b"P2", b"{}")

    @asynccontextmanager
    async def opened() -> AsyncIterator[Recording]:
        yield log

    monkeypatch.setattr(command, "open_log", lambda *_: opened)

    def run(at: str, portfolio: str, *options: str) -> Result:
        arguments = ["--at", at, "--portfolio", portfolio, *options]
        return CliRunner().invoke(command.command, arguments, standalone_mode=False)

    at = str(START_MS + 3 * MINUTE_MS)
    words = run(at, "P1")
    assert words.return_value == 0 and "step 2, controls 0)" in words.stdout
    assert "3 orders taken by then were decided behind what was taken later, here without" in words.stdout
    told = json.loads(run(at, "P1", "--json").stdout)
    assert (told["controls"], told["decided_later"], told["undecided"]) == (0, 3, 0)
    unheard = run(str(START_MS + 20 * MINUTE_MS), "P2")
    assert unheard.return_value == 3 and "controls 1)" in unheard.stdout
    assert "1 records taken by then are not in it: no step has handled them" in unheard.stdout
    refused = run("0@77", "P1")
    assert isinstance(refused.exception, CommandError) and "orders/0@77: there is no such order" in str(
        refused.exception
    )
