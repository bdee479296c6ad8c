"""A fetched batch of `orders` as columns: the scanner first, the exact decoder for what the scanner is not sure of."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from risk_stream.messages.compiled.batch_text import addressable, batch_text
from risk_stream.messages.compiled.order_row import BUY, FAULT, INVALID, NEEDS_EXACT, ORDER_ROW, SELL, WELL_FORMED
from risk_stream.messages.compiled.scan import hash_rows, scan_orders
from risk_stream.messages.decode import Route, decode_order
from risk_stream.messages.fault import Fault
from risk_stream.messages.order import InvalidOrder, Order, OrderType, Side
from risk_stream.messages.records import Records


class OrderBatch(NamedTuple):
    """One row a record, the text its byte ranges point into, and what is wrong with the rows INVALID or FAULT."""

    rows: npt.NDArray[np.void]
    text: npt.NDArray[np.uint8]
    faults: dict[int, InvalidOrder | Fault]


def decode_orders(records: Records, route: Route) -> OrderBatch:
    """Rows for all records, none of them NEEDS_EXACT. About 0.5 us an order the scanner takes, else tens.

    Raises OverflowError for more than 2 GiB of records.
    """
    laid = batch_text(records)
    text = laid.data
    rows = np.zeros(records.size, ORDER_ROW)
    doubtful = scan_orders(
        np.frombuffer(text, np.uint8),
        laid.value_starts,
        laid.value_ends,
        laid.key_starts,
        laid.key_ends,
        laid.offsets,
        laid.timestamps,
        route.partition,
        route.partitions,
        rows,
    )
    faults: dict[int, InvalidOrder | Fault] = {}
    if doubtful:
        text, faults = decode_exactly(records, route, rows, text)
    return OrderBatch(rows, np.frombuffer(text, np.uint8), faults)


def decode_exactly(
    records: Records, route: Route, rows: npt.NDArray[np.void], text: Any
) -> tuple[Any, dict[int, InvalidOrder | Fault]]:
    """Decide every NEEDS_EXACT row; the batch's text with the ids of those rows behind it, and what is wrong."""
    chosen = np.flatnonzero(rows["status"] == NEEDS_EXACT)
    faults: dict[int, InvalidOrder | Fault] = {}
    appended = AppendedText(len(text))
    for i in chosen.tolist():
        message = decode_order(records.values.field(i), records.keys.field(i), int(records.timestamps[i]), route)
        rows[i] = np.zeros((), ORDER_ROW)  # what the scanner wrote before it gave up
        row: Any = rows[i]
        row["offset"] = records.offsets[i]
        row["timestamp"] = records.timestamps[i]
        if isinstance(message, Order):
            put_order(row, message, appended)
            continue
        faults[i] = message
        if isinstance(message, Fault):
            row["status"] = FAULT
        else:
            put_invalid(row, message, appended)
    whole = addressable(b"".join((text, *appended.parts)))
    known = chosen[rows["status"][chosen] != FAULT]
    hash_rows(np.frombuffer(whole, np.uint8), known, rows)
    return whole, faults


class AppendedText:
    """Ids as UTF-8, to be put behind a text of `size` bytes."""

    def __init__(self, size: int) -> None:
        self.parts: list[bytes] = []
        self._size = size

    def put(self, row: Any, name: str, text: str | None) -> None:
        """Append an id and note its range in the row; None leaves the range empty."""
        if text is None:
            return
        encoded = text.encode()
        row[f"{name}_at"] = self._size
        row[f"{name}_len"] = len(encoded)
        self.parts.append(encoded)
        self._size += len(encoded)


def put_order(row: Any, order: Order, appended: AppendedText) -> None:
    """Fill a zeroed row from a well-formed order; the hashes are missing."""
    row["status"] = WELL_FORMED
    row["side"] = BUY if order.side is Side.BUY else SELL
    row["market"] = order.order_type is OrderType.MARKET
    row["quantity"] = order.quantity
    row["ts"] = order.ts
    if order.price is not None:
        row["has_price"] = 1
        row["price"] = order.price
    if order.reference_price is not None:
        row["has_reference"] = 1
        row["reference"] = order.reference_price
    put_ids(row, order, appended)
    appended.put(row, "sector", order.sector)
    appended.put(row, "strategy_id", order.strategy_id)
    appended.put(row, "trader_id", order.trader_id)


def put_invalid(row: Any, order: InvalidOrder, appended: AppendedText) -> None:
    """Fill a zeroed row from an order that is refused by name; the hashes are missing."""
    row["status"] = INVALID
    row["ts"] = order.ts
    put_ids(row, order, appended)


def put_ids(row: Any, order: Order | InvalidOrder, appended: AppendedText) -> None:
    """The ids every order has, and the symbol where it is usable."""
    appended.put(row, "order_id", order.order_id)
    appended.put(row, "portfolio_id", order.portfolio_id)
    appended.put(row, "symbol", order.symbol)
