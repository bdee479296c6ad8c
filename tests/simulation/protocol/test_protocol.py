"""The worker's own protocol code keeps its promises under seeded schedules, and code that is wrong does not pass."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest

from risk_stream.kafka import buffer, changelog, journal, snapshot, step, takeover
from tests.simulation.__main__ import CHUNK
from tests.simulation.protocol import fakes
from tests.simulation.protocol.cluster import Disk
from tests.simulation.protocol.schedule import run_schedules

CHUNKS = 100  # of 1,000 schedules, about 5 ms each
CAUGHT_WITHIN = 3_000  # half a minute; only what takes two rare events needs more than some tens


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_nothing_final_changes_under_any_schedule(chunk: int) -> None:
    """The failing seed is in the message."""
    events = run_schedules(chunk * CHUNK, CHUNK)
    assert events["crashed"] >= 2 * CHUNK
    told = ("gave up", "slept through", "disk lost", "markers skipped", "snapshot.after_commit")
    assert all(events[name] for name in told)
    assert sum(name.startswith(("step.", "snapshot.", "takeover.")) for name in events) > 18


def _range_off_by_one(end: Any, values: Any, orders: Any, controls: int, outputs: str) -> Any:
    return journal.next_record(end, values, (orders[0], max(orders[0], orders[1] - 1)), controls, outputs)


def _store_before_commit(self: Any, cut: Any, journal_next: int) -> Any:
    if self._store.saved() is not None:
        self._store.apply(cut.packed.rows(), self._store.saved())
    return _COMPLETE(self, cut, journal_next)


def _drop_a_row(self: Any, cut: Any, journal_next: int) -> Any:
    return _COMPLETE(self, cut._replace(packed=fakes.Listed(cut.packed[1:])), journal_next)


def _markers_for_records(self: Any, records: Any, position: int, *more: Any, **named: Any) -> None:
    _PUT(self, records.part(0, records.size - 1) if records.size > 5 else records, position, *more, **named)


_COMPLETE, _PUT = snapshot.Snapshotter.complete, buffer.InputBuffer.put
KEPT: dict[int, Any] = {}


def _kept_engine(self: Any, *taken: Any) -> Any:
    owned = _OWNED(self, *taken)
    owned.engine = KEPT.setdefault(id(self._config), owned.engine)
    return owned


_OWNED = takeover.Takeover._owned
_LAST = fakes.Reader.last

MUTANTS: dict[str, tuple[object, str, object]] = {
    "journal range off by one": (step, "next_record", _range_off_by_one),
    "rows on disk before their commit": (snapshot.Snapshotter, "complete", _store_before_commit),
    "a changelog record dropped": (snapshot.Snapshotter, "complete", _drop_a_row),
    "no fencing": (fakes.Producer, "_check", lambda self: None),
    "a fetched record dropped": (buffer.InputBuffer, "put", _markers_for_records),
    "memory kept over a take-over": (takeover.Takeover, "_owned", _kept_engine),
    "an old copy taken for a new one": (changelog, "_load", lambda *args: _nothing()),
    "orders do not wait for older values": (
        step.Stepper, "_older_values_bound", lambda self: (1 << 60, None),
    ),
    "committed on top of what is left open": (fakes.Producer, "ended", lambda self: _nothing()),
    "a cut before the last one is on the disk": (
        step.Stepper, "_snapshot_is_due", lambda self: _is_due_too_early(self),
    ),
    "a snapshot in the transaction of its own step": (
        step.Stepper, "_complete", lambda *args: _complete_too_early(*args),
    ),
    "steps outrun the snapshots": (
        step.Stepper, "_make_room", lambda self: _nothing(),
    ),
    "decided with older controls than the journal has": (
        fakes.ControlsFake, "wait_for", lambda self, version: _nothing(),
    ),
    "what is left open stays so": (takeover, "end_what_is_left_open", lambda *args: _nothing()),
    "a step without a record is decided anew": (takeover, "step_without_record", lambda *args: _nothing()),
    "what of the last step was not seen stays so": (takeover, "unseen", lambda *args: _no_writes()),
    "the record of the step begun behind the last": (
        fakes.Reader, "last", lambda self, partitions, wanted=None: _LAST(self, partitions),
    ),
}  # fmt: skip


async def _nothing() -> None:
    """Load no row, end nothing, find nothing."""


def _is_due_too_early(stepper: Any) -> bool:
    """Between commit and store there is neither a cut to be written nor, for a moment, a task that stores one."""
    saving, stepper._saving = stepper._saving, stepper._cut is not None
    due = bool(_IS_DUE(stepper))
    stepper._saving = saving
    return due


async def _complete_too_early(stepper: Any, cut: Any, committed: int) -> Any:
    """The journal does not hold the step of the cut yet: the mark names the offset of the one before."""
    before = stepper._owned.journal_next - 1
    stepper._cut = None
    return await stepper._owned.snapshotter.complete(cut, before)


_IS_DUE = step.Stepper._snapshot_is_due


async def _no_writes() -> list[Any]:
    """Nothing is missing."""
    return []


@pytest.mark.parametrize("name", MUTANTS)
def test_wrong_code_is_caught(name: str) -> None:
    """Each within a few schedules."""
    owner, attribute, wrong = MUTANTS[name]
    with patch.object(owner, attribute, wrong), pytest.raises(AssertionError, match="schedule"):
        run_schedules(0, CAUGHT_WITHIN)


def test_a_disk_is_written_at_once() -> None:
    """Deleted rows go, others stay."""
    disk = Disk({b"a": b"1", b"b": b"2"})
    disk.put([(b"a", None), (b"c", b"3")], None)
    assert disk.rows == {b"b": b"2", b"c": b"3"}
