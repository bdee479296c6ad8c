"""The engine over input logs, step by step, into logs the oracle can judge."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence

from risk_stream.decide.engine import Engine
from risk_stream.kafka.journal import beginning, encode, end_after, next_record
from risk_stream.messages.decode import decode_control
from risk_stream.messages.fault import Fault
from risk_stream.messages.packed import Event
from risk_stream.messages.records import Records, records_from
from risk_stream.rules.book import Controls
from tests.oracle.judge import Judge, Logs, Verdict
from tests.oracle.read import Record
from tests.simulation.inputs import InputLogs

SIZES = (0, 1, 7, 60, 400)  # records of one input in a step


class Rows(dict[bytes, bytes]):
    """Saved rows in memory."""

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        """The values of these keys."""
        return [self.get(key) for key in keys]

    def save(self, engine: Engine) -> None:
        """Take the rows of a cut over."""
        for key, value in engine.cut().rows():
            if value is None:
                self.pop(key, None)
            else:
                self[key] = value
        engine.saved()


def columns(records: Sequence[Record]) -> Records:
    """Records as the engine takes them."""
    return records_from(
        [one.offset for one in records], [one.timestamp for one in records], [one.key for one in records],
        [one.value for one in records],
    )  # fmt: skip


def replay(
    inputs: InputLogs,
    partition: int,
    seed: int,
    resident_max: int = 10_000,
    cut_share: float = 0.1,
    sizes: Sequence[int] = SIZES,
) -> Verdict:
    """Decide one partition in steps of random sizes with a random cut now and then, and judge the outputs.

    The engine is thrown away and loaded from its rows at some cuts, as by a take-over.
    """
    draw = random.Random(seed)
    rows, controls = Rows(), Controls()
    engine = Engine(partition, inputs.partitions, rows, resident_max=resident_max)
    values, orders = inputs.logs["portfolio-values", partition], inputs.logs["orders", partition]
    out: dict[str, list[Record]] = {name: [] for name in ("journal", "decisions", "violations", "dead-letters")}
    end, at, changes = beginning(0, 0), [0, 0], inputs.logs["controls", 0]
    folded = 0
    while at != [len(values), len(orders)]:
        taken = [log[start : start + draw.choice(sizes)] for log, start in zip((values, orders), at, strict=True)]
        newest = max((one.timestamp for batch in taken for one in batch), default=0)
        while folded < len(changes) and changes[folded].timestamp <= newest:
            record = changes[folded]
            control = decode_control(record.value, record.timestamp)
            controls.append(record.offset, control)
            if partition == 0 and isinstance(control, Fault):
                source = f"risk.controls/0@{record.offset}".encode()
                headers = (("reason", control.reason.encode()), ("detail", b""), ("source", source))
                out["dead-letters"].append(Record(len(out["dead-letters"]), 0, record.key, record.value, headers))
            folded += 1
        output = engine.step(columns(taken[0]), columns(taken[1]), controls.plan())
        at = [at[0] + len(taken[0]), at[1] + len(taken[1])]
        ends = [
            batch[-1].offset + 1 if batch else before
            for batch, before in zip(taken, (end.values_to, end.orders_to), strict=True)
        ]
        step = next_record(end, (end.values_to, ends[0]), (end.orders_to, ends[1]), controls.version, output.digest)
        end = end_after(step)
        _append(out["journal"], [Event(None, encode(step), [])])
        _append(out["decisions"], output.decisions.events())
        _append(out["violations"], output.violations.events())
        _append(out["dead-letters"], output.dead_letters.events())
        if draw.random() < cut_share:
            rows.save(engine)
            if draw.random() < 0.5:
                engine = Engine(partition, inputs.partitions, rows, resident_max=resident_max)
    logs = Logs(
        partition, inputs.partitions, values, orders, changes, out["journal"], out["decisions"], out["violations"],
        out["dead-letters"],
    )  # fmt: skip
    return Judge(logs).run()


def _append(log: list[Record], events: Sequence[Event]) -> None:
    for event in events:
        log.append(Record(len(log), 0, event.key, event.value, tuple(event.headers)))


def explain(verdict: Verdict) -> str:
    """The verdict in one readable text."""
    return json.dumps({"counts": verdict.counts, "findings": verdict.findings}, indent=1)
