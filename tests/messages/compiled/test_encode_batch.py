"""The compiled encoders against the reference encoders, byte for byte."""

import json
from decimal import Decimal
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_stream.messages.compiled.encode_batch import (
    decisions_bytes_max,
    encode_decisions,
    encode_violations,
    violations_bytes_max,
)
from risk_stream.messages.compiled.encode_decision import LEFT_OUT, write_decisions
from risk_stream.messages.compiled.limit_pieces import limit_pieces
from risk_stream.messages.compiled.order_batch import OrderBatch, decode_orders
from risk_stream.messages.compiled.order_row import FAULT
from risk_stream.messages.compiled.result_row import (
    CODES,
    DECISION_ROW,
    OBSERVED_SCALED,
    TOTAL_VALUE_NOT_POSITIVE,
    VIOLATION_ROW,
)
from risk_stream.messages.compiled.row_message import Results, decision_of, violation_of
from risk_stream.messages.compiled.write_time import TIME_MS_END
from risk_stream.messages.decision import encode_decision
from risk_stream.messages.decode import Route
from risk_stream.messages.limit import Limit, Scope
from risk_stream.messages.limit_kind import LimitKind
from risk_stream.messages.records import records_from
from risk_stream.messages.violation import encode_violation
from tests.messages.compiled.result_texts import random_batch, random_results


def assert_same(batch: OrderBatch, results: Results) -> None:
    """Both encoders give what the reference gives."""
    for i, payload in enumerate(encode_decisions(batch, results).as_list()):
        if batch.rows["status"][i] == FAULT:
            assert payload == b""
        else:
            assert payload == encode_decision(decision_of(batch, results, i))
    for i, payload in enumerate(encode_violations(batch, results).as_list()):
        assert payload == encode_violation(violation_of(batch, results, i))


@given(st.randoms(use_true_random=False), st.integers(0, 4))
def test_same_as_reference(random: Random, count: int) -> None:
    """Any orders, any results."""
    batch = random_batch(random, count, 0.05)
    assert_same(batch, random_results(random, batch))


@pytest.mark.parametrize("seed", range(5))
def test_in_bulk(seed: int) -> None:
    """Ten thousand orders in batches."""
    random = Random(seed)
    for _ in range(5):
        batch = random_batch(random, 400, 0.01)
        assert_same(batch, random_results(random, batch))


def test_payloads_are_json_with_the_contracts_fields() -> None:
    """A parser finds the fields of the contract in their order."""
    random = Random(7)
    batch = random_batch(random, 200, 0.0)
    results = random_results(random, batch)
    decisions = [json.loads(payload or b"") for payload in encode_decisions(batch, results).as_list()]
    decision_fields = (
        "type decision_id order_id portfolio_id symbol decision code violations limits_evaluated inputs ts"
    )
    assert {" ".join(decision) for decision in decisions} == {decision_fields}
    violations = [json.loads(payload or b"") for payload in encode_violations(batch, results).as_list()]
    violation_fields = (
        "type violation_id event trigger limit_id kind severity action mode portfolio_id order_id symbol sector"
        " observed threshold utilisation reason inputs ts"
    )
    assert {" ".join(violation) for violation in violations} == {violation_fields}


def test_an_invalid_order_names_its_field() -> None:
    """Its decision is the reference encoder's, spliced in among the others."""
    good = b'{"order_id":"o","portfolio_id":"p","symbol":"S","side":"BUY","quantity":1,"price":2}'
    values: list[bytes | None] = [good, good.replace(b":1,", b":0,"), b"{", good]
    batch = decode_orders(records_from([5, 6, 7, 8], [0] * 4, [b"p"] * 4, values), Route(0, 1))
    results = random_results(Random(1), batch)
    payloads = encode_decisions(batch, results).as_list()
    assert [json.loads(p)["decision_id"] for p in payloads if p] == [f"{results.partition}-{n}" for n in (5, 6, 8)]
    assert json.loads(payloads[1] or b"")["detail"] == "quantity: must be > 0"
    assert_same(batch, results)


def test_the_longest_outputs_fit() -> None:
    """The buffer is sized for ids that are all quotes and for the longest numbers, and none of them is left out."""
    fields = dict.fromkeys(("order_id", "portfolio_id", "symbol"), '"' * 64)
    value = json.dumps({**fields, "side": "BUY", "quantity": 1, "price": 1}).encode()
    key = b'"' * 64
    batch = decode_orders(records_from([2**62] * 3, [TIME_MS_END - 1] * 3, [key] * 3, [value] * 3), Route(0, 1))
    kind = max(LimitKind, key=len)
    limits = [Limit('"' * 64, kind, Scope(), Decimal(10) ** 29), Limit("a", LimitKind.METRIC, Scope(), Decimal(1))]
    decisions = np.zeros(3, DECISION_ROW)
    decisions["code"] = max(range(len(CODES)), key=lambda code: len(CODES[code]))
    decisions["limits_evaluated"] = 2**31 - 1
    decisions["value_offset"] = 2**63 - 1
    violations = np.zeros(30, VIOLATION_ROW)
    violations["record"] = np.repeat(np.arange(3), 10)
    decisions["violation_from"], decisions["violation_to"] = [0, 10, 20], [10, 20, 30]
    violations["listed"] = 1
    violations["reason"] = TOTAL_VALUE_NOT_POSITIVE
    violations["observed_form"] = OBSERVED_SCALED
    violations["observed_hi"] = -(2**63)
    violations["digits"] = 8
    violations["utilisation"] = -(2.0**62) - 2.0**10
    violations["sector_len"] = 64
    results = Results(decisions, violations, np.full(64, ord('"'), np.uint8), limit_pieces(limits), 2**31, 2**62)
    assert len(encode_decisions(batch, results).data) <= decisions_bytes_max(batch, results)
    assert len(encode_violations(batch, results).data) <= violations_bytes_max(batch, results)
    assert_same(batch, results)
    decisions["violation_from"] = decisions["violation_to"] = 0  # nothing then adds to the room for the constant texts
    bare = results._replace(violations=violations[:0])
    assert len(encode_decisions(batch, bare).data) <= decisions_bytes_max(batch, bare)
    assert_same(batch, bare)


def test_the_reference_is_rarely_needed() -> None:
    """Ordinary orders with ordinary ratios are all written by compiled code."""
    batch = random_batch(Random(3), 100, 0.0)
    results = random_results(Random(3), batch)
    results.violations["observed"] = 0.125
    results.violations["utilisation"] = 1.25
    starts, ends = np.zeros(100, np.int64), np.zeros(100, np.int64)
    arguments = (results.pieces.text, results.pieces.starts, results.partition, results.controls, starts, ends)
    write_decisions(
        np.zeros(10**6, np.uint8), batch.rows, batch.text, results.decisions, results.violations, *arguments
    )
    assert LEFT_OUT not in ends.tolist()
