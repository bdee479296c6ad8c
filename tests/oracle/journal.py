"""The journal of one partition: what each record claims, and where the claims do not fit together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from tests.oracle.read import Record


@dataclass(slots=True)
class Step:
    """One step: half-open offset ranges of both inputs, the controls version, and where its record stands."""

    offset: int
    seq: int
    values: tuple[int, int]
    orders: tuple[int, int]
    controls: int
    digest: str


def parse_step(record: Record) -> tuple[Step, dict[str, object]] | None:
    """The step a journal record names, and its fields; None when it is no such record."""
    try:
        fields = json.loads(record.value or b"")
        values, orders = (tuple(int(bound) for bound in fields[name]) for name in ("values", "orders"))
        step = Step(record.offset, int(fields["seq"]), values, orders, int(fields["controls"]), str(fields["outputs"]))  # type: ignore[arg-type]
    except (ValueError, KeyError, TypeError):
        return None
    return (step, fields) if len(values) == len(orders) == 2 else None


def chained(previous: str, fields: dict[str, object]) -> str:
    """The chain value that a record must carry after the previous one's."""
    rest = {name: value for name, value in fields.items() if name != "chain"}
    canonical = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256((previous + canonical).encode()).hexdigest()


def read_journal(records: Sequence[Record]) -> tuple[list[Step], list[tuple[int, str]]]:
    """The steps, and (offset, what is wrong) for every record that does not continue the one before."""
    steps: list[Step] = []
    wrong: list[tuple[int, str]] = []
    chain, seq = "", None
    for record in records:
        parsed = parse_step(record)
        if parsed is None:
            wrong.append((record.offset, "no journal record"))
            continue
        step, fields = parsed
        if fields.get("chain") != chained(chain, fields):
            wrong.append((record.offset, f"the chain does not hold at seq {step.seq}"))
        chain = str(fields.get("chain"))
        if seq is not None and step.seq != seq + 1:
            wrong.append((record.offset, f"seq {step.seq} follows {seq}"))
        seq = step.seq
        wrong += [(record.offset, text) for text in _disagreements(steps, step)]
        steps.append(step)
    return steps, wrong


def _disagreements(before: Sequence[Step], step: Step) -> list[str]:
    found = []
    for name, mine in (("values", step.values), ("orders", step.orders)):
        end = getattr(before[-1], name)[1] if before else 0
        if mine[0] != end:
            found.append(f"seq {step.seq}: {name} begin at {mine[0]}, the step before ended at {end}")
        if mine[1] < mine[0]:
            found.append(f"seq {step.seq}: {name} end before they begin")
    if before and step.controls < before[-1].controls:
        found.append(f"seq {step.seq}: controls go back from {before[-1].controls} to {step.controls}")
    return found
