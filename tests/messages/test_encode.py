"""Outputs byte for byte as the contract has them, and controls that are read back as they were written."""

import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from risk_stream.messages.control import Control, Halt, Override, Rebase, Reduce, RemoveLimit, Resume, SetLimit
from risk_stream.messages.decision import Decision, ListedLimit, NotEvaluable, Severity, Verdict, encode_decision
from risk_stream.messages.decode import decode_control
from risk_stream.messages.encode_control import encode_control
from risk_stream.messages.fault import Fault, FaultReason
from risk_stream.messages.headers import dead_letter_headers, violation_headers
from risk_stream.messages.inputs import Inputs, position_text, source_text
from risk_stream.messages.instant import format_time
from risk_stream.messages.limit import DRAWDOWN_WINDOWS_MS, OPERATORS, Action, Limit, Mode, Scope, Unit, measure_of
from risk_stream.messages.limit_kind import LimitKind, Measure
from risk_stream.messages.portfolio_risk import PortfolioRisk, TradingState, Windows, encode_portfolio_risk
from risk_stream.messages.violation import Trigger, Violation, ViolationEvent, encode_violation, violation_id

AT = 1_795_341_600_000
INPUTS = Inputs("3@1042", "3@977", 17)
APPROVED = Decision("3-1042", "O-1", "P-1", "AAPL", Verdict.APPROVED, "OK", None, (), 9, INPUTS, AT)
VIOLATION = Violation(
    violation_id="L-1:v:3:977:AAPL",
    event=ViolationEvent.DETECTED,
    trigger=Trigger.VALUE,
    limit_id="L-1",
    kind=LimitKind.POSITION_SIZE,
    severity=Severity.CRITICAL,
    action=Action.HALT,
    mode=Mode.SHADOW,
    portfolio_id="P-1",
    order_id=None,
    symbol="AAPL",
    sector=None,
    observed="0.25",
    threshold="0.2",
    utilisation="1.25",
    reason=None,
    inputs=Inputs(None, "3@977", -1),
    ts=AT,
)


def test_a_decision_is_written_as_the_contract_shows() -> None:
    """The example of the contract, byte for byte."""
    assert encode_decision(APPROVED) == (
        b'{"type":"DECISION","decision_id":"3-1042","order_id":"O-1","portfolio_id":"P-1","symbol":"AAPL",'
        b'"decision":"APPROVED","code":"OK","violations":[],"limits_evaluated":9,'
        b'"inputs":{"order":"3@1042","value":"3@977","controls":17},"ts":"2026-11-22T10:00:00.000Z"}'
    )


def test_an_invalid_order_has_a_detail() -> None:
    """It stands behind the code; the symbol is null where unusable, the value before the first."""
    decision = Decision(
        "0-7",
        "O-1",
        "P-1",
        None,
        Verdict.REJECTED,
        "INVALID_ORDER",
        "symbol: is missing",
        (),
        0,
        Inputs("0@7", None, -1),
        0,
    )
    assert encode_decision(decision) == (
        b'{"type":"DECISION","decision_id":"0-7","order_id":"O-1","portfolio_id":"P-1","symbol":null,'
        b'"decision":"REJECTED","code":"INVALID_ORDER","detail":"symbol: is missing","violations":[],'
        b'"limits_evaluated":0,"inputs":{"order":"0@7","value":null,"controls":-1},"ts":"1970-01-01T00:00:00.000Z"}'
    )


def test_listed_limits_say_why_they_are_not_evaluable() -> None:
    """`reason` is there only then, and observed and utilisation are null."""
    breached = ListedLimit("A", LimitKind.ORDER_RATE, Severity.SOFT_BREACH, "11", "10", "1.1", None)
    unknown = ListedLimit("B", LimitKind.DRAWDOWN, Severity.HARD_BREACH, None, "0.1", None, NotEvaluable.NO_VALUATION)
    decision = Decision(
        "1-1", "O", "P", "S", Verdict.REJECTED, "NOT_EVALUABLE", None, (breached, unknown), 2, INPUTS, AT
    )
    assert json.loads(encode_decision(decision))["violations"] == [
        {
            "limit_id": "A",
            "kind": "ORDER_RATE",
            "severity": "SOFT_BREACH",
            "observed": "11",
            "threshold": "10",
            "utilisation": "1.1",
        },
        {
            "limit_id": "B",
            "kind": "DRAWDOWN",
            "severity": "HARD_BREACH",
            "observed": None,
            "threshold": "0.1",
            "utilisation": None,
            "reason": "NO_VALUATION",
        },
    ]


