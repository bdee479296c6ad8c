"""A fetched batch of `portfolio-values` as columns: the scanner first, the exact decoder for what it is not sure of."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from risk_stream.messages.compiled.batch_text import addressable, batch_text
from risk_stream.messages.compiled.scan_values import scan_values
from risk_stream.messages.compiled.value_row import (
    EXECUTION,
    FAULT,
    METRIC_ROW,
    NEEDS_EXACT,
    POSITION_ROW,
    VALUATION,
    VALUE_ROW,
)
from risk_stream.messages.decode import Route, decode_value
from risk_stream.messages.execution import Execution, ExecutionStatus
from risk_stream.messages.fault import Fault
from risk_stream.messages.order import Side
from risk_stream.messages.records import Records
from risk_stream.messages.valuation import Valuation
from risk_stream.rules.plan import name_hash
from risk_stream.state.layout import Bytes, Rows

Row = tuple[Any, ...]


class ValueBatch(NamedTuple):
    """One row a record, what its ranges point into, and what is wrong with the rows FAULT."""

    rows: Rows
    positions: Rows
    metrics: Rows
    text: Bytes
    faults: dict[int, Fault]


def decode_values(records: Records, route: Route) -> ValueBatch:
    """Rows for all records, none of them NEEDS_EXACT, their slots not yet filled in.

    About 1 us a record that the scanner takes, else tens. Raises OverflowError for more than 2 GiB of records.
    """
    laid = batch_text(records)
    text = laid.data
    rows = np.zeros(records.size, VALUE_ROW)
    # Counted in the values and what lies between them, but there are never more than the values have bytes.
    values, size = bytes(text[: laid.value_ends.max(initial=0)]), records.values_size()
    positions, table = _room_for_positions(values, size)
    metrics = np.zeros(min(values.count(b":"), size) if b'"metrics"' in values else 0, METRIC_ROW)
    used = np.zeros(2, np.int64)
    doubtful = scan_values(
        _held(text),
        laid.value_starts,
        laid.value_ends,
        laid.key_starts,
        laid.key_ends,
        laid.offsets,
        laid.timestamps,
        route.partition,
        route.partitions,
        rows,
        positions,
        metrics,
        table,
        used,
    )
    batch = ValueBatch(rows, positions[: used[0]], metrics[: used[1]], _held(text), {})
    return _decode_exactly(records, route, batch, text) if doubtful else batch


def _room_for_positions(text: bytes, size: int) -> tuple[Rows, Any]:
    """Rows for as many positions as there can be, and the scanner's table of their symbols."""
    most = min(text.count(b"{"), size) if b'"positions"' in text else 0
    return np.zeros(most, POSITION_ROW), np.zeros(1 << (2 * most).bit_length(), np.int32)


def _held(text: Any) -> Bytes:
    """A text that has an address: no bytes have none."""
    return np.frombuffer(text or b"\0", np.uint8)


def _decode_exactly(records: Records, route: Route, batch: ValueBatch, text: Any) -> ValueBatch:
    """Decide every NEEDS_EXACT row: what they need is put behind the positions, the metrics and the text."""
    faults: dict[int, Fault] = {}
    parts = _Parts(len(batch.positions), len(batch.metrics), len(text))
    for i in np.flatnonzero(batch.rows["type"] == NEEDS_EXACT).tolist():
        message = decode_value(records.values.field(i), records.keys.field(i), int(records.timestamps[i]), route)
        batch.rows[i] = np.zeros((), VALUE_ROW)  # what the scanner wrote before it gave up
        row: Any = batch.rows[i]
        row["offset"] = records.offsets[i]
        row["timestamp"] = records.timestamps[i]
        if isinstance(message, Fault):
            row["type"] = FAULT
            row["slot"] = -1
            faults[i] = message
            continue
        row["ts"] = message.ts
        parts.put_text(row, "portfolio_id", message.portfolio_id)
        row["portfolio_h1"], row["portfolio_h2"] = name_hash(message.portfolio_id)
        if isinstance(message, Valuation):
            parts.put_valuation(row, message)
        else:
            parts.put_execution(row, message)
    return ValueBatch(
        batch.rows,
        np.concatenate((batch.positions, np.array(parts.positions, POSITION_ROW))),
        np.concatenate((batch.metrics, np.array(parts.metrics, METRIC_ROW))),
        _held(addressable(b"".join((text, *parts.texts)))),
        faults,
    )


class _Parts:
    """What is put behind the scanner's positions, metrics and text, so many of which there are."""

    def __init__(self, positions: int, metrics: int, text: int) -> None:
        self.positions: list[Row] = []
        self.metrics: list[Row] = []
        self.texts: list[bytes] = []
        self._positions_before = positions
        self._metrics_before = metrics
        self._text_size = text

    def put_valuation(self, row: Any, message: Valuation) -> None:
        """Fill in what a valuation has."""
        row["type"] = VALUATION
        row["total"] = message.total_value
        row["cash_flow"] = message.cash_flow
        row["has_sequence"] = message.sequence is not None
        row["sequence"] = message.sequence or 0
        lines = [
            (position.quantity, position.price, *self._text(position.symbol), *self._text(position.sector))
            for position in message.positions or ()
        ]
        bounds = _take(self.positions, lines, self._positions_before)
        row["positions_from"], row["positions_to"] = (-1, -1) if message.positions is None else bounds
        named = [(*name_hash(name), value) for name, value in message.metrics.items()]
        row["metrics_from"], row["metrics_to"] = _take(self.metrics, named, self._metrics_before)

    def put_execution(self, row: Any, message: Execution) -> None:
        """Fill in what an execution has."""
        row["type"] = EXECUTION
        row["order_h1"], row["order_h2"] = name_hash(message.order_id)
        row["execution_h1"], row["execution_h2"] = name_hash(message.execution_id)
        self.put_text(row, "symbol", message.symbol)
        row["side"] = message.side is Side.SELL
        row["fills"] = message.status.is_fill
        row["closes"] = message.status is not ExecutionStatus.PARTIALLY_FILLED
        row["quantity"] = message.last_quantity or 0
        row["price"] = message.last_price or 0
        row["positions_from"] = row["positions_to"] = -1

    def put_text(self, row: Any, name: str, text: str) -> None:
        """Append a text and note its range in the row."""
        row[f"{name}_at"], row[f"{name}_len"] = self._text(text)

    def _text(self, name: str | None) -> tuple[int, int]:
        encoded = b"" if name is None else name.encode()
        at = self._text_size
        self.texts.append(encoded)
        self._text_size += len(encoded)
        return at, len(encoded)


def _take(rows: list[Row], more: Iterable[Row], before: int) -> tuple[int, int]:
    """Append rows; the range they have behind `before` others."""
    first = before + len(rows)
    rows.extend(more)
    return first, before + len(rows)
