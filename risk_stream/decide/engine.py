"""The engine of one partition: ranges of records in, final decisions out. Pure and synchronous.

    values, orders -> columns (order_batch, value_batch) -> slots (residents) -> decide (values, orders) -> payloads

Everything that a portfolio remembers is a function of the steps: their ranges, their order and their plans.
"""

from collections.abc import Generator, Iterator
from typing import NamedTuple

import numpy as np

from risk_stream.decide import results as res
from risk_stream.decide.orders import count_codes, decide_orders
from risk_stream.decide.output import StepOutput, digest_of
from risk_stream.decide.picture import take_pictures
from risk_stream.decide.residents import Residents, RowSource
from risk_stream.decide.results import VIOLATIONS, Results, new_results
from risk_stream.decide.slots import find_slots, find_value_slots
from risk_stream.decide.standing import standing_max
from risk_stream.decide.tell import (
    dead_letter,
    dead_letters_of_values,
    decisions_of,
    risk_records,
    violations_by_orders,
    violations_by_values,
)
from risk_stream.decide.value_batch import ValueBatch, decode_values
from risk_stream.decide.values import apply_values
from risk_stream.messages.compiled.limit_pieces import LimitPieces, limit_pieces
from risk_stream.messages.compiled.order_batch import OrderBatch, decode_orders
from risk_stream.messages.compiled.order_row import WELL_FORMED
from risk_stream.messages.compiled.result_row import CODES
from risk_stream.messages.compiled.risk_row import RISK_ROW
from risk_stream.messages.compiled.row_message import Results as TellableResults
from risk_stream.messages.decode import Route
from risk_stream.messages.fault import Fault
from risk_stream.messages.packed import NOTHING, Event, Packed, Span, joined, no_headers, pack
from risk_stream.messages.records import Records
from risk_stream.rules.observation import CONTEXT, OBSERVATION
from risk_stream.rules.plan import GENERAL_WINDOWS, OBSERVATIONS, Plan
from risk_stream.state import layout as lay
from risk_stream.state.arena import check_reserved, reserve
from risk_stream.state.cut import (
    KEY_BYTES_MAX,
    cut_chunks,
    cut_gone,
    cut_mains,
    finish_cut,
    finish_save,
    portfolio_bytes_max,
)
from risk_stream.state.layout import Bytes, Int32s, Int64s
from risk_stream.state.save_chunks import CHUNK_BYTES_MAX

VALUES_PER_PART = 500
"""A value takes 2 to 4 us, with its risk picture; one that only the exact decoder reads 50 us and more."""

VALUE_BYTES_PER_PART = 1 << 20
"""A position takes about 0.5 us and 70 bytes: eight milliseconds."""

ORDERS_PER_PART = 4_000
"""A tenth less CPU an order than in parts of 1,000, and no more with longer ones."""

CUT_BUFFER_BYTES = 1 << 20
"""First size of the buffer of a cut; it doubles until the largest row fits, and is emptied whenever it is full."""

__all__ = ["Engine", "RowSource", "StepOutput"]


class _Told:
    """What a step has to publish so far."""

    def __init__(self) -> None:
        self.decisions: list[Packed] = []
        self.violations: list[Packed] = []
        self.dead_letters: list[Event] = []
        self.applied: list[tuple[Int32s, Int64s]] = []
        """Slot and time of each value applied, part by part."""
        self.codes = np.zeros(len(CODES), np.int64)
        self.values_ignored = 0

    def counts(self, dead_letters: int) -> dict[str, int]:
        """What became of the records, for the metrics."""
        codes = {code: count for code, count in zip(CODES, self.codes.tolist(), strict=True) if count}
        return codes | {"values_ignored": self.values_ignored, "dead_letters": dead_letters}


class _PlanRoom(NamedTuple):
    """What a plan's limits come to, computed when it is first used."""

    plan: Plan | None
    pieces: LimitPieces
    violations_max: int
    """By one order."""
    windows_max: int
    """Rolling counters of one portfolio."""