def test_only_quote_and_backslash_are_escaped() -> None:
    """Everything else that is printable is written as it is, in UTF-8."""
    decision = Decision("1-1", 'a"b\\c/é日\U0001f600', "P", "S", Verdict.APPROVED, "OK", None, (), 0, INPUTS, AT)
    assert '"order_id":"a\\"b\\\\c/é日\U0001f600"'.encode() in encode_decision(decision)


def test_a_violation_is_written_with_every_field() -> None:
    """In the order of the contract, null where there is none."""
    assert encode_violation(VIOLATION) == (
        b'{"type":"VIOLATION","violation_id":"L-1:v:3:977:AAPL","event":"DETECTED","trigger":"VALUE","limit_id":"L-1",'
        b'"kind":"POSITION_SIZE","severity":"CRITICAL","action":"HALT","mode":"SHADOW","portfolio_id":"P-1",'
        b'"order_id":null,"symbol":"AAPL","sector":null,"observed":"0.25","threshold":"0.2","utilisation":"1.25",'
        b'"reason":null,"inputs":{"order":null,"value":"3@977","controls":-1},"ts":"2026-11-22T10:00:00.000Z"}'
    )


def test_violation_ids_name_their_cause() -> None:
    """Limit, kind of record, partition and offset; the symbol or sector of a standing limit."""
    assert violation_id("L-1", Trigger.ORDER, 3, 1042) == "L-1:o:3:1042"
    assert violation_id("L-1", Trigger.VALUE, 0, 7, "TECH") == "L-1:v:0:7:TECH"


def test_a_violation_is_a_cloud_event() -> None:
    """CloudEvents 1.0 in binary mode; the time is that of the event."""
    assert violation_headers(VIOLATION, source_text("risk.portfolio-values", 3, 977)) == [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"L-1:v:3:977:AAPL"),
        ("ce_type", b"risk_stream.violation.v1"),
        ("ce_source", b"risk.portfolio-values/3@977"),
        ("ce_subject", b"P-1"),
        ("ce_time", b"2026-11-22T10:00:00.000Z"),
        ("content-type", b"application/json"),
    ]


@pytest.mark.parametrize(
    ("key", "subject"), [(b"P-1", b"P-1"), (None, None), (b"", None), (b"\xff", None), (b"a b", None), (b"\n", None)]
)
def test_a_dead_letter_says_what_and_where(key: bytes | None, subject: bytes | None) -> None:
    """Reason, detail and source; the subject only where the key could be a portfolio."""
    fault = Fault(FaultReason.KEY_MISMATCH, "key: is not the portfolio_id")
    headers = dict(dead_letter_headers(fault, source_text("risk.orders", 3, 1042), key, AT))
    assert headers["reason"] == b"KEY_MISMATCH"
    assert headers["detail"] == b"key: is not the portfolio_id"
    assert headers["source"] == headers["ce_source"] == headers["ce_id"] == b"risk.orders/3@1042"
    assert headers["ce_time"] == b"2026-11-22T10:00:00.000Z"
    assert headers.get("ce_subject") == subject


