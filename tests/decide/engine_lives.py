"""One history lived several times: kept whole in memory, evicted at every chance, killed and loaded from its rows."""

import random
from collections.abc import Iterable

from risk_stream.decide.engine import Engine, StepOutput
from risk_stream.messages.packed import Event, Packed
from risk_stream.rules.book import Controls
from risk_stream.rules.plan import Plan
from tests.decide.engine_traffic import Step

Answer = tuple[list[list[Event]], str, dict[str, int]]


def answer_of(output: StepOutput) -> Answer:
    """All that a step says, comparable."""
    decisions, violations, dead_letters, portfolio_risk, digest, counts = output
    return [topic.events() for topic in (decisions, violations, dead_letters, portfolio_risk)], digest, counts


class SavedRows:
    """Rows as a store would give them back."""

    def __init__(self, rows: dict[bytes, bytes] | None = None) -> None:
        self.rows = dict(rows or {})

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        """The rows of these keys."""
        return [self.rows.get(key) for key in keys]

    def take(self, cut: Packed) -> None:
        """Store a cut."""
        for key, value in cut.rows():
            if value is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = value


class History:
    """Steps with the plan each was handled under, and what the engine that never forgot anything answered."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self.steps: list[tuple[Step, Plan]] = []
        self.answers: list[Answer] = []
        self.evictions = 0
        self.rows = SavedRows()
        controls = Controls()
        engine = Engine(0, 1, self.rows)
        offset = 0
        for step in steps:
            for control in step.controls:
                controls.append(offset, control)
                offset += 1
            plan = controls.plan()
            self.steps.append((step, plan))
            self.answers.append(answer_of(engine.step(step.values, step.orders, plan)))
        self.rows.take(engine.cut())

    def live_evicted(self, seed: int, saves: float) -> tuple[SavedRows, dict[int, dict[bytes, bytes]]]:
        """Live it with nobody resident longer than needed; rows at the end, and at cuts (by the next step's number).

        A cut is stored at once or some steps later, as a transaction that is still under way.
        """
        chance = random.Random(seed)
        stored = SavedRows()
        engine = Engine(0, 1, stored, resident_max=0)
        pending: Packed | None = None
        pending_from = 0
        copies: dict[int, dict[bytes, bytes]] = {}
        for number in range(len(self.steps)):
            self.check(engine, number)
            resident = engine.resident_count
            if pending is None and chance.random() < saves:
                pending, pending_from = engine.cut(), number + 1
            if pending is not None and chance.random() < 0.7:
                stored.take(pending)
                engine.saved()
                self.evictions += resident - engine.resident_count
                pending = None
                if chance.random() < 0.2:
                    copies[pending_from] = dict(stored.rows)
        if pending is not None:
            stored.take(pending)
            engine.saved()
        stored.take(engine.cut())
        return stored, copies

    def live_saved(self, seed: int, saves: float) -> Engine:
        """Live it with everybody resident, saving now and then; the engine."""
        chance = random.Random(seed)
        stored = SavedRows()
        engine = Engine(0, 1, stored)
        for number in range(len(self.steps)):
            self.check(engine, number)
            if chance.random() < saves:
                stored.take(engine.cut())
                engine.saved()
        return engine

    def live_on(self, rows: dict[bytes, bytes], first: int, last: int) -> None:
        """Live steps `first` to `last` (exclusive) with a new engine that has only the rows."""
        engine = Engine(0, 1, SavedRows(rows))
        for number in range(first, min(last, len(self.steps))):
            self.check(engine, number)

    def check(self, engine: Engine, number: int) -> None:
        """Let an engine take a step; raises AssertionError when its answer is another one."""
        step, plan = self.steps[number]
        assert answer_of(engine.step(step.values, step.orders, plan)) == self.answers[number], f"step {number}"
