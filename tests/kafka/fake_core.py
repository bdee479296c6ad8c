"""A small engine and controls with the interfaces of the real ones: it counts the orders of each portfolio.

Every decision depends on that count, so an order decided twice, lost, or decided from wrong rows shows in the outputs.
"""

import hashlib
import json
from collections.abc import Generator, Iterator
from typing import NamedTuple

from risk_stream.kafka.ports import RowSource
from risk_stream.messages.fault import Fault
from risk_stream.messages.packed import NOTHING, Event, Packed, pack
from risk_stream.messages.records import Records


class FakeOutput(NamedTuple):
    """What a step publishes."""

    decisions: Packed
    violations: Packed
    dead_letters: Packed
    portfolio_risk: Packed
    digest: str
    counts: dict[str, int]


class FakeEngine:
    """Counts orders and sums values by portfolio; `{"poison"` orders become dead letters."""

    is_crowded = False

    def __init__(self, partition: int, partitions: int, rows: RowSource, salt: str = "") -> None:
        self._salt = salt
        self._partition = partition
        self._rows = rows
        self._state: dict[bytes, list[int]] = {}
        self._dirty: set[bytes] = set()

    def step_parts(self, values: Records, orders: Records, plan: int) -> Generator[None, None, FakeOutput]:
        """Values first, then orders."""
        yield
        risk = [self._value(offset, key or b"", value or b"0", plan) for offset, _, key, value in values.rows()]
        decisions, letters = [], []
        for offset, _, key, value in orders.rows():
            if key is None or (value or b"").startswith(b"poison"):
                source = b"risk.orders/%d@%d" % (self._partition, offset)
                letters.append(Event(key, value, [("reason", b"MALFORMED_JSON"), ("ce_source", source)]))
            else:
                decisions.append(self._order(offset, key, value or b"", plan))
        digest = hashlib.sha256((repr((decisions, letters, risk)) + self._salt).encode()).hexdigest()
        return FakeOutput(pack(decisions), NOTHING, pack(letters), pack(risk), digest, {"OK": len(decisions)})

    def _of(self, key: bytes) -> list[int]:
        state = self._state.get(key)
        if state is None:
            (saved,) = self._rows.get_many([key])
            state = self._state[key] = [0, 0] if saved is None else json.loads(saved)
        self._dirty.add(key)
        return state

    def _value(self, offset: int, key: bytes, value: bytes, plan: int) -> Event:
        state = self._of(key)
        state[1] = int(value)
        place = self._partition, offset, plan
        return Event(key, b'{"value":%d,"inputs":{"value":"%d@%d","controls":%d}}' % (state[1], *place), [])

    def _order(self, offset: int, key: bytes, value: bytes, plan: int) -> Event:
        state = self._of(key)
        state[0] += 1
        text = b'{"decision_id":"%d-%d","order":"%s","n":%d,"value":%d,"controls":%d}' % (
            self._partition, offset, value, state[0], state[1], plan,
        )  # fmt: skip
        return Event(key, text, [])

    def cut_parts(self) -> Iterator[Packed]:
        """The counts that changed."""
        yield pack([(key, json.dumps(self._state[key]).encode(), []) for key in sorted(self._dirty)])
        self._dirty.clear()

    def saved(self) -> None:
        """Forget what is saved, so that rows are read back."""
        self._state = {key: state for key, state in self._state.items() if key in self._dirty}


class FakeControls:
    """A plan is its version."""

    def __init__(self) -> None:
        self.version = -1

    def append(self, offset: int, control: object) -> None:
        """The next record."""
        self.version = offset

    def plan(self, version: int | None = None) -> int:
        """The plan of a version that was read."""
        wanted = self.version if version is None else version
        assert wanted <= self.version, f"plan {wanted} of controls read up to {self.version}"
        return wanted


def decode_fake_control(value: bytes | None, timestamp: int) -> object:
    """Refuse what starts with `bad`."""
    return Fault("INVALID_CONTROL", "type: unknown") if value is None or value.startswith(b"bad") else value
