"""The journal's record: which ranges a step handled, at which controls version, what it published, chained. Pure.

`chain` = sha256 hex over the previous record's chain (as text, empty before the first step) followed by this record as
canonical JSON without its chain: keys sorted, no spaces. A record changed, dropped or swapped breaks every later chain.
"""

import hashlib
from dataclasses import dataclass

import msgspec

from risk_stream.kafka.failstop import Doubt

Range = tuple[int, int]
"""Half-open range of offsets: from the first handled to the first not handled."""

FIRST_SEQ = 1


class JournalRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step. `outputs` is the digest of every payload it published."""

    seq: int
    values: Range
    orders: Range
    controls: int
    outputs: str
    chain: str


@dataclass(frozen=True, slots=True)
class JournalEnd:
    """Where the journal of a partition stands: what the next record has to continue."""

    seq: int
    values_to: int
    orders_to: int
    controls: int
    chain: str


_decoder = msgspec.json.Decoder(JournalRecord)


def canonical(seq: int, values: Range, orders: Range, controls: int, outputs: str) -> bytes:
    """The bytes that are chained: canonical JSON (sorted names, no spaces) of numbers and a digest in hex."""
    return (
        f'{{"controls":{controls},"orders":[{orders[0]},{orders[1]}],"outputs":"{outputs}","seq":{seq},'
        f'"values":[{values[0]},{values[1]}]}}'
    ).encode()


def chained(previous: str, record: bytes) -> str:
    """The chain value of a canonical record after the chain value `previous`."""
    return hashlib.sha256(previous.encode() + record).hexdigest()


def next_record(end: JournalEnd, values: Range, orders: Range, controls: int, outputs: str) -> JournalRecord:
    """The record of the step that comes after `end`; Doubt when it was decided with older controls."""
    if controls < end.controls:
        raise Doubt(f"step {end.seq + 1} was decided at controls {controls}, the one before it at {end.controls}")
    chain = chained(end.chain, canonical(end.seq + 1, values, orders, controls, outputs))
    return JournalRecord(end.seq + 1, values, orders, controls, outputs, chain)


def end_after(record: JournalRecord) -> JournalEnd:
    """Where the journal stands once this record is on it."""
    return JournalEnd(record.seq, record.values[1], record.orders[1], record.controls, record.chain)


def encode(record: JournalRecord) -> bytes:
    """The record as it stands on the topic: the canonical JSON with the chain, the first of the sorted names."""
    rest = canonical(record.seq, record.values, record.orders, record.controls, record.outputs)
    return b'{"chain":"%b",%b' % (record.chain.encode(), rest[1:])


def decode(value: bytes | None) -> JournalRecord:
    """The record of these bytes; Doubt when they are none."""
    try:
        return _decoder.decode(value or b"")
    except msgspec.MsgspecError as error:
        raise Doubt(f"journal record unreadable: {error}") from error


def verify(end: JournalEnd, record: JournalRecord) -> None:
    """Doubt unless the record continues the journal: next seq, contiguous ranges, controls not older, chain whole."""
    if record.seq != end.seq + 1:
        raise Doubt(f"journal: step {record.seq} after step {end.seq}")
    for name, (start, stop), expected in (
        ("values", record.values, end.values_to),
        ("orders", record.orders, end.orders_to),
    ):
        if start != expected or stop < start:
            raise Doubt(f"journal step {record.seq}: {name} [{start},{stop}) does not continue {expected}")
    if record.controls < end.controls:
        raise Doubt(f"journal step {record.seq}: controls {record.controls} after {end.controls}")
    expected_chain = chained(
        end.chain, canonical(record.seq, record.values, record.orders, record.controls, record.outputs)
    )
    if record.chain != expected_chain:
        raise Doubt(f"journal step {record.seq}: chain broken")


def beginning(values_from: int, orders_from: int) -> JournalEnd:
    """Where an empty journal stands: before the first step, at the first records of both inputs."""
    return JournalEnd(FIRST_SEQ - 1, values_from, orders_from, -1, "")
