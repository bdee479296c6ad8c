"""A fetched batch of `portfolio-values` as columns."""

from typing import Any, NamedTuple

import numpy as np

from risk_stream.decide import results as res
from risk_stream.messages.decode import Route, decode_value
from risk_stream.messages.execution import Execution, ExecutionStatus
from risk_stream.messages.fault import Fault
from risk_stream.messages.order import Side
from risk_stream.messages.records import Records
from risk_stream.messages.valuation import Valuation
from risk_stream.rules.plan import name_hash
from risk_stream.state.layout import Bytes, Rows

FILLS = (ExecutionStatus.PARTIALLY_FILLED, ExecutionStatus.FILLED)

Row = tuple[Any, ...]
EMPTY = tuple(np.zeros((), res.VALUE_ROW).item())
FIELD = {name: i for i, name in enumerate(res.VALUE_ROW.names or ())}


class ValueBatch(NamedTuple):
    """One row a record, what its ranges point into, the messages, and what is wrong with the rows FAULT."""

    rows: Rows
    positions: Rows
    metrics: Rows
    text: Bytes
    messages: list[Valuation | Execution | Fault]

    @property
    def portfolio_ids(self) -> list[str | None]:
        """The portfolio of each record, None for a fault."""
        return [None if isinstance(message, Fault) else message.portfolio_id for message in self.messages]


def decode_values(records: Records, route: Route) -> ValueBatch:
    """Rows for all records, their slots not yet filled in; some 10 us a record and 1 us a position."""
    messages = [
        decode_value(value, key, timestamp, route)
        for value, key, timestamp in zip(records.values, records.keys, records.timestamps, strict=True)
    ]
    parts = _Parts()
    rows = [parts.row(message, offset) for message, offset in zip(messages, records.offsets, strict=True)]
    return ValueBatch(
        np.array(rows, res.VALUE_ROW),
        np.array(parts.positions, res.POSITION_ROW),
        np.array(parts.metrics, res.METRIC_ROW),
        np.frombuffer(b"".join(parts.texts) or b"\0", np.uint8),
        messages,
    )


class _Parts:
    """Lists behind the rows while they are filled."""

    def __init__(self) -> None:
        self.positions: list[Row] = []
        self.metrics: list[Row] = []
        self.texts: list[bytes] = []
        self._size = 0

    def row(self, message: Valuation | Execution | Fault, offset: int) -> Row:
        cells = list(EMPTY)
        if isinstance(message, Fault):
            self._set(cells, offset=offset, type=res.FAULT)
        elif isinstance(message, Valuation):
            self._valuation(cells, message, offset)
        else:
            self._execution(cells, message, offset)
        return tuple(cells)

    def _valuation(self, cells: list[Any], message: Valuation, offset: int) -> None:
        first, first_metric = len(self.positions), len(self.metrics)
        for position in message.positions or ():
            symbol, sector = self._text(position.symbol), self._text(position.sector)
            self.positions.append((position.quantity, position.price, *symbol, *sector))
        self.metrics += [(*name_hash(name), value) for name, value in message.metrics.items()]
        self._set(
            cells,
            offset=offset,
            type=res.VALUATION,
            ts=message.ts,
            total=message.total_value,
            cash_flow=message.cash_flow,
            has_sequence=message.sequence is not None,
            sequence=message.sequence or 0,
            positions_from=-1 if message.positions is None else first,
            positions_to=-1 if message.positions is None else len(self.positions),
            metrics_from=first_metric,
            metrics_to=len(self.metrics),
        )

    def _execution(self, cells: list[Any], message: Execution, offset: int) -> None:
        order_h1, order_h2 = name_hash(message.order_id)
        execution_h1, execution_h2 = name_hash(message.execution_id)
        symbol_at, symbol_len = self._text(message.symbol)
        self._set(
            cells,
            offset=offset,
            type=res.EXECUTION,
            ts=message.ts,
            order_h1=order_h1,
            order_h2=order_h2,
            execution_h1=execution_h1,
            execution_h2=execution_h2,
            symbol_at=symbol_at,
            symbol_len=symbol_len,
            side=message.side is Side.SELL,
            fills=message.status in FILLS,
            closes=message.status is not ExecutionStatus.PARTIALLY_FILLED,
            quantity=message.last_quantity or 0,
            price=message.last_price or 0,
        )

    def _text(self, name: str | None) -> tuple[int, int]:
        encoded = b"" if name is None else name.encode()
        at = self._size
        self.texts.append(encoded)
        self._size += len(encoded)
        return at, len(encoded)

    @staticmethod
    def _set(cells: list[Any], **fields: Any) -> None:
        for name, value in fields.items():
            cells[FIELD[name]] = value
