"""Every line of bad_input.txt, through the decoder: what comes back is what the line says."""

from collections import Counter

import pytest

from risk_stream.messages.decode import Fault, decode_control, decode_order, decode_value
from risk_stream.messages.order import InvalidOrder
from tests.messages.bad_input import GOOD, RECORDED_AT, Case, cases


def answer_to(case: Case) -> tuple[str, str]:
    """The decoder's answer and its detail."""
    value, key = case.value, case.record_key
    match case.message:
        case "order":
            decoded: object = decode_order(value, key, RECORDED_AT, case.route)
        case "valuation" | "execution":
            decoded = decode_value(value, key, RECORDED_AT, case.route)
        case _:
            decoded = decode_control(value, RECORDED_AT)
    match decoded:
        case Fault(reason=reason, detail=detail):
            return str(reason), detail
        case InvalidOrder(detail=detail):
            return "INVALID_ORDER", detail
        case _:
            return "ok", ""


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.message}: {case.sent[:60]}")
def test_answer_is_as_the_table_says(case: Case) -> None:
    """The answer and the field it names are those of the line."""
    assert answer_to(case) == (case.answer, case.detail)


def test_the_table_is_well_filled() -> None:
    """At least 60 bad orders, and good tables for all that is sent beside them."""
    by_message = Counter(case.message for case in cases() if case.answer != "ok")
    assert by_message["order"] >= 60
    assert by_message["valuation"] >= 30
    assert by_message["execution"] >= 30
    assert by_message["limit"] >= 50
    assert by_message["command"] + by_message["override"] >= 40
    assert set(by_message) == set(GOOD)
