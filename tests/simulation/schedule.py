"""One schedule: a seed picks sizes, crash points, aborted transactions, lost disks, an owner that sleeps too long.

The engine here is the real one; the protocol around it is a model (owner.py, world.py). protocol/ has it the other way.
"""

from __future__ import annotations

import random
from collections import Counter

from risk_stream.kafka.journal import beginning, encode, end_after, verify
from risk_stream.messages.packed import Packed
from tests.oracle.judge import Judge, Logs
from tests.oracle.read import Record
from tests.simulation.inputs import InputLogs
from tests.simulation.owner import Inputs, Owner
from tests.simulation.world import Aborted, Disk, Fenced, Log

CRASHES_MIN, CRASHES_MAX = 2, 6
PARTS_BETWEEN = 40  # a crash comes within so many parts of steps, snapshots and take-overs


class Crashed(Exception):
    """The process is gone."""


class Schedule:
    """Runs to the end of the inputs, whatever dies on the way."""

    def __init__(self, logs: InputLogs, inputs: Inputs, seed: int) -> None:
        self.logs, self.inputs = logs, inputs
        self.random = random.Random(seed)
        self.log, self.disk = Log(), Disk()
        self.events: Counter[str] = Counter()
        self._crashes = self.random.randint(CRASHES_MIN, CRASHES_MAX)
        self._countdown = self.random.randint(1, PARTS_BETWEEN)

    def run(self) -> None:
        """Own, fall, own again, until all input is handled and all crashes have happened."""
        while True:
            try:
                owner = Owner(self.log, self.disk, self.inputs, self._part)
                while not owner.done() or self._crashes:
                    self._turn(owner)
                return
            except (Crashed, Aborted) as end:
                self.events[type(end).__name__] += 1
                if self.random.random() < 0.2:
                    self.disk = Disk()
                    self.events["disk lost"] += 1

    def _turn(self, owner: Owner) -> None:
        draw = self.random
        if owner.done():
            self._part("idle")
            owner.save()
            return
        choice = draw.random()
        if choice < 0.2:
            owner.save()
            return
        version = draw.randint(-1, self.inputs.controls.version)
        step = owner.compute(draw.randint(0, 30), draw.randint(0, 40), version)
        if choice < 0.25:
            self._sleep_through(owner)
            try:
                owner.publish(step)
            except Fenced:
                self.events["Fenced"] += 1
                raise Crashed from None
            raise AssertionError("a paused owner wrote after its replacement")
        owner.publish(step, aborted=choice < 0.3)

    def _sleep_through(self, sleeper: Owner) -> None:
        """Another owner, with an empty disk of its own, takes over and may write while this one sleeps."""
        other = Owner(self.log, Disk(), self.inputs, lambda part: None)
        if self.random.random() < 0.7 and not other.done():
            other.publish(other.compute(self.random.randint(0, 30), self.random.randint(0, 40), -1))

    def _part(self, name: str) -> None:
        if not self._crashes:
            return
        self._countdown -= 1
        if self._countdown <= 0:
            self._crashes -= 1
            self._countdown = self.random.randint(1, PARTS_BETWEEN)
            self.events[f"at {name}"] += 1
            raise Crashed

    # Judging

    def check(self) -> None:
        """Journal whole and contiguous, one answer an order, and a state rebuilt from nothing that agrees."""
        end, answered = beginning(0, 0), 0
        for record, output in self.log.steps:
            verify(end, record)
            end = end_after(record)
            letters = output.dead_letters.events()
            answered += output.decisions.size + sum(b"orders/" in dict(one.headers)["source"] for one in letters)
        assert (end.values_to, end.orders_to) == (len(self.inputs.values), len(self.inputs.orders)), "input left over"
        assert answered == len(self.inputs.orders), f"{answered} answers to {len(self.inputs.orders)} orders"
        Owner(self.log, Disk(), self.inputs, lambda part: None)

    def judge(self) -> None:
        """The oracle's verdict over the same logs."""
        outputs = [output for _, output in self.log.steps]
        logs = Logs(
            0, 1, self.inputs.values, self.inputs.orders, self.logs.logs["controls", 0],
            [Record(place, 0, None, encode(record)) for place, (record, _) in enumerate(self.log.steps)],
            records_of([one.decisions for one in outputs]), records_of([one.violations for one in outputs]),
            records_of([one.dead_letters for one in outputs]),
        )  # fmt: skip
        findings = Judge(logs).run().findings
        # Nobody answers bad controls here: that is the worker's, not the core's.
        findings["I1"] = [text for text in findings.get("I1", []) if "risk.controls" not in text]
        assert not any(findings.values()), findings


def records_of(steps: list[Packed]) -> list[Record]:
    """What the steps wrote to one topic."""
    return [Record(0, 0, one.key, one.value, tuple(one.headers)) for step in steps for one in step.events()]
