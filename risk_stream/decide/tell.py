"""Rows of the value loop as messages: violations by valuations, dead letters, risk pictures."""

from typing import Any

import numpy as np

from risk_stream.decide import results as res
from risk_stream.decide.value_batch import ValueBatch
from risk_stream.messages.compiled.encode_batch import encode_decisions, encode_violation_headers, encode_violations
from risk_stream.messages.compiled.encode_risk import encode_risks
from risk_stream.messages.compiled.order_batch import OrderBatch
from risk_stream.messages.compiled.result_row import EVENTS, SEVERITIES
from risk_stream.messages.compiled.row_message import Results, observed_text, reason_of, text_of, utilisation_text
from risk_stream.messages.fault import Fault, FaultReason
from risk_stream.messages.headers import dead_letter_headers, violation_headers
from risk_stream.messages.inputs import Inputs, position_text, source_text
from risk_stream.messages.limit_kind import Standing
from risk_stream.messages.packed import NOTHING, Event, Packed, Span, no_headers
from risk_stream.messages.records import Records
from risk_stream.messages.violation import Trigger, Violation, encode_violation, violation_id
from risk_stream.rules.plan import Plan
from risk_stream.state.layout import Int32s, Int64s, Rows, State

FILL_FAULTS = {
    res.UNKNOWN_ORDER: Fault(FaultReason.UNKNOWN_ORDER, "order_id: not an open order; the fill was applied"),
    res.OVERFILL: Fault(FaultReason.OVERFILL, "last_quantity: more than is open; the fill was applied"),
}


def string_of(state: State, number: int) -> str | None:
    """A string of the pool; -1 is None."""
    if number == -1:
        return None
    known = state.strings[number]
    at = int(known["at"])
    return state.text[at : at + int(known["len"])].tobytes().decode()


def violations_by_values(
    rows: Rows, keys: Int32s, batch: ValueBatch, records: Records, state: State, plan: Plan, partition: int, topic: str
) -> list[Event]:
    """The events of standing limits, in the order in which they came about; about 20 us each, they are rare."""
    events = []
    for row, key in zip(rows, keys.tolist(), strict=True):
        record = int(row["record"])
        value: Any = batch.rows[record]
        portfolio_id = text_of(batch.text, value["portfolio_id_at"], value["portfolio_id_len"])
        limit = plan.limits[int(row["limit"])]
        offset = int(records.offsets[record])
        subject = string_of(state, key)
        violation = Violation(
            violation_id=violation_id(limit.limit_id, Trigger.VALUE, partition, offset, subject),
            event=EVENTS[int(row["event"])],
            trigger=Trigger.VALUE,
            limit_id=limit.limit_id,
            kind=limit.kind,
            severity=SEVERITIES[int(row["severity"])],
            action=limit.action,
            mode=limit.mode,
            portfolio_id=portfolio_id,
            order_id=None,
            symbol=subject if limit.kind.standing is Standing.PER_SYMBOL else None,
            sector=subject if limit.kind.standing is Standing.PER_SECTOR else None,
            observed=observed_text(row),
            threshold=limit.threshold_text,
            utilisation=utilisation_text(row),
            reason=reason_of(row),
            inputs=Inputs(None, position_text(partition, offset), plan.version),
            ts=int(value["ts"]),
        )
        headers = violation_headers(violation, source_text(topic, partition, offset))
        events.append(Event(portfolio_id.encode(), encode_violation(violation), headers))
    return events


def decisions_of(batch: OrderBatch, results: Results) -> Packed:
    """The decisions, in the order of the orders: one each, but for those that become dead letters."""
    payloads = encode_decisions(batch, results)
    keys = keys_of(batch)
    if batch.faults:
        decided = payloads.starts < payloads.ends
        payloads, keys = payloads.chosen(decided), keys.chosen(decided)
    return Packed(keys, payloads, no_headers(len(payloads.starts)))


def violations_by_orders(batch: OrderBatch, results: Results, topic: str) -> Packed:
    """The events of the orders, in the order of the orders and of `limit_id`."""
    if not results.violations.size:
        return NOTHING
    keys = keys_of(batch)
    records = results.violations["record"]
    keys = Span(keys.data, keys.starts[records], keys.ends[records])
    return Packed(keys, encode_violations(batch, results), encode_violation_headers(batch, results, topic))


def keys_of(batch: OrderBatch) -> Span:
    """The keys of the records: that of an order with usable ids is its portfolio."""
    starts = batch.rows["portfolio_id_at"].astype(np.int64)
    return Span(batch.text, starts, starts + batch.rows["portfolio_id_len"])


def dead_letters_of_values(batch: ValueBatch, records: Records, partition: int, topic: str) -> list[Event]:
    """Records that are no value, and fills that do not fit their order."""
    statuses = batch.rows["status"]
    letters = []
    for i in np.flatnonzero((statuses == res.UNKNOWN_ORDER) | (statuses == res.OVERFILL) | (statuses == res.FAULTY)):
        fault = batch.faults.get(int(i)) or FILL_FAULTS[int(statuses[i])]
        letters.append(dead_letter(fault, records, int(i), partition, topic))
    return letters


def dead_letter(fault: Fault, records: Records, i: int, partition: int, topic: str) -> Event:
    """A record as it came, with why it could not be taken."""
    source = source_text(topic, partition, int(records.offsets[i]))
    key = records.keys.field(i)
    return Event(key, records.values.field(i), dead_letter_headers(fault, source, key, int(records.timestamps[i])))


def risk_records(pictures: Rows, slots: Int32s, times: Int64s, state: State, partition: int, version: int) -> Packed:
    """The `portfolio-risk` record of each slot; `pictures` lack ids and times, which are filled in."""
    ids = state.ids[slots]  # a copy: what is published outlives the slot
    pictures["portfolio_id_at"] = np.arange(len(slots)) * ids.shape[1]
    pictures["portfolio_id_len"] = state.portfolios["id_len"][slots]
    pictures["ts"] = times
    return encode_risks(pictures, ids.reshape(-1), partition, version)