class Engine:
    """Decides one partition. Not thread-safe; nothing in it reads a clock, a file or a network."""

    def __init__(
        self,
        partition: int,
        partitions: int,
        rows: RowSource,
        *,
        topic_prefix: str = "risk.",
        resident_max: int = 10_000,
    ) -> None:
        self._route = Route(partition, partitions)
        self._orders_topic = f"{topic_prefix}orders"
        self._values_topic = f"{topic_prefix}portfolio-values"
        self._residents = Residents(rows, resident_max)
        self._context = np.zeros(1, CONTEXT)
        self._seen = np.zeros(1, OBSERVATION)
        self._step = 0
        self._now_ms = 0
        self._cut_size = CUT_BUFFER_BYTES
        self._results = new_results()
        self._plan_room = _PlanRoom(None, limit_pieces(()), 0, 0)

    @property
    def resident_count(self) -> int:
        """Portfolios in memory."""
        return self._residents.count

    @property
    def is_crowded(self) -> bool:
        """Whether portfolios should leave memory before the next step: after a cut is saved, they can."""
        return self._residents.is_crowded

    def step(self, values: Records, orders: Records, plan: Plan) -> StepOutput:
        """Handle values, then orders, under one plan: `step_parts` without a pause."""
        parts = self.step_parts(values, orders, plan)
        while True:
            try:
                next(parts)
            except StopIteration as done:
                output: StepOutput = done.value
                return output

    def step_parts(self, values: Records, orders: Records, plan: Plan) -> Generator[None, None, StepOutput]:
        """Handle values, then orders, under one plan; pauses every few milliseconds so that others get their turn.

        The output does not depend on where it pauses. Nothing else but `saved` may be asked before the end.
        Raises DamagedRows when saved rows cannot be right.
        """
        self._step += 1
        self._leave_book(plan)
        told = _Told()
        for part in _value_slices(values):
            self._tell_values(part, plan, told)
            yield
        for part in _slices(orders, ORDERS_PER_PART):
            self._tell_orders(part, plan, told)
            yield
        check_reserved(self._residents.state)
        letters, pictures = pack(told.dead_letters), self._pictures(told.applied, plan)
        decisions = joined(*told.decisions)
        if len(told.decisions) > 1:  # megabytes were copied
            yield
        outputs = decisions, joined(*told.violations), letters, pictures
        self._step += 1  # what this one used may leave memory from here on
        return StepOutput(*outputs, digest_of(*outputs), told.counts(letters.size))

    def cut(self) -> Packed:
        """Rows changed since the last cut, copied: deletions (no value) first. About 1 us a row and portfolio."""
        return joined(*self.cut_parts())

    def cut_parts(self) -> Iterator[Packed]:
        """The rows of a cut, 256 KiB at a time; no step may come in between."""
        state = self._residents.state
        gone_max, chunk_max, main_max = (
            int(state.header[cell]) for cell in (lay.GONE_COUNT, lay.DIRTY_CHUNK_COUNT, lay.DIRTY_COUNT)
        )
        bounds = np.zeros((max(gone_max, chunk_max, 2 * main_max), 3), np.int64)
        buffer = np.empty(max(self._cut_size, gone_max * KEY_BYTES_MAX, KEY_BYTES_MAX + CHUNK_BYTES_MAX), np.uint8)
        yield _copied(buffer, bounds, int(cut_gone(state, buffer, bounds)))
        done = 0
        while done < chunk_max:
            done, count = cut_chunks(state, done, buffer, bounds)
            yield _copied(buffer, bounds, int(count))
        done = 0
        while done < main_max:
            before = done
            done, count = cut_mains(state, done, buffer, bounds)
            yield _copied(buffer, bounds, int(count))
            if done == before:  # the next row alone is larger than the buffer
                self._cut_size = 2 * int(portfolio_bytes_max(state, state.dirty[done]))
                buffer = np.empty(self._cut_size, np.uint8)
        finish_cut(state)

    def saved(self) -> None:
        """The rows of the last cut can be had from the RowSource now; makes room by evicting portfolios."""
        finish_save(self._residents.state)
        self._residents.trim(self._step, self._now_ms)
        self._residents.sweep()

    def make_room_to_bind(self, plan: Plan) -> None:
        """Room for what one portfolio may get when it is brought to a plan outside of a step."""
        reserve(self._residents.state, {lay.COUNTERS: self._room_of(plan).windows_max, lay.PEAKS: 1}, 0, 0)

    def _leave_book(self, plan: Plan) -> None:
        """Bring every portfolio to the plan anew if the last one was of another book of controls (what if).

        Both books have this version, and what is noted of a portfolio may be places in the arrays of the other plan.
        """
        last = self._plan_room.plan
        if last is not None and last is not plan and last.version == plan.version:
            self._residents.state.portfolios["plan_version"] = lay.NONE

    def _room_of(self, plan: Plan) -> _PlanRoom:
        if self._plan_room.plan is not plan:
            arrays = plan.arrays
            own = int((arrays.entries["end"] - arrays.entries["first"]).max(initial=0))
            group = int((arrays.groups["end"] - arrays.groups["first"]).max(initial=0))
            windows = int((arrays.entries["windows_end"] - arrays.entries["windows_first"]).max(initial=0))
            self._plan_room = _PlanRoom(
                plan,
                limit_pieces(plan.limits),
                len(arrays.general) + own + group,
                int(arrays.header[GENERAL_WINDOWS]) + windows,
            )
        return self._plan_room

    def _tell_orders(self, orders: Records, plan: Plan, told: _Told) -> None:
        batch = decode_orders(orders, self._route)
        results = self._take_orders(batch, orders, plan)
        decisions, found = results.decisions[: len(batch.rows)], results.violations[: int(results.count[VIOLATIONS])]
        text, pieces = self._residents.state.text, self._room_of(plan).pieces
        tellable = TellableResults(decisions, found, text, pieces, self._route.partition, plan.version)
        told.decisions.append(decisions_of(batch, tellable))
        told.violations.append(violations_by_orders(batch, tellable, self._orders_topic))
        told.dead_letters += [
            dead_letter(fault, orders, i, self._route.partition, self._orders_topic)
            for i, fault in batch.faults.items()
            if isinstance(fault, Fault)
        ]
        count_codes(decisions, told.codes)

    def _tell_values(self, records: Records, plan: Plan, told: _Told) -> None:
        batch = decode_values(records, self._route)
        self._bring_values(batch, records)
        count, positions = len(batch.rows), len(batch.positions)
        needed = {
            lay.POSITIONS: positions + count,
            lay.HOLDINGS: positions + count,
            lay.SECTORS: positions,
            lay.EXECUTIONS: count,
            lay.PEAKS: 2 * count,  # a valuation, and a REBASE before it
            lay.METRICS: len(batch.metrics),
            lay.COUNTERS: min(count, self._residents.count) * self._room_of(plan).windows_max,
        }
        listed = batch.positions
        names = int(batch.rows["symbol_len"].sum() + listed["symbol_len"].sum() + listed["sector_len"].sum())
        reserve(self._residents.state, needed, 2 * positions + count, names)
        results = self._results
        results.clear(0, 0, 0)
        done = 0
        while True:
            done = apply_values(
                self._residents.state,
                plan.arrays,
                batch.rows,
                batch.positions,
                batch.metrics,
                batch.text,
                done,
                self._seen,
                results,
            )
            if done == count:
                break
            self._make_room(batch, done, plan, results)
        found = int(results.count[VIOLATIONS])
        violations = violations_by_values(
            results.violations[:found],
            results.keys[:found],
            batch,
            records,
            self._residents.state,
            plan,
            self._route.partition,
            self._values_topic,
        )
        letters = dead_letters_of_values(batch, records, self._route.partition, self._values_topic)
        told.violations.append(pack(violations))
        told.dead_letters += letters
        statuses = batch.rows["status"]
        ignored = (statuses == res.IGNORED) | (statuses == res.REPEATED)
        applied = batch.rows[~ignored & (statuses != res.FAULTY)]
        told.applied.append((applied["slot"], applied["ts"]))
        told.values_ignored += int(ignored.sum())

    def _bring_values(self, batch: ValueBatch, records: Records) -> None:
        """Make the portfolios of a batch resident and fill in their slots."""
        state, absent = self._residents.state, np.zeros(len(batch.rows), np.int64)
        count = int(find_value_slots(state, batch.rows, batch.text, self._step, absent))
        if count:
            rows = batch.rows[absent[:count]]
            bounds = zip(rows["portfolio_id_at"].tolist(), rows["portfolio_id_len"].tolist(), strict=True)
            ids = dict.fromkeys(batch.text[at : at + length].tobytes() for at, length in bounds)
            self._residents.bring(ids, set(ids))
            find_value_slots(state, batch.rows, batch.text, self._step, absent)
        self._now_ms = max(self._now_ms, int(records.timestamps[-1]))

    def _make_room(self, batch: ValueBatch, done: int, plan: Plan, results: Results) -> None:
        """Room for what the next valuation can bring at most."""
        row = batch.rows[done]
        arriving = int(row["positions_to"] - row["positions_from"])
        room = int(standing_max(self._residents.state, plan.arrays, int(row["slot"]), arriving))
        reserve(self._residents.state, {lay.LEVELS: room}, 0, 0)
        results.enlarge(room)

    def _take_orders(self, batch: OrderBatch, records: Records, plan: Plan) -> Results:
        count = len(batch.rows)
        slots, absent = np.empty(count, np.int32), np.empty(count, np.int64)
        self._now_ms = max(self._now_ms, int(records.timestamps[-1]))
        if find_slots(self._residents.state, batch.rows, batch.text, self._step, slots, absent):
            self._bring_orders(batch, np.flatnonzero(slots == -1))
            find_slots(self._residents.state, batch.rows, batch.text, self._step, slots, absent)
        needed = {
            lay.ATTEMPTS: count,
            lay.OPENS: count,
            lay.PEAKS: min(count, self._residents.count),  # a REBASE each
            lay.SECONDS: 2 * count,  # two attempts into an empty queue: the end of one chunk, the start of another
            lay.MINUTES: 2 * count,
            lay.POSITIONS: count,
            lay.HOLDINGS: count,
            lay.SECTORS: count,
            lay.LEVELS: count,  # an override used each
            lay.COUNTERS: min(count, self._residents.count) * self._room_of(plan).windows_max,
        }
        reserve(self._residents.state, needed, 2 * count, len(batch.text))  # names are a part of it
        per_order, results = self._room_of(plan).violations_max, self._results
        results.clear(count, 2 * per_order, int(plan.arrays.header[OBSERVATIONS]))
        done = 0
        while True:
            done = decide_orders(
                self._residents.state,
                plan.arrays,
                batch.rows,
                batch.text,
                slots,
                done,
                per_order,
                self._context,
                self._seen,
                results,
            )
            if done == count:
                return results
            results.enlarge(per_order)

    def _bring_orders(self, batch: OrderBatch, absent: Int64s) -> None:
        """Make the portfolios of orders resident; an invalid order creates none."""
        known: dict[bytes, None] = {}
        create: set[bytes] = set()
        for i in absent.tolist():
            row = batch.rows[i]
            length = int(row["portfolio_id_len"])
            if length == 0:
                continue
            at = int(row["portfolio_id_at"])
            portfolio_id = batch.text[at : at + length].tobytes()
            known[portfolio_id] = None
            if row["status"] == WELL_FORMED:
                create.add(portfolio_id)
        self._residents.bring(known, create)

    def _pictures(self, applied: list[tuple[Int32s, Int64s]], plan: Plan) -> Packed:
        """The risk picture of each portfolio that a value was applied to, in the order of its first, as of its last."""
        if not applied:
            return NOTHING
        every, times = (np.concatenate(column) for column in zip(*applied, strict=True))
        if not every.size:
            return NOTHING
        slots = every[np.sort(np.unique(every, return_index=True)[1])]
        last = np.zeros(int(every.max()) + 1, np.int64)
        last[every] = times  # of equal indices the last counts
        pictures = np.zeros(len(slots), RISK_ROW)
        state = self._residents.state
        take_pictures(state, plan.arrays, slots, pictures)
        return risk_records(pictures, slots, last[slots], state, self._route.partition, plan.version)


def _slices(records: Records, size: int) -> Iterator[Records]:
    for start in range(0, records.size, size):
        yield records.part(start, start + size)


def _value_slices(records: Records) -> Iterator[Records]:
    """Parts of so many records, or of fewer that are large; at least one."""
    if not records.size:
        return
    ends = records.value_bytes().cumsum()
    start, before = 0, 0
    while start < len(ends):
        fitting = int(np.searchsorted(ends, before + VALUE_BYTES_PER_PART, "right"))
        end = min(start + VALUES_PER_PART, max(start + 1, fitting), len(ends))
        yield records.part(start, end)
        start, before = end, int(ends[end - 1])


def _copied(
    buffer: Bytes,
    bounds: Int64s,
    count: int,
) -> Packed:
    """Copy the rows that a cut wrote out of its buffer."""
    if count == 0:
        return NOTHING
    keys_from, values_from, ends = bounds[:count].T.copy()  # `bounds` is filled anew
    text = buffer[: max(int(values_from[-1]), int(ends[-1]))].tobytes()
    return Packed(Span(text, keys_from, values_from), Span(text, values_from, ends), no_headers(count))
