"""Decisions and violations of a batch of orders as payloads: compiled, and by the reference encoder where it must be."""

import math

import numpy as np

from risk_stream.decide.output import Event
from risk_stream.decide.results import Results
from risk_stream.decide.tell import observed_text
from risk_stream.messages.compiled import fragments
from risk_stream.messages.compiled.encode_decision import write_decisions
from risk_stream.messages.compiled.encode_violation import write_violations
from risk_stream.messages.compiled.limit_pieces import LimitPieces
from risk_stream.messages.compiled.order_batch import OrderBatch
from risk_stream.messages.compiled.result_row import CODES, EVENTS, REASONS, SEVERITIES
from risk_stream.messages.decision import Decision, ListedLimit, NotEvaluable, Severity, Verdict, encode_decision
from risk_stream.messages.headers import violation_headers
from risk_stream.messages.inputs import Inputs, position_text, source_text
from risk_stream.messages.money import format_double
from risk_stream.messages.order import InvalidOrder
from risk_stream.messages.records import Records
from risk_stream.messages.violation import Trigger, Violation, ViolationEvent, encode_violation, violation_id
from risk_stream.state.layout import Bytes

NUMBERS_BYTES_MAX = 200
"""Numbers of one output: offsets, versions, times and two decimals of at most 60 characters."""

ID_FIELDS = ("order_id_len", "portfolio_id_len", "symbol_len")


class OrderOutput:
    """Encodes the results of one batch; `version` is the controls version of its plan."""

    def __init__(
        self,
        batch: OrderBatch,
        results: Results,
        pieces: LimitPieces,
        sectors: Bytes,
        partition: int,
        version: int,
    ) -> None:
        self._batch, self._results, self._pieces, self._sectors = batch, results, pieces, sectors
        self._partition, self._version = partition, version
        self._violations = results.violations[: int(results.count[0])]

    def decisions(self, records: Records) -> list[tuple[bytes, bytes]]:
        """Key and payload of every decision, in the order of the orders."""
        rows, count = self._batch.rows, len(self._batch.rows)
        id_bytes = sum(int(rows[name].sum()) for name in ID_FIELDS)
        listed = len(self._violations)
        size = (
            count * (fragments.BYTES_MAX + NUMBERS_BYTES_MAX)
            + 2 * id_bytes
            + listed * (fragments.BYTES_MAX + NUMBERS_BYTES_MAX + self._pieces.bytes_max)
        )
        buffer, starts, ends = np.empty(size, np.uint8), np.zeros(count, np.int64), np.zeros(count, np.int64)
        used = write_decisions(
            buffer,
            rows,
            self._batch.text,
            self._results.decisions,
            self._violations,
            self._pieces.text,
            self._pieces.starts,
            self._partition,
            self._version,
            starts,
            ends,
        )
        text = buffer[:used].tobytes()
        payloads = [text[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        for i in np.flatnonzero(ends < 0).tolist():
            payloads[i] = self._decide_slowly(i)
        # A dead letter's range is empty; its record gets no decision.
        keys = records.keys
        return [(keys[i] or b"", payload) for i, payload in enumerate(payloads) if payload]

    def violations(self, records: Records, topic: str) -> list[Event]:
        """Events by orders, in the order of the orders and of `limit_id`."""
        count = len(self._violations)
        if count == 0:
            return []
        row_lens = self._batch.rows[self._violations["record"]]
        text_bytes = sum(int(row_lens[name].sum()) for name in ID_FIELDS) + int(self._violations["sector_len"].sum())
        size = count * (fragments.BYTES_MAX + NUMBERS_BYTES_MAX + self._pieces.bytes_max) + 2 * text_bytes
        buffer, starts, ends = np.empty(size, np.uint8), np.zeros(count, np.int64), np.zeros(count, np.int64)
        used = write_violations(
            buffer,
            self._batch.rows,
            self._batch.text,
            self._results.decisions,
            self._violations,
            self._sectors,
            self._pieces.text,
            self._pieces.starts,
            self._partition,
            self._version,
            starts,
            ends,
        )
        text = buffer[:used].tobytes()
        events = []
        for i, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            violation = self._violation(i)
            payload = encode_violation(violation) if end < 0 else text[start:end]
            record = int(self._violations[i]["record"])
            source = source_text(topic, self._partition, records.offsets[record])
            events.append(Event(records.keys[record], payload, violation_headers(violation, source)))
        return events

    def _text(self, record: int, name: str) -> str | None:
        row = self._batch.rows[record]
        at, length = int(row[f"{name}_at"]), int(row[f"{name}_len"])
        return self._batch.text[at : at + length].tobytes().decode() if length else None

    def _inputs(self, record: int) -> Inputs:
        value_offset = int(self._results.decisions[record]["value_offset"])
        return Inputs(
            position_text(self._partition, int(self._batch.rows[record]["offset"])),
            None if value_offset < 0 else position_text(self._partition, value_offset),
            self._version,
        )

    def _decide_slowly(self, record: int) -> bytes:
        """One decision by the reference encoder: a refused order's detail, or a number out of the compiled range."""
        row, decision = self._batch.rows[record], self._results.decisions[record]
        fault = self._batch.faults.get(record)
        listed = self._violations[int(decision["violation_from"]) : int(decision["violation_to"])]
        return encode_decision(
            Decision(
                decision_id=f"{self._partition}-{int(row['offset'])}",
                order_id=self._text(record, "order_id") or "",
                portfolio_id=self._text(record, "portfolio_id") or "",
                symbol=self._text(record, "symbol"),
                decision=Verdict.APPROVED if decision["approved"] else Verdict.REJECTED,
                code=CODES[int(decision["code"])],
                detail=fault.detail if isinstance(fault, InvalidOrder) else None,
                violations=tuple(self._listed(one) for one in listed if one["listed"]),
                limits_evaluated=int(decision["limits_evaluated"]),
                inputs=self._inputs(record),
                ts=int(row["ts"]),
            )
        )

    def _listed(self, row: np.void) -> ListedLimit:
        limit = self._pieces.limits[int(row["limit"])]
        return ListedLimit(
            limit_id=limit.limit_id,
            kind=limit.kind,
            severity=Severity(SEVERITIES[int(row["severity"])]),
            observed=observed_text(row),
            threshold=limit.threshold_text,
            utilisation=None if math.isnan(row["utilisation"]) else format_double(float(row["utilisation"])),
            reason=None if row["reason"] < 0 else NotEvaluable(REASONS[int(row["reason"])]),
        )

    def _violation(self, index: int) -> Violation:
        row = self._violations[index]
        record = int(row["record"])
        listed = self._listed(row)
        limit = self._pieces.limits[int(row["limit"])]
        offset = int(self._batch.rows[record]["offset"])
        at, length = int(row["sector_at"]), int(row["sector_len"])
        return Violation(
            violation_id=violation_id(limit.limit_id, Trigger.ORDER, self._partition, offset),
            event=ViolationEvent(EVENTS[int(row["event"])]),
            trigger=Trigger.ORDER,
            limit_id=limit.limit_id,
            kind=limit.kind,
            severity=listed.severity,
            action=limit.action,
            mode=limit.mode,
            portfolio_id=self._text(record, "portfolio_id") or "",
            order_id=self._text(record, "order_id"),
            symbol=self._text(record, "symbol"),
            sector=self._sectors[at : at + length].tobytes().decode() if length else None,
            observed=listed.observed,
            threshold=listed.threshold,
            utilisation=listed.utilisation,
            reason=listed.reason,
            inputs=self._inputs(record),
            ts=int(self._batch.rows[record]["ts"]),
        )
