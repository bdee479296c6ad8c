"""A small engine for the worker's protocol: it counts the orders and keeps the last value of each portfolio."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator
from typing import NamedTuple

from risk_stream.kafka.ports import RowSource
from risk_stream.messages.records import Records
from tests.simulation.protocol.fakes import Listed, Setting

State = list[int]
"""Orders so far, last value."""

NONE = Listed()


class Output(NamedTuple):
    """What a step publishes."""

    decisions: Listed
    violations: Listed
    dead_letters: Listed
    portfolio_risk: Listed
    digest: str
    counts: dict[str, int]


def decision(offset: int, order: bytes | None, state: State, controls: int) -> bytes:
    """The decision of an order: it depends on everything before it."""
    text = b'{"decision_id":"0-%d","order":"%s","count":%d,"value":%d,"controls":%d}'
    return text % (offset, order or b"", state[0], state[1], controls)


class CountingEngine:
    """Has the interface of the real engine; rows are the two numbers as text."""

    def __init__(self, partition: int, partitions: int, rows: RowSource) -> None:
        self._rows = rows
        self._states: dict[bytes, State] = {}
        self._dirty: set[bytes] = set()
        self.residents_max: int | None = None
        """How many may be in memory when a step begins; None in a take-over, which saves after so many records."""

    @property
    def is_crowded(self) -> bool:
        """Whether a snapshot must come before the next step."""
        return self.residents_max is not None and len(self._states) > self.residents_max

    def state(self, key: bytes) -> State:
        """The numbers of a portfolio, from its row when it is not in memory."""
        found = self._states.get(key)
        if found is None:
            (row,) = self._rows.get_many([key])
            found = self._states[key] = [0, 0] if row is None else [int(part) for part in row.split()]
        return found

    def step_parts(self, values: Records, orders: Records, plan: int) -> Generator[None, None, Output]:
        """Values first, then orders, with a pause before anything is touched."""
        assert not self.is_crowded, "a step over the bound of what may be in memory"
        assert max(values.size, orders.size) <= Setting.resident_max, "a step that may bring more than the bound"
        yield
        taken, decided = values.rows(), orders.rows()
        for _, _, key, value in taken:
            self.state(key or b"")[1] = int(value or b"")
        decisions = Listed()
        for offset, _, key, value in decided:
            state = self.state(key or b"")
            state[0] += 1
            decisions.append((key, decision(offset, value, state, plan), ()))
        self._dirty.update(key or b"" for _, _, key, _ in (*taken, *decided))
        digest = hashlib.sha256(b"\n".join([value for _, value, _ in decisions])).hexdigest()
        return Output(decisions, NONE, NONE, NONE, digest, {})

    def cut_parts(self) -> Iterator[Listed]:
        """What changed since the last cut."""
        yield Listed((key, b"%d %d" % tuple(self._states[key]), ()) for key in sorted(self._dirty))
        self._dirty.clear()

    def saved(self) -> None:
        """Forget what is saved, so that rows are read back."""
        self._states = {key: state for key, state in self._states.items() if key in self._dirty}
