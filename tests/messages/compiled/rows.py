"""Rows back to messages, so that tests compare them with what the exact decoder gives."""

from typing import Any

from risk_stream.messages.compiled.hash128 import hash128
from risk_stream.messages.compiled.order_batch import OrderBatch
from risk_stream.messages.compiled.order_row import BUY, FAULT, INVALID, WELL_FORMED
from risk_stream.messages.fault import Fault
from risk_stream.messages.order import InvalidOrder, Order, OrderType, Side


def text_of_row(batch: OrderBatch, row: Any, name: str) -> str | None:
    """A text field of a row, None when absent."""
    at, length = int(row[f"{name}_at"]), int(row[f"{name}_len"])
    return batch.text[at : at + length].tobytes().decode() if length else None


def order_of_row(batch: OrderBatch, i: int) -> Order | InvalidOrder | Fault:
    """What row i says; its hashes and unused fields are checked on the way."""
    row = batch.rows[i]
    if row["status"] == FAULT:
        fault = batch.faults[i]
        assert isinstance(fault, Fault)
        return fault
    texts = {name: text_of_row(batch, row, name) for name in ("order_id", "portfolio_id", "symbol")}
    for name in ("order", "portfolio"):
        at, length = int(row[f"{name}_id_at"]), int(row[f"{name}_id_len"])
        assert hash128(batch.text, at, at + length) == (row[f"{name}_h1"], row[f"{name}_h2"])
    if row["status"] == INVALID:
        invalid = batch.faults[i]
        assert isinstance(invalid, InvalidOrder)
        assert texts == {name: getattr(invalid, name) for name in texts} and row["ts"] == invalid.ts
        return invalid
    assert row["status"] == WELL_FORMED and i not in batch.faults
    assert row["has_price"] or row["price"] == 0
    assert row["has_reference"] or row["reference"] == 0
    return Order(
        order_id=texts["order_id"] or "",
        portfolio_id=texts["portfolio_id"] or "",
        symbol=texts["symbol"] or "",
        side=Side.BUY if row["side"] == BUY else Side.SELL,
        quantity=int(row["quantity"]),
        price=int(row["price"]) if row["has_price"] else None,
        order_type=OrderType.MARKET if row["market"] else OrderType.LIMIT,
        reference_price=int(row["reference"]) if row["has_reference"] else None,
        sector=text_of_row(batch, row, "sector"),
        strategy_id=text_of_row(batch, row, "strategy_id"),
        trader_id=text_of_row(batch, row, "trader_id"),
        ts=int(row["ts"]),
    )
