"""The invariants: what one partition's logs hold, against what they must hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.oracle.journal import Step, read_journal
from tests.oracle.model import Answer, Model, Payload
from tests.oracle.read import Record

KEPT = 20  # findings of one invariant that are kept word for word
INPUTS = ("orders", "portfolio-values")


@dataclass(slots=True)
class Logs:
    """Everything about one partition; `controls` is the one log all partitions share."""

    partition: int
    partitions: int
    values: Sequence[Record]
    orders: Sequence[Record]
    controls: Sequence[Record]
    journal: Sequence[Record]
    decisions: Sequence[Record]
    violations: Sequence[Record]
    dead_letters: Sequence[Record]
    prefix: str = "risk."


NOT_READ = b"not read"
"""What stands for the bytes of a batch too large to be inflated; its dead letter says so in words of its own."""


@dataclass(slots=True)
class Verdict:
    """What was judged and what was found."""

    findings: dict[str, list[str]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def find(self, invariant: str, text: str) -> None:
        """Note one violation of an invariant."""
        name = f"violated {invariant}"
        self.counts[name] = self.counts.get(name, 0) + 1
        kept = self.findings.setdefault(invariant, [])
        if len(kept) < KEPT:
            kept.append(text)

    def count(self, name: str, number: int = 1) -> None:
        """Count what was judged."""
        self.counts[name] = self.counts.get(name, 0) + number

    def add(self, other: Verdict) -> None:
        """Take another partition's verdict in."""
        for invariant, texts in other.findings.items():
            kept = self.findings.setdefault(invariant, [])
            kept += texts[: KEPT - len(kept)]
        for name, number in other.counts.items():
            self.count(name, number)

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


class Outputs:
    """The payloads of one output log by their id, each compared as soon as its input is: what is left is invented.

    Only their bytes are kept: taken apart, those of five million orders would be more than a machine has.
    """

    def __init__(self, verdict: Verdict, what: str, partition: int, records: Sequence[Record]) -> None:
        self._verdict, self._what, self._where = verdict, what, f"{what}s {partition}"
        self._unclaimed: dict[str, int] = {}  # the place of each among the records, by id
        self._records = records
        self._group, self._first, self._before = "", -1, -1  # the cause, its first place, that of the cause before
        for place, record in enumerate(records):
            at = f"{self._where}@{record.offset}"
            try:
                identity = str(json.loads(record.value or b"")[f"{what}_id"])
            except (ValueError, KeyError, TypeError):
                verdict.find("I2", f"{at}: no {what}_id in it")
                continue
            if identity in self._unclaimed:
                verdict.find("I3", f"{at}: {what}_id {identity} stands on the log twice")
                continue
            self._unclaimed[identity] = place
        verdict.count(f"{what}s", len(self._unclaimed))

    def take(self, identity: str, cause: str) -> Record | None:
        """The record of this id; the first of each cause must stand behind the first of the cause before."""
        place = self._unclaimed.pop(identity, None)
        if place is None:
            return None
        if cause != self._group:
            self._group, self._first, self._before = cause, place, self._first
        elif place < self._first:
            self._first = place
        if self._first < self._before:
            self._verdict.find("I6", f"{self._where}: {identity} stands before those of what came before it")
            self._before = -1  # told once
        return self._records[place]

    def rest(self) -> None:
        """What no input led to."""
        for place in self._unclaimed.values():
            fields = json.loads(self._records[place].value or b"")
            identity = fields[f"{self._what}_id"]
            self._verdict.find("I2", f"{self._what} {identity} is invented: {_short(fields)}")


Deaths = dict[str, tuple[Record, str | None]]  # by source: the record that died, and the reason if the contract has it


