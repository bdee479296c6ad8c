"""What the codec costs: microseconds an order from JSON to columns, and from results to JSON.

    python bench/codec.py [orders]

Prints every run. Before a rate is printed, its output is compared with the exact decoder's or the reference encoder's.
"""

import sys
import time
from collections.abc import Callable
from decimal import Decimal

import numpy as np

from risk_stream.messages.compiled.encode_batch import encode_decisions, encode_violations
from risk_stream.messages.compiled.limit_pieces import limit_pieces
from risk_stream.messages.compiled.order_batch import OrderBatch, decode_orders
from risk_stream.messages.compiled.order_row import WELL_FORMED
from risk_stream.messages.compiled.result_row import (
    CODE_OK,
    DECISION_ROW,
    HARD_BREACH,
    NO_REASON,
    OBSERVED_DOUBLE,
    VIOLATION_ROW,
)
from risk_stream.messages.compiled.row_message import Results, decision_of, violation_of
from risk_stream.messages.decision import encode_decision
from risk_stream.messages.decode import Route, decode_order
from risk_stream.messages.limit import Limit, Scope
from risk_stream.messages.limit_kind import LimitKind
from risk_stream.messages.order import Order
from risk_stream.messages.records import Records, records_from
from risk_stream.messages.violation import encode_violation

RUNS = 7
BATCH = 2_000
TIMESTAMP = 1_795_341_600_000
PORTFOLIOS = 10_000
VIOLATED_EVERY = 10
CHECKED = 500
ROUTE = Route(0, 1)


def orders(count: int) -> Records:
    """Orders of about 190 bytes over many portfolios."""
    keys = [f"pf-{i * 7919 % PORTFOLIOS:05d}".encode() for i in range(count)]
    values = [
        (
            f'{{"order_id":"ord-{i:09d}","portfolio_id":"{key.decode()}","symbol":"SYM{i % 500}","side":"BUY",'
            f'"quantity":"{100 + i % 900}.5","price":"{180 + i % 50}.25","sector":"TECH","strategy_id":"momentum-1",'
            f'"ts":{TIMESTAMP + i}}}'
        ).encode()
        for i, key in enumerate(keys)
    ]
    return records_from(list(range(count)), [TIMESTAMP + count] * count, list(keys), list(values))


def results_of(batch: OrderBatch) -> Results:
    """Approvals, every tenth with one violation."""
    count = batch.rows.size
    decisions = np.zeros(count, DECISION_ROW)
    decisions["approved"], decisions["code"], decisions["limits_evaluated"] = 1, CODE_OK, 9
    decisions["value_offset"] = 977
    violations = np.zeros(len(range(0, count, VIOLATED_EVERY)), VIOLATION_ROW)
    violations["record"] = np.arange(0, count, VIOLATED_EVERY)
    violations["listed"], violations["severity"], violations["reason"] = 1, HARD_BREACH, NO_REASON
    violations["observed_form"], violations["observed"], violations["utilisation"] = OBSERVED_DOUBLE, 0.1234, 1.234
    decisions["violation_to"] = np.arange(count) // VIOLATED_EVERY + 1
    decisions["violation_from"] = decisions["violation_to"] - (np.arange(count) % VIOLATED_EVERY == 0)
    limit = Limit("position-size", LimitKind.POSITION_SIZE, Scope(), Decimal("0.1"))
    return Results(decisions, violations, np.zeros(1, np.uint8), limit_pieces([limit]), 3, 17)


def check(records: Records, batch: OrderBatch, results: Results) -> None:
    """Raise SystemExit when any of the first outputs is not what the slow code gives."""
    decisions = encode_decisions(batch, results).as_list()
    for i in range(min(CHECKED, batch.rows.size)):
        exact = decode_order(records.values.field(i), records.keys.field(i), int(records.timestamps[i]), ROUTE)
        row = batch.rows[i]
        if not isinstance(exact, Order) or row["status"] != WELL_FORMED or row["quantity"] != exact.quantity:
            raise SystemExit(f"order {i} is not decoded as the exact decoder does")
        if decisions[i] != encode_decision(decision_of(batch, results, i)):
            raise SystemExit(f"decision {i} is not encoded as the reference does")
    for i, payload in enumerate(encode_violations(batch, results).as_list()[:CHECKED]):
        if payload != encode_violation(violation_of(batch, results, i)):
            raise SystemExit(f"violation {i} is not encoded as the reference does")


def measure(what: str, count: int, run: Callable[[], object]) -> None:
    """Print microseconds a piece of every run."""
    rates = []
    for _ in range(RUNS):
        start = time.perf_counter()
        run()
        rates.append((time.perf_counter() - start) / count * 1e6)
    print(f"{what:42}" + " ".join(f"{rate:7.3f}" for rate in rates) + f"   best {min(rates):.3f} us")


def main() -> None:
    """Time whole batches, and the slow code beside them."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else BATCH
    records = orders(count)
    batch = decode_orders(records, ROUTE)
    results = results_of(batch)
    check(records, batch, results)
    violations = results.violations.size
    payloads = encode_decisions(batch, results)
    rows = zip(records.values, records.keys, records.timestamps, strict=True)
    listed = list(rows)
    measure("orders: JSON to columns", count, lambda: decode_orders(records, ROUTE))
    measure("orders: exact decoder", count, lambda: [decode_order(*row, ROUTE) for row in listed])
    measure("decisions: rows to one buffer", count, lambda: encode_decisions(batch, results))
    measure("decisions: buffer to a list of bytes", count, payloads.as_list)
    measure(
        "decisions: reference", count, lambda: [encode_decision(decision_of(batch, results, i)) for i in range(count)]
    )
    measure("violations: rows to one buffer", violations, lambda: encode_violations(batch, results))


if __name__ == "__main__":
    main()
