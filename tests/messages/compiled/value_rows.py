"""Rows of a batch of values beside the messages they stand for, so that tests compare them."""

from typing import Any

from risk_stream.decide.value_batch import ValueBatch
from risk_stream.messages.compiled.hash128 import hash128
from risk_stream.messages.compiled.value_row import EXECUTION, FAULT, VALUATION
from risk_stream.messages.execution import Execution
from risk_stream.messages.fault import Fault
from risk_stream.messages.order import Side
from risk_stream.messages.valuation import Position, Valuation
from risk_stream.rules.plan import name_hash

Content = tuple[object, ...]


def content_of_row(batch: ValueBatch, i: int) -> Content | Fault:
    """What row i says; ids that only their hashes are kept of stand as those."""
    row: Any = batch.rows[i]
    if row["type"] == FAULT:
        return batch.faults[i]
    at, length = int(row["portfolio_id_at"]), int(row["portfolio_id_len"])
    assert hash128(batch.text, at, at + length) == (row["portfolio_h1"], row["portfolio_h2"])
    head = (text_of(batch, row, "portfolio_id"), int(row["ts"]))
    if row["type"] == EXECUTION:
        hashes = [int(row[f"{name}_h{half}"]) for name in ("order", "execution") for half in (1, 2)]
        flags = [int(row[name]) for name in ("side", "fills", "closes", "quantity", "price")]
        return (*head, *hashes, text_of(batch, row, "symbol"), *flags)
    assert row["type"] == VALUATION
    listed = None
    if row["positions_from"] != -1:
        lines: Any = batch.positions[row["positions_from"] : row["positions_to"]]
        listed = tuple(
            Position(
                symbol=text_of(batch, line, "symbol") or "",
                quantity=int(line["quantity"]),
                price=int(line["price"]),
                sector=text_of(batch, line, "sector"),
            )
            for line in lines
        )
    metrics: Any = batch.metrics[row["metrics_from"] : row["metrics_to"]]
    named = {(int(m["h1"]), int(m["h2"])): repr(float(m["value"])) for m in metrics}
    assert len(named) == len(metrics)
    sequence = int(row["sequence"]) if row["has_sequence"] else None
    return (*head, int(row["total"]), int(row["cash_flow"]), sequence, listed, named)


def text_of(batch: ValueBatch, row: Any, name: str) -> str | None:
    """A byte range of the batch's text, None when it is empty."""
    at, length = int(row[f"{name}_at"]), int(row[f"{name}_len"])
    return batch.text[at : at + length].tobytes().decode() if length else None


def content_of(message: Valuation | Execution | Fault) -> Content | Fault:
    """The same of a message."""
    if isinstance(message, Fault):
        return message
    head = (message.portfolio_id, message.ts)
    if isinstance(message, Execution):
        hashes = [int(half) for name in (message.order_id, message.execution_id) for half in name_hash(name)]
        closes = message.status.value != "PARTIALLY_FILLED"
        flags = [message.side is Side.SELL, message.status.is_fill, closes]
        numbers = [message.last_quantity or 0, message.last_price or 0]
        return (*head, *hashes, message.symbol, *map(int, flags), *numbers)
    hashed = {name: name_hash(name) for name in message.metrics}
    named = {(int(hashed[name][0]), int(hashed[name][1])): repr(value) for name, value in message.metrics.items()}
    return (*head, message.total_value, message.cash_flow, message.sequence, message.positions, named)
