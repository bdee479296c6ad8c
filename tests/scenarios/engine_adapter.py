"""The engine in the form of a decider: one record a step, payloads parsed, details cut to the field they name."""

import json

from risk_stream.decide.engine import Engine, StepOutput
from risk_stream.messages.decode import decode_control
from risk_stream.messages.fault import Fault
from risk_stream.messages.packed import Event, Packed
from risk_stream.messages.records import NO_RECORDS, Records, records_from
from risk_stream.rules.book import Controls
from tests.scenarios.answers import Output


class MemoryRows:
    """The rows of the last cut, as RocksDB would give them back."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bytes] = {}

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        """The rows of these keys."""
        return [self.rows.get(key) for key in keys]

    def save(self, rows: Packed) -> None:
        """Take in a cut."""
        for key, value in rows.rows():
            if value is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = value


class EngineDecider:
    """An engine over rows in memory; controls are folded here, as every worker does."""

    def __init__(self, partition: int, partitions: int) -> None:
        self.controls = Controls()
        self.engine = Engine(partition, partitions, MemoryRows())

    def control(self, offset: int, timestamp: int, key: bytes | None, value: bytes | None) -> list[Output]:
        """A record of `controls`; the owner of partition 0 writes its dead letter."""
        control = decode_control(value, timestamp)
        self.controls.append(offset, control)
        if isinstance(control, Fault):
            return [("dead-letters", {"reason": str(control.reason), "source": f"risk.controls/0@{offset}"})]
        return []

    def value(self, offset: int, timestamp: int, key: bytes | None, value: bytes | None) -> list[Output]:
        """A record of `portfolio-values`."""
        return outputs_of(self.engine.step(records(offset, timestamp, key, value), NO_RECORDS, self.controls.plan()))

    def order(self, offset: int, timestamp: int, key: bytes | None, value: bytes | None) -> list[Output]:
        """A record of `orders`."""
        return outputs_of(self.engine.step(NO_RECORDS, records(offset, timestamp, key, value), self.controls.plan()))


def records(offset: int, timestamp: int, key: bytes | None, value: bytes | None) -> Records:
    """A range of one record."""
    return records_from([offset], [timestamp], [key], [value])


def outputs_of(step: StepOutput) -> list[Output]:
    """Decisions, violations and dead letters of a step, topic by topic."""
    return [
        *(("decisions", decision_of(payload or b"")) for payload in step.decisions.values.as_list()),
        *(("violations", json.loads(payload or b"")) for payload in step.violations.values.as_list()),
        *(("dead-letters", dead_letter_of(event)) for event in step.dead_letters.events()),
    ]


def decision_of(payload: bytes) -> dict[str, object]:
    """A decision; its `detail` becomes `detail_field`, since two programs need not word it alike."""
    decision: dict[str, object] = json.loads(payload)
    detail = decision.pop("detail", None)
    return decision if detail is None else {**decision, "detail_field": str(detail).split(":")[0]}


def dead_letter_of(event: Event) -> dict[str, object]:
    """What the headers of a dead letter say."""
    headers = {name: value.decode() for name, value in event.headers}
    return {"reason": headers["reason"], "source": headers["source"]}
