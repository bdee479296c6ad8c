"""What the decoder makes of good records, and that nothing sent can make it raise."""

import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from risk_stream.messages.control import Halt, SetLimit
from risk_stream.messages.decode import Fault, Route, decode_control, decode_order, decode_value
from risk_stream.messages.execution import Execution, ExecutionStatus
from risk_stream.messages.json_object import DEPTH_MAX
from risk_stream.messages.limit import Unit
from risk_stream.messages.limit_kind import LimitKind
from risk_stream.messages.murmur2 import partition_of
from risk_stream.messages.order import InvalidOrder, Order, OrderType, Side
from risk_stream.messages.valuation import Position, Valuation

RECORDED_AT = 1_795_341_600_000
ROUTE = Route(partition_of(b"P-1", 4), 4)
ORDER = {"order_id": "O-1", "portfolio_id": "P-1", "symbol": "AAPL", "side": "BUY", "quantity": 100, "price": "187.5"}


def order_of(**changes: object) -> Order | InvalidOrder | Fault:
    """The good order with some fields changed, decoded."""
    return decode_order(json.dumps(ORDER | changes).encode(), b"P-1", RECORDED_AT, ROUTE)


def value_of(text: str) -> Valuation | Execution | Fault:
    """A record of portfolio-values of P-1, decoded."""
    return decode_value(text.encode(), b"P-1", RECORDED_AT, ROUTE)


def test_an_order_is_read_exactly() -> None:
    """Numbers become scaled integers, the missing ts the record's timestamp."""
    assert order_of() == Order(
        order_id="O-1",
        portfolio_id="P-1",
        symbol="AAPL",
        side=Side.BUY,
        quantity=100 * 10**8,
        price=1875 * 10**7,
        order_type=OrderType.LIMIT,
        reference_price=None,
        sector=None,
        strategy_id=None,
        trader_id=None,
        ts=RECORDED_AT,
    )


def test_the_price_of_a_market_order_is_dropped() -> None:
    """A MARKET order has no price of its own, whether one was sent or not."""
    order = order_of(order_type="MARKET", reference_price="180")
    assert isinstance(order, Order)
    assert (order.price, order.reference_price) == (None, 180 * 10**8)
    assert order_of(order_type="MARKET", reference_price="180", price=None) == order


@pytest.mark.parametrize(
    ("changes", "symbol", "ts"),
    [
        ({"quantity": 0, "ts": "2026-11-22T09:00:00.5Z"}, "AAPL", RECORDED_AT - 3_599_500),
        ({"quantity": 0, "symbol": "A B"}, None, RECORDED_AT),
        ({"symbol": 7, "ts": "soon"}, None, RECORDED_AT),
        ({"ts": RECORDED_AT + 60_001}, "AAPL", RECORDED_AT),
    ],
)
def test_an_invalid_order_keeps_what_is_usable(changes: dict[str, object], symbol: str | None, ts: int) -> None:
    """The symbol is None and the ts the record's where the order's are unusable."""
    invalid = order_of(**changes)
    assert isinstance(invalid, InvalidOrder)
    assert (invalid.order_id, invalid.portfolio_id, invalid.symbol, invalid.ts) == ("O-1", "P-1", symbol, ts)


@pytest.mark.parametrize(
    ("ts", "expected"),
    [
        ("2026-11-22T10:00:00.1239999Z", RECORDED_AT + 123),
        ("2026-11-22T10:00:00.1Z", RECORDED_AT + 100),
        ("2024-02-29T23:59:59.999+00:00", 1_709_251_199_999),
        ("1970-01-01T00:00:00Z", 0),
        (RECORDED_AT + 60_000, RECORDED_AT + 60_000),
        (None, RECORDED_AT),
    ],
)
def test_times_are_cut_to_milliseconds(ts: object, expected: int) -> None:
    """What is below the millisecond is cut off, never rounded."""
    order = order_of(ts=ts)
    assert isinstance(order, Order)
    assert order.ts == expected


def test_a_valuation_is_read_exactly() -> None:
    """Money in 10^-4, positions in 10^-8, metrics as the nearest double; no positions is not an empty snapshot."""
    valuation = value_of(
        '{"portfolio_id":"P-1","total_value":-12.3456,"cash_flow":"1e2","metrics":{"var":0.1,"beta":null},"sequence":7,'
        '"positions":[{"symbol":"A","quantity":"-0.5","price":2,"sector":"TECH"}],"ts":"2026-11-22T10:00:00Z"}'
    )
    position = Position("A", -50_000_000, 200_000_000, "TECH")
    assert valuation == Valuation("P-1", -123_456, 1_000_000, (position,), {"var": 0.1}, 7, RECORDED_AT)
    bare = value_of('{"portfolio_id":"P-1","total_value":0}')
    assert bare == Valuation("P-1", 0, 0, None, {}, None, RECORDED_AT)


def test_an_execution_that_is_no_fill_has_no_quantity() -> None:
    """Venues send zeros with a cancel: they are not looked at."""
    execution = value_of(
        '{"type":"EXECUTION","portfolio_id":"P-1","order_id":"O-1","execution_id":"E-1","status":"CANCELLED",'
        '"symbol":"A","side":"SELL","last_quantity":0,"last_price":0}'
    )
    status = ExecutionStatus.CANCELLED
    assert execution == Execution("P-1", "O-1", "E-1", status, "A", Side.SELL, None, None, RECORDED_AT)


