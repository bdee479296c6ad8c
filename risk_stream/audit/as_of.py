"""A portfolio as it was: the engine over the records of this one portfolio alone, up to a moment.

Portfolios share nothing but the controls, so the rest of the partition is read but not decided. The journal is checked
and the inputs must reach back to its first step; whether what was published is right is another question (replay.py).
"""

from collections.abc import Callable

import msgspec

from risk_stream.audit.controls_log import read_controls
from risk_stream.audit.findings import Findings
from risk_stream.audit.log import ORDERS, VALUES, EndedLog, LogError, PartitionBounds, RecordedLog, partition_bounds
from risk_stream.audit.portfolio_walk import PortfolioWalk, of_portfolio, taken_by
from risk_stream.audit.scratch import ScratchRows
from risk_stream.audit.span import Mark
from risk_stream.decide.engine import Engine
from risk_stream.decide.inspect import PortfolioView, inspect
from risk_stream.messages.instant import format_time
from risk_stream.messages.murmur2 import partition_of


class AsOf(msgspec.Struct, frozen=True):
    """A portfolio at a moment."""

    at: str
    partition: int
    step: int
    """The last step of which something lies before the moment, or that of the place; 0 when there is none."""
    controls: int
    """The version of the limits and trading states shown: of the last control taken by then, seen by a step or not."""
    decided_later: int
    """Orders taken by then that the worker decided behind a value or control taken after it. They are decided without
    it here, so they may have come out otherwise than their recorded decisions."""
    undecided: int
    """Orders and values of the portfolio taken by then that no step has handled: they are not in it."""
    portfolio: PortfolioView | None
    """None when nothing had been heard of it."""


async def as_of(
    log: RecordedLog, portfolio_id: str, at: Mark, progress: Callable[[int], None] = lambda records: None
) -> AsOf:
    """With a time: behind every record that the broker had taken by then. With a place PARTITION@OFFSET: as that order
    found it. LogError when the log is not whole up to there or ends before it, and when there is no such place or it is
    on another partition than the portfolio."""
    key = portfolio_id.encode()
    partition = partition_of(key, log.partitions)
    if at.time_ms is None and at.partition != partition:
        raise LogError(f"{portfolio_id} is on partition {partition}, not {at.partition}")
    # Before the controls: a step between the two would name a version that was not read.
    bounds = await partition_bounds(log, partition)
    controls, findings = await read_controls(log), Findings()
    with ScratchRows() as rows:
        engine = Engine(partition, log.partitions, rows, topic_prefix=log.prefix)
        walk = PortfolioWalk(log, bounds, findings, controls, engine, key, at)
        async for done in walk.steps(walk.plan_of):
            progress(done.values.size + done.orders.size)
            if walk.is_past or findings.kept:
                break
        if findings.kept:
            raise LogError(f"{findings.kept[0].line()}\nAs-of needs a log that is whole; `replay` says what is wrong.")
        undecided = 0
        if at.time_ms is None:
            _check_place(walk, bounds, at)
        elif not walk.is_past:
            _check_reach(log, partition, at)
            undecided = await _undecided(log, walk, bounds, key, at.time_ms)
        view = inspect(engine, portfolio_id, controls.book.plan(walk.controls))
        return AsOf(str(at), partition, walk.seq, walk.controls, walk.decided_later, undecided, view)


def _check_place(walk: PortfolioWalk, bounds: PartitionBounds, at: Mark) -> None:
    """LogError when no step has decided an order there."""
    if walk.is_found:
        return
    end, decided_to = bounds.inputs[ORDERS].end, walk.position.orders
    if at.offset >= end:
        raise LogError(f"{ORDERS}/{at}: there is no such order, the partition ends before {end}")
    if not walk.is_past:
        raise LogError(f"{ORDERS}/{at}: not decided yet, the journal ends before order {decided_to}; ask again later")
    raise LogError(f"{ORDERS}/{at}: no order has this offset")


def _check_reach(log: RecordedLog, partition: int, at: Mark) -> None:
    """LogError when the log ends before a time: what the broker took until then is not in it."""
    if at.time_ms is None or not isinstance(log, EndedLog):
        return
    known_ms = log.known_ms(partition)
    if known_ms is None:
        raise LogError(
            f"{log.name}: it does not say up to when it holds all of partition {partition}, and nothing in it is from "
            f"behind {at}. `risk-stream archive` adds what is new; an earlier time can be asked for"
        )
    if at.time_ms > known_ms:
        raise LogError(
            f"{log.name}: of partition {partition} it holds all that the broker had taken up to "
            f"{format_time(known_ms)}, not up to {at}. Ask for a time up to then, or, when more was decided since, add "
            "that with `risk-stream archive`"
        )


async def _undecided(
    log: RecordedLog, walk: PortfolioWalk, bounds: PartitionBounds, portfolio: bytes, time_ms: int
) -> int:
    """Records of the portfolio behind the journal's end that the broker had taken by a time."""
    found = 0
    for topic, start in ((VALUES, walk.position.values), (ORDERS, walk.position.orders)):
        async for part in log.records(topic, bounds.partition, start, bounds.inputs[topic].end):
            inputs = part.inputs
            count = taken_by(inputs, time_ms)
            found += of_portfolio(inputs.part(0, count), portfolio).size
            if count < part.size:
                break
    return found