def test_the_risk_picture_is_written_in_order() -> None:
    """Decimals as strings, null before the first valuation."""
    some, none = Windows("1", "2", "3.5", "4"), Windows(None, None, None, None)
    risk = PortfolioRisk("P-1", "1", some, none, "5", None, 6, TradingState.REDUCING, "0@7", 8, AT)
    assert encode_portfolio_risk(risk) == (
        b'{"type":"PORTFOLIO_RISK","portfolio_id":"P-1","total_value":"1",'
        b'"peaks":{"P1D":"1","P7D":"2","P30D":"3.5","TOTAL":"4"},'
        b'"drawdowns":{"P1D":null,"P7D":null,"P30D":null,"TOTAL":null},"gross_exposure":"5","net_exposure":null,'
        b'"open_orders":6,"trading_state":"REDUCING","inputs":{"value":"0@7","controls":8},'
        b'"ts":"2026-11-22T10:00:00.000Z"}'
    )


def test_times_always_have_three_decimals() -> None:
    """From 1970 to the last millisecond of 9999."""
    assert format_time(0) == "1970-01-01T00:00:00.000Z"
    assert format_time(253_402_300_799_999) == "9999-12-31T23:59:59.999Z"
    assert position_text(3, 1042) == "3@1042"


ids = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=64)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50).filter(lambda text: text.strip())
times = st.integers(0, 253_402_300_799_999)
scopes = st.builds(Scope, *[st.none() | ids] * 5)
DIGITS = {Measure.QUANTITY: 8, Measure.MONEY: 4, Measure.COUNT: 0, Measure.SECONDS: 3}


@st.composite
def limits(draw: st.DrawFn) -> Limit:
    """Any limit that a SET_LIMIT can hold."""
    kind = draw(st.sampled_from(LimitKind))
    unit = draw(st.sampled_from(Unit)) if kind.exposure else Unit.RATIO
    digits = DIGITS.get(measure_of(kind, unit), 20)
    least = -(10**9) if kind is LimitKind.METRIC else 0
    window = None
    if kind.rolling is not None:
        window = draw(st.integers(60, 30 * 86_400_000))
    elif kind is LimitKind.DRAWDOWN:
        window = draw(st.sampled_from(sorted(DRAWDOWN_WINDOWS_MS.values())))
    is_metric = kind is LimitKind.METRIC
    return Limit(
        limit_id=draw(ids),
        kind=kind,
        scope=draw(scopes),
        threshold=Decimal(draw(st.integers(least, 10**9))).scaleb(-draw(st.integers(0, digits))),
        warn_ratio=draw(st.floats(0, 1, allow_subnormal=False).filter(lambda ratio: ratio == 0 or ratio > 1e-40)),
        action=draw(st.sampled_from(Action)),
        mode=draw(st.sampled_from(Mode)),
        effective_from=draw(st.none() | times),
        window_ms=window,
        unit=unit,
        adverse_move=draw(st.integers(0, 100 * 10**8)) if kind is LimitKind.DRAWDOWN else 0,
        metric=draw(ids) if is_metric else None,
        operator=draw(st.sampled_from(OPERATORS)) if is_metric else None,
        symbols=draw(st.frozensets(ids, max_size=5)) if kind is LimitKind.RESTRICTED_SYMBOL else frozenset(),
    )


given_by = (texts, texts, st.just(AT))
controls: st.SearchStrategy[Control] = st.one_of(
    st.builds(SetLimit, limits(), *given_by),
    st.builds(RemoveLimit, ids, *given_by),
    *(st.builds(command, st.none() | ids, *given_by) for command in (Halt, Reduce, Resume)),
    st.builds(Override, ids, ids, times, st.just("bob"), st.just("eve"), *given_by),
    st.builds(Rebase, ids, *given_by),
)


# Making texts is slow the first time, whatever the machine's load: that says nothing about the encoder.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(controls)
def test_controls_are_read_back_as_they_were(control: Control) -> None:
    """decode_control(encode_control(x)) is x, for every control, of the record's time."""
    assert decode_control(encode_control(control), AT) == control


def test_a_control_is_never_refused_for_the_clock_it_was_written_by() -> None:
    """The broker's time counts, however far ahead that of the writer is."""
    assert decode_control(encode_control(Halt(None, "jane", "drill", AT + 3_600_000)), AT) == Halt(
        None, "jane", "drill", AT
    )