def test_a_limit_holds_its_threshold_exactly() -> None:
    """0.10 is written "0.1", and an amount is compared in units of 10^-4."""
    text = (
        '{"type":"SET_LIMIT","limit_id":"L","kind":"POSITION_SIZE","unit":"amount","threshold":250000.10,'
        '"scope":{"symbol":"A"},"actor":"jane","reason":"policy"}'
    )
    control = decode_control(text.encode(), RECORDED_AT)
    assert isinstance(control, SetLimit)
    limit = control.limit
    assert (limit.kind, limit.unit, limit.scope.symbol) == (LimitKind.POSITION_SIZE, Unit.AMOUNT, "A")
    assert (limit.threshold, limit.threshold_text) == (Decimal("250000.1"), "250000.1")
    assert limit.threshold_scaled == 2_500_001_000


def test_the_last_of_a_repeated_field_counts() -> None:
    """As with most JSON readers."""
    value = b'{"type":"HALT","portfolio_id":"A","portfolio_id":"B","actor":"jane","reason":"first","reason":"last"}'
    assert decode_control(value, RECORDED_AT) == Halt("B", "jane", "last", RECORDED_AT)


HOSTILE = {
    "arrays": b"[" * 900_000,
    "objects": b'{"a":' * 180_000,
    "nested, well-formed": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "just too deep": b'{"a":' * (DEPTH_MAX + 1) + b"1" + b"}" * (DEPTH_MAX + 1),
    "unterminated": b'{"order_id":"' + b"a" * 900_000,
    "quotes": b"[" * 200 + b'\\"' * 450_000,
    "backslashes": b'{"a":"' + b"\\" * 900_000,
    "zeros": bytes(900_000),
    "no UTF-8": b'{"a":"' + b"\xff" * 900_000 + b'"}',
    "wide": b'{"a":[' + b"[]," * 300_000 + b"[]]}",
    "long id": b'{"portfolio_id":"P-1","order_id":"' + b"a" * 900_000 + b'"}',
}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_bytes_are_a_fault(value: bytes) -> None:
    """Deep, wide or 900 kB long: a dead letter each, in linear time."""
    assert isinstance(decode_order(value, b"P-1", RECORDED_AT, ROUTE), Fault)
    assert isinstance(decode_value(value, b"P-1", RECORDED_AT, ROUTE), Fault)
    assert isinstance(decode_control(value, RECORDED_AT), Fault)


def test_no_value_is_a_fault() -> None:
    """A tombstone is no message."""
    fault = Fault("MALFORMED_JSON", "value: is null")
    assert decode_order(None, b"P-1", RECORDED_AT, ROUTE) == fault
    assert decode_value(None, None, RECORDED_AT, ROUTE) == fault
    assert decode_control(None, RECORDED_AT) == fault


@pytest.mark.parametrize("digits", ["1" * 900_000, "0." + "3" * 900_000, "1e" + "9" * 900_000, "1." + "0" * 900_000])
def test_endless_numbers_are_answered(digits: str) -> None:
    """A number of 900 kB is judged by its value, wherever it stands."""
    text = f'{{"portfolio_id":"P-1","total_value":{digits},"metrics":{{"m":{digits}}},"sequence":{digits}}}'
    assert isinstance(value_of(text), Fault | Valuation)


def test_brackets_in_strings_are_no_depth() -> None:
    """Only real nesting counts towards the bound, and up to the bound it is ignored like any unknown field."""
    assert isinstance(order_of(note="[{" * 5_000 + '\\"'), Order)
    deep: object = 1
    for _ in range(DEPTH_MAX - 1):
        deep = [deep]
    assert isinstance(order_of(note=deep), Order)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["P-1", "BUY", "FILLED"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
control_names = ("type", "limit_id", "kind", "scope", "threshold", "window", "expires_at", "symbols", "unit")
field_names = st.sampled_from(
    [*Order.__struct_fields__, *Valuation.__struct_fields__, *Execution.__struct_fields__, *control_names]
)
words = st.sampled_from([*LimitKind, "SET_LIMIT", "HALT", "OVERRIDE", "EXECUTION", "VALUATION", "P-1", "MARKET", ">"])
objects = st.dictionaries(field_names, words | json_values, max_size=12)


# Making texts is slow the first time, whatever the machine's load: that says nothing about the decoder.
patient = settings(suppress_health_check=[HealthCheck.too_slow])


def decodes(value: bytes) -> None:
    """Every decoder gives an answer, with a detail that can be written, the same one each time."""
    for decode in (
        lambda: decode_order(value, b"P-1", RECORDED_AT, ROUTE),
        lambda: decode_value(value, b"P-1", RECORDED_AT, ROUTE),
        lambda: decode_control(value, RECORDED_AT),
    ):
        decoded = decode()
        assert decoded == decode()
        if isinstance(decoded, Fault | InvalidOrder):
            assert decoded.detail.isprintable()
            assert ": " in decoded.detail


@patient
@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(value: bytes) -> None:
    """Arbitrary bytes."""
    decodes(value)


@patient
@given(objects)
def test_no_json_makes_it_raise(value: dict[str, object]) -> None:
    """Objects with the right names and anything as values."""
    decodes(json.dumps({"portfolio_id": "P-1", "order_id": "O-1"} | value).encode())


@patient
@given(objects)
def test_no_control_makes_it_raise(value: dict[str, object]) -> None:
    """The same with an actor and a reason, so that the readers of the bodies are reached."""
    decodes(json.dumps({"type": "SET_LIMIT", "limit_id": "L"} | value | {"actor": "a", "reason": "r"}).encode())


@patient
@given(st.data())
def test_a_damaged_message_does_not_make_it_raise(data: st.DataObject) -> None:
    """A good order with some bytes changed or cut."""
    value = bytearray(json.dumps(ORDER).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    decodes(bytes(value[: data.draw(st.integers(0, len(value)))]))
