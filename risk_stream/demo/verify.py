"""Is every payload what the contract says? The naive model decides everything again, and the answers are compared.

It is fed with the records as they stand in the topics, interleaved as the journal says. Nothing of the engine takes
part: neither its decoder nor its code to read the journal.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from risk_stream.audit.naive import NaiveModel
from risk_stream.demo.logs import PartitionLogs, Record

Payload = dict[str, Any]
TOPICS = ("decisions", "violations", "dead-letters")
PICTURE = ("total_value", "peaks", "drawdowns", "gross_exposure", "net_exposure", "open_orders", "trading_state")
DIFFERENCES_KEPT_MAX = 20
SHOWN_MAX = 600


class Verdict(NamedTuple):
    """What came of a partition: how many payloads were compared, and the first differences."""

    compared: int
    differences: list[str]


class JournalError(Exception):
    """The journal does not name every record of the inputs once, in order, or a step did not know the limits."""


def verify_partition(logs: PartitionLogs) -> Verdict:
    """Compare every decision, violation and dead letter, in order, and the last risk picture of each portfolio."""
    expected: dict[str, list[Payload]] = {name: [] for name in TOPICS}
    try:
        pictures = _recompute(logs, expected)
    except JournalError as error:
        return Verdict(0, [f"journal/{logs.partition}: {error}"])
    differences: list[str] = []
    compared = 0
    for name in TOPICS:
        published = [_published(name, record) for record in logs.records[name]]
        compared += len(published)
        differences += _differences(f"{name}/{logs.partition}", expected[name], published)
    latest = _last_pictures(logs)
    compared += len(latest)
    for name in {**pictures, **latest}:  # one that was never published differs too
        expectation, publication = pictures.get(name, {}), latest.get(name, {})
        differences += _differences(f"portfolio-risk/{logs.partition} {name}", [expectation], [publication])
    differences += _strays(logs)
    return Verdict(compared, differences[:DIFFERENCES_KEPT_MAX])


def _last_pictures(logs: PartitionLogs) -> dict[str, Payload]:
    """The last risk picture of each portfolio, as it was published."""
    latest = {(record.key or b"").decode(): record.value for record in logs.records["portfolio-risk"]}
    told = {name: json.loads(value or b"{}") for name, value in latest.items()}
    return {name: {field: one.get(field) for field in PICTURE} for name, one in told.items()}


def _recompute(logs: PartitionLogs, expected: dict[str, list[Payload]]) -> dict[str, Payload]:
    """Fill in what must have been published; the picture of each portfolio after its last valued step."""
    model = NaiveModel(logs.partition, logs.partitions, logs.prefix)
    controls = iter(logs.records["controls"])
    waiting = next(controls, None)
    pictures: dict[str, Payload] = {}
    for version, values, orders in _steps(logs):
        while waiting and waiting.offset <= version:
            refused = model.control(waiting.offset, waiting.timestamp, waiting.key, waiting.value)
            if logs.partition == 0:  # its owner publishes them
                _collect(expected, refused)
            waiting = next(controls, None)
        applied: dict[str, None] = {}
        for record in values:
            _collect(expected, model.value(record.offset, record.timestamp, record.key, record.value))
            name = (record.key or b"").decode("utf-8", "replace")
            portfolio = model.portfolios.get(name)
            if portfolio is not None and portfolio.value_offset == record.offset:
                applied[name] = None
        for record in orders:
            _collect(expected, model.order(record.offset, record.timestamp, record.key, record.value))
        for name in applied:
            risk = model.risk(name)
            pictures[name] = {field: risk[field] for field in PICTURE}
    return pictures


def _steps(logs: PartitionLogs) -> Iterator[tuple[int, Sequence[Record], Sequence[Record]]]:
    """Controls version, values and orders of each step. Raises JournalError.

    All limits were there before the worker started: a step under fewer was decided without some of them.
    """
    last_control = max((record.offset for record in logs.records["controls"]), default=-1)
    ends = {"values": 0, "orders": 0}
    inputs = {"values": iter(logs.records["portfolio-values"]), "orders": iter(logs.records["orders"])}
    waiting = {name: next(records, None) for name, records in inputs.items()}
    for record in logs.records["journal"]:
        step = json.loads(record.value or b"")
        if step["controls"] != last_control:
            raise JournalError(f"step {step['seq']}: controls version {step['controls']}, not {last_control}")
        taken: dict[str, list[Record]] = {"values": [], "orders": []}
        for name, mine in taken.items():
            start, stop = step[name]
            if start != ends[name] or stop < start:
                raise JournalError(f"step {step['seq']}: {name} [{start},{stop}) does not continue {ends[name]}")
            ends[name] = stop
            while (one := waiting[name]) is not None and one.offset < stop:
                mine.append(one)
                waiting[name] = next(inputs[name], None)
        yield step["controls"], taken["values"], taken["orders"]
    left = {name: one.offset for name, one in waiting.items() if one is not None}
    if left:
        raise JournalError(f"records from here on were never handled: {left}")


def _collect(expected: dict[str, list[Payload]], outputs: Sequence[tuple[str, Payload]]) -> None:
    for topic, payload in outputs:
        expected[topic].append(payload)


def _published(topic: str, record: Record) -> Payload:
    """A record in the words of the model: the text of a `detail` is not part of the contract, its field is."""
    if topic == "dead-letters":
        return {name: record.headers[name].decode() for name in ("reason", "source")}
    payload: Payload = json.loads(record.value or b"")
    if topic == "decisions" and (detail := payload.pop("detail", None)) is not None:
        payload["detail_field"] = detail.partition(":")[0]
    return payload


def _differences(place: str, expected: Sequence[Payload], published: Sequence[Payload]) -> Iterator[str]:
    if len(expected) != len(published):
        yield f"{place}: {len(published)} published, {len(expected)} expected"
    for number, (mine, theirs) in enumerate(zip(expected, published, strict=False)):
        if mine != theirs:
            names = [name for name in {**mine, **theirs} if mine.get(name) != theirs.get(name)]
            cut = [{name: one.get(name) for name in names} for one in (mine, theirs)]
            yield f"{place} number {number}: expected {cut[0]!s:.{SHOWN_MAX}}, published {cut[1]!s:.{SHOWN_MAX}}"


def _strays(logs: PartitionLogs) -> Iterator[str]:
    """A dead letter carries its source's key and bytes as they were, every other output its portfolio's key."""
    sources = {
        f"{logs.prefix}{name}/{0 if name == 'controls' else logs.partition}@{record.offset}": record
        for name in ("orders", "portfolio-values", "controls")
        for record in logs.records[name]
    }
    for record in logs.records["dead-letters"]:
        source = sources.get(record.headers["source"].decode())
        if source is None or (source.key, source.value) != (record.key, record.value):
            yield f"dead-letters/{logs.partition}@{record.offset}: not the record of its source"
    for name in ("decisions", "violations"):
        for record in logs.records[name]:
            if json.loads(record.value or b"")["portfolio_id"].encode() != record.key:
                yield f"{name}/{logs.partition}@{record.offset}: its key is not its portfolio"