class Judge:
    """One partition's hearing."""

    def __init__(self, logs: Logs) -> None:
        self.logs = logs
        self.verdict = Verdict()
        self.model = Model(logs.partition, logs.partitions)
        self.decisions = Outputs(self.verdict, "decision", logs.partition, logs.decisions)
        self.violations = Outputs(self.verdict, "violation", logs.partition, logs.violations)
        self.deaths: Deaths = {}
        self._controls = 0  # records of the controls log folded so far
        self._values = 0
        self._orders = 0

    def run(self) -> Verdict:
        """Recompute every answer in the journal's order and compare."""
        steps, wrong = read_journal(self.logs.journal)
        for offset, text in wrong:
            self.verdict.find("I6", f"journal {self.logs.partition}@{offset}: {text}")
        for step in steps:
            self._step(step)
        self._unanswered(self.logs.values[self._values :], "portfolio-values")
        self._unanswered(self.logs.orders[self._orders :], "orders")
        self.decisions.rest()
        self.violations.rest()
        self._compare_deaths()
        self.verdict.count("steps", len(steps))
        self.verdict.count("orders", len(self.logs.orders))
        self.verdict.count("values", len(self.logs.values))
        return self.verdict

    # Recomputing

    def _step(self, step: Step) -> None:
        controls = self.logs.controls
        while self._controls < len(controls) and controls[self._controls].offset <= step.controls:
            record = controls[self._controls]
            understood = self.model.control(record.offset, record.value, record.timestamp)
            if not understood and self.logs.partition == 0:
                self.deaths[f"{self.logs.prefix}controls/0@{record.offset}"] = (record, None)
            self._controls += 1
        self.model.book.version = step.controls
        if step.controls > (controls[-1].offset if controls else -1):
            self.verdict.find("I6", f"seq {step.seq}: controls version {step.controls} is beyond the log")
        self._values = self._range(self.logs.values, self._values, step.values[1], self.model.value, "portfolio-values")
        self._orders = self._range(self.logs.orders, self._orders, step.orders[1], self.model.order, "orders")

    def _range(
        self,
        records: Sequence[Record],
        start: int,
        end: int,
        handle: Callable[[int, bytes | None, bytes | None, int], Answer],
        topic: str,
    ) -> int:
        """Handle the records below offset `end`, in a gap's case also those the journal leaves out."""
        at = start
        while at < len(records) and records[at].offset < end:
            record = records[at]
            answer = handle(record.offset, record.key, record.value, record.timestamp)
            if answer.decision is not None:
                self._decided(answer.decision, record.key)
            if answer.dead is not None:
                reason = answer.dead.reason if answer.dead.named else None
                self.deaths[f"{self.logs.prefix}{topic}/{self.logs.partition}@{record.offset}"] = (record, reason)
            for violation in answer.violations:
                self._violated(violation)
            at += 1
        return at

    def _unanswered(self, records: Sequence[Record], topic: str) -> None:
        for record in records:
            self.verdict.find("I1", f"{topic} {self.logs.partition}@{record.offset}: no step holds it")

    # Comparing

    def _decided(self, payload: Payload, key: bytes | None) -> None:
        """A decision that must stand on its log, behind the one before, under its order's key."""
        identity = str(payload["decision_id"])
        found = self.decisions.take(identity, identity)
        if found is None:
            self.verdict.find("I1", f"decision {identity} is missing: {_short(payload)}")
            return
        if found.key != key:
            self.verdict.find("I2", f"decision {identity} has the key {found.key!r}")
        for text in differences(payload, json.loads(found.value or b"")):
            self.verdict.find("I2", f"decision {identity}: {text}")

    def _violated(self, payload: Payload) -> None:
        """A violation that must stand on its log, behind those of what came before its cause."""
        identity = str(payload["violation_id"])
        found = self.violations.take(identity, _cause(payload))
        if found is None:
            self.verdict.find("I2", f"violation {identity} is missing: {_short(payload)}")
            return
        for text in (*differences(payload, json.loads(found.value or b"")), *envelope(found, payload)):
            self.verdict.find("I2", f"violation {identity}: {text}")

    def _compare_deaths(self) -> None:
        """Dead letters of this partition's inputs, wherever they stand."""
        mine = {f"{self.logs.prefix}{topic}/{self.logs.partition}@" for topic in INPUTS}
        if self.logs.partition == 0:
            mine.add(f"{self.logs.prefix}controls/0@")
        seen: set[str] = set()
        for letter in self.logs.dead_letters:
            headers = dict(letter.headers)
            source = headers.get("source", b"").decode(errors="replace")
            if source.rpartition("@")[0] + "@" not in mine:
                continue
            if source in seen:
                self.verdict.find("I3", f"dead letter of {source} stands on the log twice")
            seen.add(source)
            if source not in self.deaths:
                self.verdict.find("I2", f"dead letter of {source} is invented: {headers.get('reason')!r}")
                continue
            for text in _letter_differences(letter, *self.deaths[source]):
                self.verdict.find("I2", f"dead letter of {source}: {text}")
        for source in self.deaths.keys() - seen:
            self.verdict.find("I1", f"dead letter of {source} is missing")
        self.verdict.count("dead letters", len(seen))


def differences(expected: Payload, actual: Payload) -> list[str]:
    """Where a payload is not what it must be, field by field."""
    if expected == actual:
        return []
    wanted, found = _normal(expected), _normal(actual)
    texts = []
    for name in sorted(wanted.keys() | found.keys()):
        mine, theirs = wanted.get(name), found.get(name)
        if name == "detail" and isinstance(mine, list):
            if not isinstance(theirs, str) or not any(part in theirs for part in mine):
                texts.append(f"detail {theirs!r} names none of {mine}")
        elif mine != theirs:
            texts.append(f"{name} is {theirs!r}, must be {mine!r}")
    return texts


def _normal(payload: Payload) -> Payload:
    """null is an absent field, in nested objects too."""
    present = {name: value for name, value in payload.items() if value is not None}
    return {name: _normal(value) if isinstance(value, dict) else value for name, value in present.items()}


def envelope(record: Record, payload: Payload) -> list[str]:
    """Where a violation's key and CloudEvents headers are not what they must be."""
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    wanted = {
        "ce_specversion": "1.0",
        "ce_id": payload["violation_id"],
        "ce_type": "risk_stream.violation.v1",
        "ce_subject": payload["portfolio_id"],
    }
    texts = [f"header {name} is {headers.get(name)!r}" for name, value in wanted.items() if headers.get(name) != value]
    texts += [f"no header {name}" for name in ("ce_source", "ce_time", "content-type") if name not in headers]
    if record.key != str(payload["portfolio_id"]).encode():
        texts.append(f"the key is {record.key!r}")
    return texts


def _letter_differences(letter: Record, origin: Record, reason: str | None) -> list[str]:
    headers = dict(letter.headers)
    texts = []
    if origin.value is not NOT_READ and (letter.key, letter.value) != (origin.key, origin.value):
        texts.append("it does not carry the original key and bytes")
    found = headers.get("reason", b"").decode(errors="replace")
    if not found or (reason is not None and found != reason):
        texts.append(f"the reason is {found!r}, must be {reason or 'a code'!r}")
    if "detail" not in headers:
        texts.append("no header detail")
    return texts


def _cause(payload: Payload) -> str:
    inputs = payload["inputs"]
    assert isinstance(inputs, dict)
    return f"value {inputs['value']}" if payload["trigger"] == "VALUE" else f"order {inputs['order']}"


def _short(payload: Payload) -> str:
    names = ("order_id", "decision", "code", "event", "limit_id", "observed")
    return ", ".join(f"{name}={payload[name]}" for name in names if name in payload)
