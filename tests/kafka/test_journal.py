"""The journal's record: its bytes, its chain, and what may follow what."""

import hashlib
import json

import pytest

from risk_stream.kafka.failstop import Doubt
from risk_stream.kafka.journal import (
    JournalEnd,
    JournalRecord,
    beginning,
    decode,
    encode,
    end_after,
    next_record,
    verify,
)

START = beginning(0, 5)


def chain_of(count: int) -> list[JournalRecord]:
    """Some contiguous records."""
    records, end = [], START
    for step in range(count):
        values = (end.values_to, end.values_to + step)
        record = next_record(end, values, (end.orders_to, end.orders_to + 3), step - 1, f"digest-{step}")
        records.append(record)
        end = end_after(record)
    return records


def test_the_first_step_has_number_one_and_starts_where_the_inputs_do() -> None:
    """An empty journal is followed by step 1."""
    record = next_record(START, (0, 2), (5, 9), -1, "d")
    assert (record.seq, record.values, record.orders, record.controls) == (1, (0, 2), (5, 9), -1)


def test_controls_never_go_back() -> None:
    """A step decided with older limits than the one before it is not published."""
    end = end_after(chain_of(4)[-1])
    values, orders = (end.values_to, end.values_to), (end.orders_to, end.orders_to)
    assert next_record(end, values, orders, end.controls, "d").controls == end.controls
    with pytest.raises(Doubt, match=f"step {end.seq + 1} was decided at controls {end.controls - 1}"):
        next_record(end, values, orders, end.controls - 1, "d")


def test_a_record_is_canonical_json() -> None:
    """Sorted names, no spaces: what any language's JSON library makes of the fields."""
    for record in chain_of(4):
        fields = {name: getattr(record, name) for name in ("seq", "values", "orders", "controls", "outputs", "chain")}
        assert encode(record) == json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
        assert decode(encode(record)) == record


def test_the_chain_can_be_recomputed_from_the_published_bytes_alone() -> None:
    """sha256 over the previous chain and the record without its own, as sorted compact JSON."""
    previous = ""
    for record in chain_of(4):
        fields = json.loads(encode(record))
        chain = fields.pop("chain")
        text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
        assert chain == hashlib.sha256((previous + text).encode()).hexdigest()
        previous = chain


def test_a_record_survives_its_encoding() -> None:
    """What is read is what was written."""
    for record in chain_of(3):
        assert decode(encode(record)) == record


def test_a_whole_journal_verifies() -> None:
    """Each record continues the one before."""
    end = START
    for record in chain_of(5):
        verify(end, record)
        end = end_after(record)
    assert end.seq == 5


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"seq": 4}, "step 4 after step 2"),
        ({"values": (2, 3)}, "values"),
        ({"values": (1, 0)}, "values"),
        ({"orders": (12, 14)}, "orders"),
        ({"controls": -1}, "controls"),
        ({"outputs": "other"}, "chain"),
        ({"chain": "0" * 64}, "chain"),
    ],
)
def test_a_changed_record_is_found(change: dict[str, object], complaint: str) -> None:
    """Whatever is altered, verification stops at it."""
    first, second, third = chain_of(3)
    fields = {name: getattr(third, name) for name in third.__struct_fields__}
    changed = JournalRecord(**{**fields, **change})
    with pytest.raises(Doubt, match=complaint):
        verify(end_after(second), changed)
    assert first.seq == 1


def test_a_dropped_record_is_found() -> None:
    """The next one does not continue the one before it."""
    first, _, third = chain_of(3)
    with pytest.raises(Doubt, match="step 3 after step 1"):
        verify(end_after(first), third)


@pytest.mark.parametrize("value", [None, b"", b"{}", b"[1]", b'{"seq":1,"extra":2}', b"\xff"])
def test_bytes_that_are_no_record_are_doubt(value: bytes | None) -> None:
    """Nothing unreadable is skipped."""
    with pytest.raises(Doubt, match="unreadable"):
        decode(value)


def test_an_end_names_what_comes_next() -> None:
    """Both inputs go on where the last range ended."""
    record = next_record(JournalEnd(7, 10, 20, 3, "c"), (10, 12), (20, 20), 4, "d")
    assert end_after(record) == JournalEnd(8, 12, 20, 4, record.chain)
