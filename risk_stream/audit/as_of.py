"""A portfolio as it was: the engine over the records of this one portfolio alone, up to a moment.

Portfolios share nothing but the controls, so the rest of the partition is read but not decided. What is shown is what
replay would give; that the log itself is whole is another question (replay.py).
"""

from collections.abc import AsyncIterator, Callable

import msgspec
import numpy as np

from risk_stream.audit.controls_log import read_controls
from risk_stream.audit.journal import Step, read_step
from risk_stream.audit.log import JOURNAL, ORDERS, VALUES, Bounds, LogError, RecordedLog, cursor, partition_bounds
from risk_stream.audit.scratch import ScratchRows
from risk_stream.audit.span import Mark
from risk_stream.decide.engine import Engine
from risk_stream.decide.inspect import PortfolioView, inspect
from risk_stream.messages.murmur2 import partition_of
from risk_stream.messages.records import Records


class AsOf(msgspec.Struct, frozen=True):
    """A portfolio at a moment."""

    at: str
    partition: int
    step: int
    """The last step that had begun by then; 0 when there was none."""
    portfolio: PortfolioView | None
    """None when nothing had been heard of it."""


async def as_of(
    log: RecordedLog, portfolio_id: str, at: Mark, progress: Callable[[int], None] = lambda records: None
) -> AsOf:
    """With a time: behind every record that the broker had taken by then. With a place PARTITION@OFFSET: as that order
    found it. LogError when the log does not reach back, or the place is on another partition than the portfolio."""
    key = portfolio_id.encode()
    partition = partition_of(key, log.partitions)
    if at.time_ms is None and at.partition != partition:
        raise LogError(f"{portfolio_id} is on partition {partition}, not {at.partition}")
    controls, bounds = await read_controls(log), await partition_bounds(log, partition)
    values, orders = (cursor(log, topic, partition, bounds.inputs[topic]) for topic in (VALUES, ORDERS))
    seq, version = 0, -1
    with ScratchRows() as rows:
        engine = Engine(partition, log.partitions, rows, topic_prefix=log.prefix)
        async for step in _steps(log, partition, bounds.journal):
            taken = await values.below(step.values[1]), await orders.below(step.orders[1])
            counts = _before(at, taken[0], None), _before(at, taken[1], step)
            if any(counts) or seq == 0:
                seq, version = step.seq, step.controls
            own = [_own(part.part(0, count), key) for part, count in zip(taken, counts, strict=True)]
            if own[0].size or own[1].size:
                engine.step(own[0], own[1], controls.book.plan(step.controls))
            progress(sum(part.size for part in taken))
            if any(count < part.size for part, count in zip(taken, counts, strict=True)):
                break
        return AsOf(str(at), partition, seq, inspect(engine, portfolio_id, controls.book.plan(version)))


async def _steps(log: RecordedLog, partition: int, bounds: Bounds) -> AsyncIterator[Step]:
    """The journal's steps from the first on; LogError when it does not begin there or cannot be read."""
    expected = 1
    async for part in log.records(JOURNAL, partition, bounds.first, bounds.end):
        for value in part.packed.values.as_list():
            step = read_step(value)
            if step is None or step.seq != expected:
                raise LogError(f"{JOURNAL}/{partition}: step {expected} cannot be read; `replay` says what is wrong")
            expected += 1
            yield step


def _before(at: Mark, part: Records, orders_of: Step | None) -> int:
    """How many of a step's records lie before the moment."""
    if at.time_ms is not None:
        # The broker's timestamps rise with the offset.
        return int(np.searchsorted(part.timestamps, at.time_ms, "right"))
    return part.size if orders_of is None else part.below(at.offset)


def _own(part: Records, key: bytes) -> Records:
    """The records of one portfolio."""
    return part.chosen(np.array([other == key for other in part.keys.as_list()], np.bool_))
