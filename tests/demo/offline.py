"""A scenario played without a broker: the engine in this process, one partition, and the logs the topics would hold."""

import json
from collections.abc import Sequence

from risk_stream.decide.engine import Engine
from risk_stream.demo.logs import INPUTS, OUTPUTS, PartitionLogs, Record
from risk_stream.demo.rounds import HALVES, Message, Scenario
from risk_stream.kafka.journal import beginning, encode, end_after, next_record
from risk_stream.messages.decode import decode_control
from risk_stream.messages.encode_control import encode_control
from risk_stream.messages.limits_file import read_limits_file
from risk_stream.messages.records import Records, records_from
from risk_stream.rules.book import Controls

PREFIX = "risk."
NOW_MS = 1_800_000_000_000


class NoRows:
    """Nothing is saved."""

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        """Nothing is known."""
        return [None] * len(keys)


class Offline:
    """One partition and its logs."""

    def __init__(self, limits: str) -> None:
        self.logs = PartitionLogs(0, 1, PREFIX, {name: [] for name in (*INPUTS, *OUTPUTS)})
        self.engine, self.controls = Engine(0, 1, NoRows(), topic_prefix=PREFIX), Controls()
        self.end = beginning(0, 0)
        for control in read_limits_file(limits, NOW_MS):
            value = encode_control(control)
            self.controls.append(len(self.logs.records["controls"]), decode_control(value, NOW_MS))
            self._append("controls", None, value)

    def step(self, values: Sequence[Message], orders: Sequence[Message]) -> None:
        """One step of the worker."""
        batches = [self._take("portfolio-values", values), self._take("orders", orders)]
        output = self.engine.step(batches[0], batches[1], self.controls.plan())
        ranges = [
            (before, int(batch.offsets[-1]) + 1 if batch.size else before)
            for batch, before in zip(batches, (self.end.values_to, self.end.orders_to), strict=True)
        ]
        record = next_record(self.end, ranges[0], ranges[1], self.controls.version, output.digest)
        self.end = end_after(record)
        self._append("journal", None, encode(record))
        for name, topic in (
            ("decisions", output.decisions),
            ("portfolio-risk", output.portfolio_risk),
            ("violations", output.violations),
            ("dead-letters", output.dead_letters),
        ):
            for event in topic.events():
                self._append(name, event.key, event.value, dict(event.headers))

    def play(self, scenario: Scenario) -> None:
        """All rounds, each a step of values and orders of different halves."""
        approved: list[set[str]] = [set() for _ in range(HALVES)]
        self.step(scenario.values(0, ()), ())
        for number in range(len(scenario.rounds)):
            orders = scenario.orders(number)
            last = number + 1 == len(scenario.rounds)
            values = [] if last else scenario.values(number + 1, approved[(number + 1) % HALVES])
            seen = len(self.logs.records["decisions"])
            self.step(values, orders)
            decided = [json.loads(one.value or b"") for one in self.logs.records["decisions"][seen:]]
            approved[number % HALVES] = {one["order_id"] for one in decided if one["decision"] == "APPROVED"}

    def _take(self, topic: str, messages: Sequence[Message]) -> Records:
        first = len(self.logs.records[topic])
        for key, value in messages:
            self._append(topic, key, value)
        offsets = list(range(first, first + len(messages)))
        keys: list[bytes | None] = [one.key for one in messages]
        values: list[bytes | None] = [one.value for one in messages]
        return records_from(offsets, [NOW_MS] * len(messages), keys, values)

    def _append(
        self, topic: str, key: bytes | None, value: bytes | None, headers: dict[str, bytes] | None = None
    ) -> None:
        log = self.logs.records[topic]
        log.append(Record(len(log), NOW_MS, key, value, headers or {}))
