"""The journal as an auditor reads it: what is wrong with a record is named, and reading goes on behind it.

The chain is computed here from its definition, not with the writer's code: sha256 hex over the previous chain value as
text (empty before the first step) followed by the record as JSON without its chain, keys sorted, no spaces.
"""

import hashlib
import json
from dataclasses import dataclass

import msgspec

Range = tuple[int, int]


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A journal record: the half-open offset ranges it handled, at which controls version, and digests."""

    seq: int
    values: Range
    orders: Range
    controls: int
    outputs: str
    chain: str


class Head(msgspec.Struct, frozen=True):
    """A place in the journal of a partition, to be kept where the log's owner cannot change it."""

    partition: int
    seq: int
    chain: str


@dataclass(slots=True)
class Position:
    """What the next record has to continue."""

    seq: int
    values: int
    orders: int
    controls: int
    chain: str


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong with a journal record."""

    code: str
    """BROKEN_CHAIN, STEP_GAP, RANGE_GAP or CONTROLS_BACK."""
    text: str


def beginning(values: int, orders: int) -> Position:
    """Before the first step: both inputs at their first record."""
    return Position(0, values, orders, -1, "")


def read_step(value: bytes | None) -> Step | None:
    """The step a record names; None when it is unreadable."""
    try:
        return msgspec.json.decode(value or b"", type=Step)
    except msgspec.MsgspecError:
        return None


def chain_after(previous: str, step: Step) -> str:
    """What the step's chain value must be after that of the step before."""
    fields = msgspec.to_builtins(step)
    del fields["chain"]
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256((previous + text).encode()).hexdigest()


def check_step(position: Position, step: Step) -> list[Flaw]:
    """Everything that keeps a step from continuing the journal."""
    flaws = []
    if step.seq != position.seq + 1:
        flaws.append(Flaw("STEP_GAP", f"step {step.seq} follows step {position.seq}"))
    for topic, (start, stop), expected in (
        ("portfolio-values", step.values, position.values),
        ("orders", step.orders, position.orders),
    ):
        if start != expected or stop < start:
            flaws.append(Flaw("RANGE_GAP", f"{topic} [{start},{stop}) does not continue at {expected}"))
    if step.controls < position.controls:
        flaws.append(Flaw("CONTROLS_BACK", f"controls version {step.controls} after {position.controls}"))
    if step.chain != chain_after(position.chain, step):
        flaws.append(Flaw("BROKEN_CHAIN", "its chain value does not follow: it, or one before it, is not as written"))
    return flaws


def continue_after(step: Step) -> Position:
    """Where the journal stands behind a step, whatever was wrong with it: each flaw is told once."""
    return Position(step.seq, step.values[1], step.orders[1], step.controls, step.chain)
