"""Runs a scenario through a decider: lines to records, records to answers, answers against the table."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from tests.scenarios.answers import Answer, Output, given, stated
from tests.scenarios.messages import Message, Messages, instant
from tests.scenarios.table import Line, Scenario, Step


class Decider(Protocol):
    """Anything that answers record by record: the naive model, and the engine behind its adapter."""

    def control(self, offset: int, timestamp: int, key: bytes | None, value: bytes | None) -> list[Output]:
        """A record of `controls`."""

    def value(self, offset: int, timestamp: int, key: bytes | None, value: bytes | None) -> list[Output]:
        """A record of `portfolio-values`."""

    def order(self, offset: int, timestamp: int, key: bytes | None, value: bytes | None) -> list[Output]:
        """A record of `orders`."""


class MakeDecider(Protocol):
    """One decider for one partition."""

    def __call__(self, partition: int, partitions: int) -> Decider: ...


class Run:
    """One scenario on one decider. Offsets count from 0 in each topic; record timestamps follow the `time` lines."""

    def __init__(self, make_decider: MakeDecider) -> None:
        self.make_decider = make_decider
        self.partition = 0
        self.decider = make_decider(0, 1)
        self.timestamp = milliseconds("10:00:00")
        self.next_offset = {"controls": 0, "values": 0, "orders": 0}
        self.messages = Messages()
        self.kinds: dict[str, str] = {}

    def step(self, step: Step) -> None:
        """One input and its answers; AssertionError names the line."""
        line = step.line
        if line.word == "time":
            self.timestamp = milliseconds(line.rest[0])
        elif line.word == "partition":
            self.partition = int(line.rest[0])
            self.decider = self.make_decider(self.partition, int(line.rest[2]))
        else:
            topic, key, value = raw_record(line) if line.word == "raw" else self.record(line)
            if line.word == "limit":
                self.kinds[line.rest[0]] = line.rest[1]
            self.check(step, topic, self.send(topic, key, value))

    def record(self, line: Line) -> tuple[str, bytes | None, bytes | None]:
        """The topic, key and value of an input line."""
        topic, message = self.messages.of(line)
        key = str(message["portfolio_id"]).encode() if topic != "controls" else None
        return topic, key, json.dumps(message).encode()

    def send(self, topic: str, key: bytes | None, value: bytes | None) -> list[Output]:
        """Give the record to the decider."""
        offset = self.next_offset[topic]
        self.next_offset[topic] += 1
        receive = {"controls": self.decider.control, "values": self.decider.value, "orders": self.decider.order}
        return receive[topic](offset, self.timestamp, key, value)

    def check(self, step: Step, topic: str, outputs: list[Output]) -> None:
        """Compare all answers with all that are stated."""
        expected = [stated(line, self.kinds.__getitem__) for line in step.answers if line.word != "inputs"]
        answers = given(outputs)
        where = f"line {step.line.number}: {step.line.text}"
        assert matches(expected, answers), f"{where}\n  expected {expected}\n  answered {answers}"
        inputs = [stated(line, str) for line in step.answers if line.word == "inputs"]
        for topic_of_output, payload in outputs:
            if topic_of_output != "dead-letters":
                self.check_payload(where, topic, topic_of_output, payload, inputs)
        assert events_follow_decision(outputs), f"{where}\n  {outputs}"

    def check_payload(
        self, where: str, topic: str, topic_of_output: str, payload: Message, inputs: list[Answer]
    ) -> None:
        """What is true of every output: its ids, and the inputs it names."""
        here = f"{self.partition}@{self.next_offset[topic] - 1}"
        named = payload["inputs"]
        assert isinstance(named, dict), where
        assert named["order"] == (here if topic == "orders" else None), where
        assert named["controls"] == self.next_offset["controls"] - 1, where
        for expected in inputs:
            assert all(named[name] == value for name, value in expected.items() if name != "answer"), (where, named)
        if topic_of_output == "decisions":
            assert payload["decision_id"] == here.replace("@", "-"), where
            return
        letter = "o" if topic == "orders" else "v"
        subject = "" if topic == "orders" else payload["symbol"] or payload["sector"] or ""
        expected_id = f"{payload['limit_id']}:{letter}:{here.replace('@', ':')}"
        assert payload["violation_id"] == (f"{expected_id}:{subject}" if subject else expected_id), where


def run(scenario: Scenario, make_decider: MakeDecider) -> None:
    """Run all steps; AssertionError at the first line that is not answered as stated."""
    running = Run(make_decider)
    for step in scenario.steps:
        running.step(step)


def raw_record(line: Line) -> tuple[str, bytes | None, bytes | None]:
    """raw TOPIC KEY TEXT: exactly these bytes; a key or a text of `-` is null, \\xNN in the text is a byte."""
    _, topic, key, text = line.text.split(maxsplit=3)
    encoded = text.encode().decode("unicode_escape").encode("latin-1") if "\\x" in text else text.encode()
    return topic, None if key == "-" else key.encode(), None if text == "-" else encoded


def milliseconds(text: str) -> int:
    """A clock time of the table as epoch milliseconds."""
    return round(datetime.fromisoformat(instant(text)).timestamp() * 1000)


def matches(expected: list[Answer], answers: list[Answer]) -> bool:
    """Whether each answer says what the table says of it; what the table leaves out is not compared."""
    return len(expected) == len(answers) and all(
        all(name in answer and answer[name] == value for name, value in wanted.items())
        for wanted, answer in zip(expected, answers, strict=True)
    )


def events_follow_decision(outputs: Iterable[Output]) -> bool:
    """Whether the ACTIVE events of an order say what its decision lists, limit by limit."""
    outputs = list(outputs)
    decisions = [payload for topic, payload in outputs if topic == "decisions"]
    if not decisions:
        return True
    names = ("limit_id", "kind", "severity", "observed", "threshold", "utilisation")
    listed = decisions[0]["violations"]
    assert isinstance(listed, list)
    in_decision = [(*(entry[name] for name in names), entry.get("reason")) for entry in listed]
    in_events = [
        (*(payload[name] for name in names), payload["reason"])
        for topic, payload in outputs
        if topic == "violations" and payload["mode"] == "ACTIVE"
    ]
    return in_decision == in_events and all(
        payload["event"] == ("WARNING" if payload["severity"] == "WARNING" else "DETECTED")
        for topic, payload in outputs
        if topic == "violations"
    )
